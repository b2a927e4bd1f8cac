# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Make a data set of your own ready: its metainfo, and a config like one of configs/."""

import argparse
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from pprint import pformat
from textwrap import shorten
from typing import Any

import sdpose.plugin  # noqa: F401  lets MMPose import
from sdpose.annotations.annotation_file import check_annotations, has_areas
from sdpose.annotations.category import Skeleton, only_category, read_skeleton
from sdpose.annotations.coco_json import read_coco_json
from sdpose.annotations.data_set import check_data_set
from sdpose.annotations.labelled_twice import estimate_sigmas
from sdpose.annotations.use import Use
from sdpose.cli import run_tool
from sdpose.engine.config_file import load_config
from sdpose.engine.metainfo import DEFAULT_SIGMA, known_joints, make_metainfo
from sdpose.engine.setting_checks import check_setting
from sdpose.errors import InputError, did_you_mean
from sdpose.runtime.command import Arguments, make_parser
from sdpose.runtime.files import write_whole

CONFIGS = Path(__file__).parents[2] / 'configs'
ON_COCO = re.compile(r'[^_]+_([^_]+)_[^_]+_(?:toy-)?coco-\d+x\d+')  # a config's name
EXAMPLES = """\
  python tools/dataset/new_dataset.py my/train.json my/images --name mine --like sdpose-s-v1 \\
      --val-ann my/val.json
  python tools/dataset/new_dataset.py ... --keypoints nose left_paw right_paw --links 1-2 1-3
  python tools/dataset/new_dataset.py ... --repeated my/train_labelled_again.json

The files are checked first; then OUT/metainfo.py and OUT/td-..._NAME-....py are written."""
CONFIG = """\
_base_ = {base!r}

data_root = {root!r}
own = dict(data_root=data_root, metainfo=dict(from_file='{{{{ fileDirname }}}}/metainfo.py'))

model = dict({model})
train_dataloader = dict(
    dataset=dict(own, ann_file={train_ann!r}, data_prefix=dict(img={train_images!r}))
)
val_dataloader = dict(
    dataset=dict(
        own, ann_file={val_ann!r}, data_prefix=dict(img={val_images!r}), bbox_file=None
    )
)
test_dataloader = val_dataloader
"""
WITHOUT_AREA = """
val_evaluator = dict(use_area=False)  # not all have one: 0.53 of the boxes' instead
test_evaluator = val_evaluator
"""
NEXT = """\
Next:
  python tools/browse_dataset.py {config} sheet.png
  python tools/train.py {config}
  python tools/test.py {config} CHECKPOINT
  python tools/export_onnx.py {config} CHECKPOINT model.onnx"""


def parse_args(arguments: Arguments) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser('Write metainfo and config for a data set like COCO.', EXAMPLES)
    parser.add_argument('annotations', type=Path, metavar='ANN', help='to train on (.json)')
    parser.add_argument('images', type=Path, metavar='IMAGES', help='folder of their images')
    parser.add_argument('--name', required=True, help='of the data set')
    parser.add_argument('--like', required=True, help='a model of configs/, e.g. sdpose-s-v1')
    parser.add_argument(
        '--val-ann', type=Path, required=True, help='persons that training does not see, for AP'
    )
    parser.add_argument('--val-images', type=Path, help='folder of their images (default: IMAGES)')
    parser.add_argument('--out', type=Path, help='folder to write to (default: projects/NAME)')
    parser.add_argument('--category', help='take its annotations alone, into files in OUT')
    parser.add_argument('--keypoints', nargs='+', metavar='NAME', help="instead of the file's")
    parser.add_argument(
        '--links', nargs='*', type=link, metavar='A-B', help="lines to draw, instead of the file's"
    )
    parser.add_argument(
        '--pairs', nargs='+', type=link, metavar='L-R', default=[],
        help='keypoints on both sides, left-right, that their names do not tell',
    )  # fmt: skip
    sigmas = parser.add_mutually_exclusive_group()
    sigmas.add_argument('--sigmas', nargs='+', type=float, metavar='S', help='of OKS, by keypoint')
    sigmas.add_argument('--repeated', type=Path, metavar='ANN2', help='ANN, labelled once more')
    parser.add_argument('--overwrite', action='store_true', help='replace files in OUT')
    args = parser.parse_args(arguments)
    if not re.fullmatch(r'\w[\w.-]*', args.name):
        raise InputError(f'--name {args.name!r} must be letters, digits, "_", "-" and dots.')
    args.out = args.out or Path('projects', args.name)
    args.val_images = args.val_images or args.images
    return args


def link(text: str) -> list[int]:
    """Read ``1-2``."""
    return [int(number) for number in text.split('-')]


def find_config(model: str) -> tuple[Path, Any]:
    """Return the COCO config of a model, and what it says of the model.

    Raises:
        InputError: There is none, or it learns from a teacher of COCO's keypoints.
    """
    named = {path: ON_COCO.fullmatch(path.stem) for path in CONFIGS.rglob('td-*.py')}
    known = {name[1]: path for path, name in named.items() if name}
    if model not in known:
        hint = did_you_mean(model, known, 4, cutoff=0.5)
        raise InputError(f'--like {model!r} is no model of configs/ on COCO.{hint}')
    parts = load_config(str(known[model])).model
    head = parts.head  # its scores are confidences, which a teacher trains, if nothing else is said
    if 'teacher' in parts or ('num_joints' in head and 'score' not in head):
        raise InputError(
            f'--like {model}: it learns from a teacher, which must know the same keypoints: begin '
            'with a model that has none, e.g. tokenpose-s-v1, and see '
            'docs/training-with-a-teacher.md.'
        )
    return known[model], parts


