# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Making and writing a whole data set, so that it is either complete or visibly unfinished."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from .coco_format import Json, annotate, category
from .detections import simulate_detections
from .scene import compose_scene
from .style import STYLES, Style

# Bump when the same options would draw other pictures, so that old data sets are not reused.
GENERATOR_VERSION = 1
DESCRIPTION = 'sdpose toy data set of drawn human figures'
SPLIT_START = {'train': 1, 'val': 500_001}  # first image id
MAX_IMAGES = SPLIT_START['val'] - SPLIT_START['train']

_UNFINISHED = '.sdpose_toy_unfinished'
_SCENE_STREAM, _DETECTION_STREAM = 0, 1
_JPEG_QUALITY = 92
_IMAGES_PER_JOB = 8


class DatasetError(Exception):
    """The data set cannot be made as asked; the message says why in one sentence."""


ImageResult = tuple[Json, list[Json], list[Json]]  # entry, annotations, detections


@dataclass(frozen=True)
class Options:
    """All that decides the contents of a data set.

    Attributes:
        images: Number of training images.
        val_images: Number of validation images.
        seed: Seed of everything that is drawn.
        style: Key of ``STYLES``.
        generator_version: Version of the drawing code.
    """

    images: int
    val_images: int
    seed: int
    style: str
    generator_version: int = GENERATOR_VERSION

    def count(self, split: str) -> int:
        """Returns the number of images of the 'train' or 'val' split."""
        return self.images if split == 'train' else self.val_images


def is_complete(out: Path, options: Options, overwrite: bool = False) -> bool:
    """Tells whether a folder holds the finished data set with these options.

    Args:
        out: The data set's folder; it need not exist.
        options: The wanted data set.
        overwrite: Whether any toy data set in the folder may be replaced.

    Returns:
        True if it is there already, False if ``write_dataset`` may write to the folder.

    Raises:
        DatasetError: The folder holds something that must not be touched.
    """
    if not out.exists():
        return False
    if not out.is_dir():
        raise DatasetError(f'{out} is a file, but the data set needs a folder.')
    if (out / _UNFINISHED).exists() or not any(out.iterdir()):
        return False
    found, wanted = _recorded_options(out), asdict(options)
    if found is None:
        # Even --overwrite stops here: the folder could be the real COCO.
        raise DatasetError(
            f'{out} holds files that this script did not make; choose a new or empty folder.'
        )
    if overwrite:
        return False
    if found != wanted:
        differing = [name for name in wanted if found.get(name) != wanted[name]]
        theirs = ', '.join(f'{name} {found.get(name)}' for name in differing)
        raise DatasetError(
            f'{out} holds a toy data set made with other options ({theirs}); '
            'add --overwrite to replace it, or choose another folder.'
        )
    return True


def write_dataset(
    out: Path, options: Options, workers: int, on_image: Callable[[], None] = lambda: None
) -> dict[str, int]:
    """Draws and writes a data set.

    The annotation files come last and appear at once; until then a marker file tells that the
    folder is unfinished.

    Args:
        out: Folder to write to, one for which ``is_complete`` returned False.
        options: What to draw.
        workers: Number of processes; it does not affect the result.
        on_image: Called after every image.

    Returns:
        Number of annotated persons by split.

    Raises:
        OSError: A file could not be written.
    """
    style = STYLES[options.style]
    out.mkdir(parents=True, exist_ok=True)
    (out / _UNFINISHED).touch()
    _remove_contents(out)
    for name in {*style.image_dirs.values()}:
        (out / name).mkdir(exist_ok=True)
    contents: dict[str, list[ImageResult]] = {}
    with _mapper(workers) as run:
        for split in SPLIT_START:
            job = partial(_write_image, out, options, split)
            contents[split] = []
            for made in run(job, range(options.count(split))):
                contents[split].append(made)
                on_image()
    detections = [found for _, _, per_image in contents['val'] for found in per_image]
    _write_json(out / style.detection_file, detections)
    for split in ('val', 'train'):
        document = _document(options, style, contents[split])
        _write_json(out / style.annotation_files[split], document)
    (out / _UNFINISHED).unlink()
    return {split: _count_persons(made) for split, made in contents.items()}


def _write_image(out: Path, options: Options, split: str, index: int) -> ImageResult:
    """Draws one image, writes it, and returns its entry, annotations and detections."""
    style = STYLES[options.style]
    image_id = SPLIT_START[split] + index
    # The id tells split and index, so that an image depends on nothing but itself and the seed.
    origin = (options.seed, list(STYLES).index(options.style), image_id)
    scene = compose_scene(np.random.default_rng((*origin, _SCENE_STREAM)), style)
    file_name = f'{image_id:012d}.jpg'
    path = out / style.image_dirs[split] / file_name
    if not cv2.imwrite(str(path), scene.image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]):
        raise OSError(f'could not write {path}')
    image, annotations = annotate(scene, image_id, file_name, style)
    rng = np.random.default_rng((*origin, _DETECTION_STREAM))
    return image, annotations, simulate_detections(rng, image, annotations)


@contextmanager
def _mapper(workers: int) -> Iterator[Callable]:
    """Gives an order-keeping map over a process pool, or the built-in one for one worker."""
    if workers == 1:
        yield map
        return
    with ProcessPoolExecutor(workers, initializer=_prepare_worker) as pool:
        try:
            yield partial(pool.map, chunksize=_IMAGES_PER_JOB)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _prepare_worker() -> None:
    # The images are small: OpenCV's own threads would only compete with the other workers.
    cv2.setNumThreads(0)
    # Ctrl-C reaches all processes; the parent alone reports it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _remove_contents(out: Path) -> None:
    """Removes what an earlier data set of any style, finished or not, left in its folder."""
    for style in STYLES.values():
        files = [*style.image_dirs.values(), *style.annotation_files.values(), style.detection_file]
        for folder in {Path(name).parts[0] for name in files}:
            shutil.rmtree(out / folder, ignore_errors=True)


def _document(options: Options, style: Style, contents: list[ImageResult]) -> Json:
    return {
        'info': {'description': DESCRIPTION, 'options': asdict(options)},
        'licenses': [],
        'categories': [category(style)],
        'images': [image for image, _, _ in contents],
        'annotations': list(chain.from_iterable(entries for _, entries, _ in contents)),
    }


def _write_json(path: Path, content: Json | list[Json]) -> None:
    """Writes a file so that it appears complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix('.json.tmp')
    unfinished.write_text(json.dumps(content, separators=(',', ':')))
    unfinished.replace(path)


def _recorded_options(out: Path) -> Json | None:
    """Returns the options of the finished toy data set in a folder, None if there is none."""
    for style in STYLES.values():
        paths = [out / name for name in (*style.annotation_files.values(), style.detection_file)]
        if not all(path.is_file() for path in paths):
            continue
        try:
            info = json.loads(paths[0].read_text())['info']
        except (ValueError, KeyError, TypeError):
            continue
        if info.get('description') == DESCRIPTION:
            return info['options']
    return None


def _count_persons(contents: list[ImageResult]) -> int:
    return sum(not entry['iscrowd'] for _, entries, _ in contents for entry in entries)
