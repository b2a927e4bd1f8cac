# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Read a picture once for all persons in it."""

from typing import Any

from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImageOnce(LoadImage):
    """MMPose's ``LoadImage``, which keeps the last picture that it decoded.

    Decoding takes half of a person's time. It is saved where the persons of a picture come one
    after another: in validation, and in training with :class:`~sdpose.engine.PictureSampler`.
    Those persons share the array; it is read-only, so that a step which writes into a picture,
    instead of making a new one, fails.

    Args:
        options: Those of ``LoadImage``.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._last: dict[str, Any] = {}

    def transform(self, results: dict) -> dict | None:
        """Add ``img``, ``img_shape`` and ``ori_shape``, see ``LoadImage``."""
        if 'img' in results:
            return super().transform(results)
        path = results['img_path']
        if path != self._last.get('img_path'):
            loaded = super().transform({'img_path': path})
            if loaded is None:  # with ignore_empty
                return None
            loaded['img'].flags.writeable = False
            self._last = loaded
        return {**results, **self._last}
