# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Making and writing a whole data set, so that it is either complete or visibly unfinished."""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from sdpose.errors import InputError
from sdpose.runtime.files import write_whole

from .coco_format import Json, annotate, category
from .detections import simulate_detections
from .scene import compose_scene
from .style import STYLES

DESCRIPTION = 'sdpose toy data set of drawn human figures'
SPLIT_START = {'train': 1, 'val': 500_001}  # first image id
MAX_IMAGES = SPLIT_START['val'] - SPLIT_START['train']

_UNFINISHED = '.sdpose_toy_unfinished'
_SCENE_STREAM, _DETECTION_STREAM = 0, 1
_JPEG_QUALITY = 92
_IMAGES_PER_JOB = 8

ImageResult = tuple[Json, list[Json], list[Json]]  # entry, annotations, detections


@dataclass(frozen=True)
class Options:
    """All that decides the contents of a data set.

    Attributes:
        images: Number of training images.
        val_images: Number of validation images.
        seed: Seed of everything that is drawn.
        style: Key of ``STYLES``.
        generator_version: Version of the drawing code; bump it when the same options would draw
            other pictures, so that old data sets are not reused.
    """

    images: int
    val_images: int
    seed: int
    style: str
    generator_version: int = 1


def is_complete(out: Path, options: Options, overwrite: bool) -> bool:
    """Tells whether a folder holds the finished data set with these options.

    Args:
        out: The data set's folder; it need not exist.
        options: The wanted data set.
        overwrite: Whether any toy data set in the folder may be replaced.

    Returns:
        True if it is there already, False if ``write_dataset`` may write to the folder.

    Raises:
        InputError: The folder holds something that must not be touched.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f'{out} is a file, but the data set needs a folder.')
    if not out.exists() or (out / _UNFINISHED).exists() or not any(out.iterdir()):
        return False
    found, wanted = _recorded_options(out), asdict(options)
    if found is None:
        # Even --overwrite stops here: the folder could be the real COCO.
        raise InputError(
            f'{out} holds files that this script did not make; choose a new or empty folder.'
        )
    if found != wanted and not overwrite:
        differing = [name for name in wanted if found.get(name) != wanted[name]]
        theirs = ', '.join(f'{name} {found.get(name)}' for name in differing)
        raise InputError(
            f'{out} holds a toy data set made with other options ({theirs}); '
            'add --overwrite to replace it, or choose another folder.'
        )
    return not overwrite


def write_dataset(out: Path, options: Options, workers: int) -> None:
    """Draws and writes a data set, and shows progress.

    The annotation files come last; until then a marker file tells that the folder is unfinished.

    Args:
        out: Folder to write to, one for which ``is_complete`` returned False.
        options: What to draw.
        workers: Number of processes; it does not affect the result.

    Raises:
        OSError: A file could not be written.
    """
    style = STYLES[options.style]
    out.mkdir(parents=True, exist_ok=True)
    (out / _UNFINISHED).touch()
    _remove_contents(out)
    for name in set(style.image_dirs.values()):
        (out / name).mkdir(parents=True, exist_ok=True)
    for split, count in (('val', options.val_images), ('train', options.images)):
        with _mapper(workers) as run:
            made = run(partial(_write_image, out, options, split), range(count))
            made = track(made, description=f'Drawing {split}', total=count)
            images, annotations, detections = zip(*made, strict=True)
        document = {
            'info': {'description': DESCRIPTION, 'options': asdict(options)},
            'licenses': [],
            'categories': [category(style)],
            'images': images,
            'annotations': list(chain.from_iterable(annotations)),
        }
        _write_json(out / style.annotation_files[split], document)
        if split == 'val' and style.detection_file:
            _write_json(out / style.detection_file, list(chain.from_iterable(detections)))
    (out / _UNFINISHED).unlink()


def _write_image(out: Path, options: Options, split: str, index: int) -> ImageResult:
    """Draws one image, writes it, and returns its entry, annotations and detections."""
    style = STYLES[options.style]
    image_id = SPLIT_START[split] + index
    # The id tells split and index, so that an image depends on nothing but itself and the seed.
    origin = (options.seed, list(STYLES).index(options.style), image_id)
    scene = compose_scene(np.random.default_rng((*origin, _SCENE_STREAM)), style)
    file_name = f'{image_id:012d}.jpg'
    _, jpeg = cv2.imencode('.jpg', scene.image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    write_whole(out / style.image_dirs[split] / file_name, jpeg.tobytes())
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
        for folder in {Path(name).parts[0] for name in files if name}:
            shutil.rmtree(out / folder, ignore_errors=True)


def _write_json(path: Path, content: Json | list[Json]) -> None:
    write_whole(path, json.dumps(content, separators=(',', ':')).encode())


def _recorded_options(out: Path) -> Json | None:
    """Returns the options of the finished toy data set in a folder, None if there is none."""
    for style in STYLES.values():
        with suppress(OSError, ValueError, KeyError, TypeError):
            info = json.loads((out / style.annotation_files['train']).read_text())['info']
            if info['description'] == DESCRIPTION:
                return info['options']
    return None