def read(path: Path, category: str | None) -> Any:
    """Return what a file of annotations has, or has of one category.

    Raises:
        InputError: It cannot be read, or has no such category.
    """
    content = read_coco_json(path, 'file of annotations')
    return only_category(path, content, category) if category else content


def choose_sigmas(
    args: argparse.Namespace, content: Any, skeleton: Skeleton, use: Use
) -> tuple[list[float], str]:
    """Return the sigmas of OKS, and a line that says where they are from."""
    names = skeleton.names
    if args.sigmas:
        if len(args.sigmas) != len(names):
            raise InputError(f'--sigmas has {len(args.sigmas)} numbers for {len(names)} keypoints.')
        return check_setting('sigmas', args.sigmas), 'given'
    known = {name: sigma for name, (sigma, _) in known_joints(names).items()}
    sources = [f'{len(known)} by name from MMPose']
    if args.repeated:
        again = read(args.repeated, args.category)
        check_annotations(args.repeated, again, use).raise_first()
        found, count = estimate_sigmas(content, again)
        measured = {names[k]: round(float(sigma), 4) for k, sigma in enumerate(found) if sigma > 0}
        if not measured:
            raise InputError(f'{args.repeated} labels nobody in {args.annotations} otherwise.')
        known |= measured
        sources = [f'{len(measured)} measured on {count} persons labelled twice']
        sources += [f'{len(known) - len(measured)} by name from MMPose']
    others = [name for name in names if name not in known]
    if others:
        which = shorten(', '.join(others), 200, placeholder=' ...')
        sources.append(f"{DEFAULT_SIGMA}, the mean of COCO's, for {which}")
    return [known.get(name, DEFAULT_SIGMA) for name in names], '; '.join(sources)


def config_text(
    args: argparse.Namespace, base: Path, model: Any, count: int, has_area: bool
) -> str:
    """Return the text of the config."""
    paths = [args.annotations, args.images, args.val_ann, args.val_images]
    if any(path.is_absolute() for path in paths):
        paths = [path.absolute() for path in paths]
    folders = [paths[0].parent, paths[1], paths[2].parent, paths[3]]
    root = os.path.commonpath(list(map(os.path.normpath, folders))) or '.'
    inside = [os.path.relpath(path, root) for path in paths]
    head = 'num_joints' if 'num_joints' in model.head else 'out_channels'
    parts = [f'neck=dict(num_keypoints={count})'] if 'num_keypoints' in model.neck else []
    second = (
        f', auxiliary_head=dict(out_channels={count})' if 'auxiliary_head' in model.head else ''
    )
    base, out = base.resolve(), args.out.resolve()
    is_near = out.is_relative_to(CONFIGS.resolve().parent)
    return CONFIG.format(
        base=os.path.relpath(base, out) if is_near else str(base),
        root=f'{root.rstrip("/")}/',
        model=', '.join([*parts, f'head=dict({head}={count}{second})']),
        **dict(zip(('train_ann', 'train_images', 'val_ann', 'val_images'), inside, strict=True)),
    ) + ('' if has_area else WITHOUT_AREA)


def main(arguments: Arguments = None) -> None:
    """Check the files, write, and say what was written and what is next."""
    args = parse_args(arguments)
    base, model = find_config(args.like)
    train, val = (read(path, args.category) for path in (args.annotations, args.val_ann))
    skeleton = read_skeleton(args.annotations, train, args.keypoints, args.links, args.pairs)
    count = len(skeleton.names)
    use = Use(count, ' as its category has', skeleton.names, frozenset(skeleton.pairs()))
    evaluated = replace(use, evaluated=True)
    notes = [
        check_data_set(args.annotations, args.images, use, content=train),
        check_data_set(args.val_ann, args.val_images, evaluated, content=val),
    ]
    sigmas, sources = choose_sigmas(args, train, skeleton, evaluated)
    if args.val_ann.resolve() == args.annotations.resolve():
        notes.append(f'{args.val_ann} is trained on as well: its AP says little of others.')
    files: dict[Path, str] = {}
    if args.category:
        args.annotations, args.val_ann = (args.out / f'{name}.json' for name in ('train', 'val'))
        files = {args.annotations: json.dumps(train), args.val_ann: json.dumps(val)}
    metainfo = make_metainfo(args.name, skeleton, sigmas)
    text = pformat(metainfo, width=160, compact=True, sort_dicts=False)  # a line a keypoint
    files[args.out / 'metainfo.py'] = f'dataset_info = {text}\n'
    start, size = base.stem.rpartition('_')[0], base.stem.rpartition('-')[2]
    config = args.out / f'{start}_{args.name}-{size}.py'
    files[config] = config_text(args, base, model, count, has_areas(val['annotations']))
    for path, text in files.items():
        if path.exists() and not args.overwrite and path.read_bytes() != text.encode():
            raise InputError(f'{path} is there already: give another --out, or --overwrite.')
    for path, text in files.items():
        write_whole(path, text.encode())
    pairs = ', '.join(f'{skeleton.names[a]}/{skeleton.names[b]}' for a, b in skeleton.pairs())
    print(*filter(None, notes), *(f'Wrote {path}.' for path in files), sep='\n')
    pairs = (
        shorten(pairs, 400, placeholder=' ...')
        or 'none (--pairs gives them), so mirroring swaps nothing'
    )
    print(f'{count} keypoints, {len(skeleton.links)} links. Left/right: {pairs}.')
    print(f'Sigmas: {sources}.', NEXT.format(config=config), sep='\n')


if __name__ == '__main__':
    sys.exit(run_tool(main))
