# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Hold the values of settings to what they may be, before anything is built of them."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from numbers import Integral, Real
from typing import Any, NamedTuple, TypeVar

from sdpose.engine.signatures import WRONG_HINTS, built_from, describe, fits, settings_of
from sdpose.errors import InputError
from sdpose.runtime.json_files import shown

Init = TypeVar('Init', bound=Callable[..., None])
MAX = sys.float_info.max
MAX_WHOLE = 2**31 - 1


class Rule(NamedTuple):
    """What a setting may be. In a list everything is held to it.

    Attributes:
        text: What it must be.
        accepts: Whether a value is that.
    """

    text: str
    accepts: Callable[[Any], bool]


def number(text: str, accepts: Callable[[Any], bool]) -> Rule:
    """A number; nothing but ``FLAG`` takes ``True`` for one."""
    return Rule(text, lambda n: isinstance(n, Real) and not isinstance(n, bool) and accepts(n))


def whole(least: int, most: int = MAX_WHOLE) -> Rule:
    """A whole number in a range."""
    text = f'of at least {least}' if most == MAX_WHOLE else f'from {least} to {most}'
    in_range = range(least, most + 1)
    return number(f'a whole number {text}', lambda n: isinstance(n, Integral) and n in in_range)


def one_of(*values: str) -> Rule:
    """One of some words."""
    return Rule(f'one of {", ".join(values)}', lambda value: value in values)


COUNT = whole(1)
INDEX = whole(0)
LENGTH = number(INDEX.text, lambda n: 0 <= n <= MAX_WHOLE and n % 1 == 0)  # 1e2 as well
REPEATS = whole(1, 1000)  # building or running more of them would not come to an end
CYCLES = REPEATS._replace(text=f'{REPEATS.text}: at least one cycle must run')
INTERVAL = number('a whole number of at least 1, or -1', lambda n: COUNT.accepts(n) or n == -1)
ODD = number('an odd whole number', lambda n: COUNT.accepts(n) and n % 2)
FINITE = number('a finite number', lambda n: -MAX <= n <= MAX)
POSITIVE = number('a finite number above 0', lambda n: 0 < n <= MAX)
AMOUNT = number('a finite number of at least 0', lambda n: 0 <= n <= MAX)
LIMIT = number('a number above 0', lambda n: n > 0)
SHARE = number('a number from 0 to 1', lambda n: 0 <= n <= 1)
START = number('a number above 0 and up to 1', lambda n: 0 < n <= 1)
PART = number('a number between 0 and 1', lambda n: 0 < n < 1)
FLAG = Rule('True or False', lambda value: isinstance(value, bool))
DICT = Rule('a dict', lambda value: isinstance(value, Mapping))

# By name, wherever in a config it stands. TYPE.name and PARENT.name go before the name alone.
RULES = {
    name: rule
    for rule, names in (
        (COUNT, 'batch_size base_batch_size prefetch_factor accumulative_counts val_interval'),
        (COUNT, 'step_size in_channels out_channels embed_dim embed_dims hidden_dim'),
        (COUNT, 'num_heads num_layers num_keypoints num_joints num_transformers'),
        (COUNT, 'MultiCycledTransformer.dim'),
        (whole(1, 10_000), 'feature_size patch_size heatmap_size input_size img_size image_size'),
        (whole(-1, 1), 'StemNet.frozen_stages'),
        (COUNT, 'StemNet.num_blocks CycledDeiT.num_classes TopKAccuracy.topk'),
        (COUNT, 'log_processor.window_size'),
        (REPEATS, 'depth num_repeats'),
        (CYCLES, 'num_cycles test_cycles'),
        (LENGTH, 'max_epochs max_iters'),
        (INDEX, 'val_begin save_begin pruning.layers'),
        (AMOUNT, 'param_scheduler.begin param_scheduler.end milestones'),
        (START, 'param_scheduler.start_factor'),
        (whole(0, 1024), 'num_workers'),
        (whole(0, 2**32 - 1), 'seed'),
        (INTERVAL, 'interval max_keep_ckpts num_classes'),
        (ODD, 'blur_kernel_size'),
        (FINITE, 'mean'),
        (POSITIVE, 'T_max lr std sigma sigmas mlp_ratio scale_factor simcc_split_ratio crop_pct'),
        (POSITIVE, 'GetBBoxCenterScale.padding RandomHalfBody.padding'),
        (AMOUNT, 'weight_decay eta_min gamma power eps lr_mult decay_mult bias_decay_mult'),
        (AMOUNT, 'norm_decay_mult flat_decay_mult loss_weight keypoint_weight visual_weight'),
        (AMOUNT, 'shift_factor rotate_factor mixup_alpha cutmix_alpha init_cfg.std'),
        (LIMIT, 'max_norm clip_value'),  # infinity only measures
        (SHARE, 'momentum dropout dropout_rate drop_rate drop_path_rate attn_drop_rate prob'),
        (SHARE, 'label_smoothing hflip vflip nms_thr'),
        (PART, 'pruning.keep_ratio'),
        (DICT, 'model.backbone model.head model.data_preprocessor'),
        (one_of('heatmap', 'udp_combined', 'offset'), 'flip_mode'),
        (one_of('keypoints', 'keypoints_crowd'), 'iou_type'),
        (one_of('head_dim', 'dim'), 'attention_scale'),
        (one_of('all', 'last'), 'supervised_cycles'),
        (FLAG, 'flip_test shift_heatmap shift_coords compute_acc enable by_epoch'),
    )
    for name in names.split()
}
RULES_BY_ENDING = {'_channels': COUNT, '_prob': SHARE}
NEVER_NONE = {'batch_size', 'backbone', 'head', 'data_preprocessor'}  # other hints allow it
# Packages whose type hints were held against all of their configs
TRUSTED = {'sdpose', 'mmengine', 'mmpose', 'mmcv', 'torch'}
LEAVES_NONE_UNSAID = {'mmpose', 'mmcv'}


