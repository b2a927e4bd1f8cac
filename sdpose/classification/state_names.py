# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Keep the name of a wrapped module out of the state dict of its wrapper."""

from torch import Tensor, nn


def hide_child_name(module: nn.Module, child: str) -> None:
    """Let a module save and load the weights of its only child under the child's own names.

    Args:
        module: Has no parameters or persistent buffers but its child's.
        child: Name of the child, which then appears in no state dict.
    """
    name = f'{child}.'

    def hide(
        _module: nn.Module, state_dict: dict[str, Tensor], prefix: str, _metadata: dict
    ) -> None:
        for key in list(state_dict):
            if key.startswith(prefix):
                hidden = prefix + key.removeprefix(prefix).removeprefix(name)
                state_dict[hidden] = state_dict.pop(key)

    def show(
        _module: nn.Module, state_dict: dict[str, Tensor], prefix: str, *_unused: object
    ) -> None:
        for key in list(state_dict):
            if key.startswith(prefix):
                state_dict[prefix + name + key.removeprefix(prefix)] = state_dict.pop(key)

    def hide_in_report(_module: nn.Module, report: tuple[list[str], list[str]]) -> None:
        for keys in report:  # missing, unexpected
            keys[:] = [key.removeprefix(name) for key in keys]

    # MMEngine's own saving and loading call these hooks too, but no overridden state_dict()
    module._register_state_dict_hook(hide)
    module._register_load_state_dict_pre_hook(show, with_module=True)
    module.register_load_state_dict_post_hook(hide_in_report)