class Wrong(NamedTuple):
    """A setting that cannot be right.

    Attributes:
        path: Names that lead to it.
        value: What it is.
        expected: What it must be.
    """

    path: tuple[str, ...]
    value: Any
    expected: str

    def __str__(self) -> str:
        """Half a sentence, which begins with the name."""
        return f'{".".join(self.path)}={shown(self.value)}, but it must be {self.expected}'


def check_settings(cfg: Mapping[str, Any], options: Mapping[str, Any], name: str) -> None:
    """Check the values of a whole config.

    Args:
        cfg: Of a run. Variables that MMEngine does not read may be anything.
        options: Those of the command line, which are merged into it already.
        name: The config's, for the message.

    Raises:
        InputError: A number is out of its range, a value is of another kind than what takes it, or
            images are cropped to another size than the one that codecs have been told.
    """
    names, _ = settings_of(built_from((), cfg))
    read = {key: cfg[key] for key in cfg if key in names}
    for wrong in (*_find_wrong(read, ()), *_find_other_sizes(read)):
        key = '.'.join(wrong.path)
        is_option = any(f'{key}.'.startswith(f'{option}.') for option in options)
        raise InputError(f'{"--cfg-options " if is_option else f"{name}: "}{wrong}.')


def check_setting(name: str, value: Any) -> Any:
    """Return the value of one setting if it is what its rule says.

    Args:
        name: One of ``RULES``.
        value: What it is to be.

    Raises:
        InputError: It is not.
    """
    for wrong in _break(RULES[name], (name,), value):
        raise InputError(f'{wrong}.')
    return value


def checked(init: Init) -> Init:
    """Let a constructor hold its arguments to the same rules as a config's.

    Models are built by code as well as from configs.
    """
    names = list(inspect.signature(init).parameters)[1:]

    @wraps(init)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        arguments = dict(zip(names, args, strict=False)) | kwargs
        for wrong in _find_wrong(arguments, (), type(self)):
            raise InputError(f'{type(self).__name__}: {wrong}.')
        init(self, *args, **kwargs)

    return wrapper  # type: ignore[return-value]


def _find_wrong(node: Any, path: tuple[str, ...], built: Any = None) -> Iterator[Wrong]:
    """Walk through settings and yield those that cannot be right."""
    if isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from _find_wrong(value, (*path, str(index)))
    elif isinstance(node, Mapping):
        built = built or built_from(path, node)
        settings, _ = settings_of(built)
        package = getattr(built, '__module__', '').partition('.')[0]
        for name, value in node.items():
            here = (*path, str(name))
            if rule := _rule(here, getattr(built, '__name__', '')):
                yield from _break(rule, here, value)
            if package in TRUSTED and name in settings and name not in WRONG_HINTS:
                hint, default = settings[name]
                hint = bool if isinstance(default, bool) else hint
                unsaid = value is default or (value is None and package in LEAVES_NONE_UNSAID)
                if not unsaid and not fits(value, hint):
                    yield Wrong(here, value, describe(hint))
            yield from _find_wrong(value, here)


def _find_other_sizes(cfg: Mapping[str, Any]) -> Iterator[Wrong]:
    """Codecs of another input size than the crops': coordinates would be wrong without a word."""
    first: Wrong | None = None
    for path, size in _input_sizes(cfg, ()):
        this = Wrong(path, size, '')
        first = first or this
        if list(size) != list(first.value):
            yield this._replace(expected=str(first).partition(', but')[0])


def _input_sizes(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    steps = node.items() if isinstance(node, Mapping) else enumerate(node)
    for step, value in steps:
        here = (*path, str(step))
        if isinstance(value, Mapping):
            takes = here[-1] in ('encoder', 'decoder') or value.get('type') == 'TopdownAffine'
            if takes and isinstance(value.get('input_size'), list | tuple):
                yield (*here, 'input_size'), value['input_size']
        if isinstance(value, Mapping | list | tuple):
            yield from _input_sizes(value, here)


def _rule(path: tuple[str, ...], type_name: str) -> Rule | None:
    """The rule of the setting at the end of a path."""
    *parents, name = path
    parent = next((each for each in reversed(parents) if not each.isdigit()), '')
    for key in (f'{type_name}.{name}', f'{parent}.{name}', name):
        if key in RULES:
            return RULES[key]
    return next((RULES_BY_ENDING[end] for end in RULES_BY_ENDING if name.endswith(end)), None)


def _break(rule: Rule, path: tuple[str, ...], value: Any) -> Iterator[Wrong]:
    """What in a value breaks its rule. Objects and dicts are held to none, nor is ``None``."""
    if isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _break(rule, (*path, str(index)), each)
    is_held = isinstance(value, Real | str) or (value is None and path[-1] in NEVER_NONE)
    if is_held and not rule.accepts(value):
        yield Wrong(path, value, rule.text)
