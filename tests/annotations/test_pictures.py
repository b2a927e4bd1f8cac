# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os
import zlib

import cv2
import numpy as np
import pytest
from mmcv import imread
from PIL import Image

from sdpose.annotations.pictures import picture_problems


def write(path, width=60, height=40, orientation=None):
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(path, exif=exif)


def problems(folder, name, width=60, height=40):
    return picture_problems(folder, [dict(id=7, file_name=name, width=width, height=height)])


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'bmp', 'webp', 'tif', 'ppm', 'jp2'])
def test_true_sizes(tmp_path, suffix):
    name = f'a.{suffix}'
    cv2.imwrite(str(tmp_path / name), np.full((40, 60, 3), 90, np.uint8))
    assert problems(tmp_path, name) == []
    (found,) = problems(tmp_path, name, width=61)
    assert found == f'image with id 7: {tmp_path / name} is 60x40 pixels, not 61x40'


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'webp', 'tif'])
@pytest.mark.parametrize('orientation', [1, 3, 5, 6, 8])
def test_turned_pictures_are_as_large_as_mmpose_sees_them(tmp_path, suffix, orientation):
    path = tmp_path / f'a.{suffix}'
    write(path, orientation=orientation)
    height, width = imread(str(path)).shape[:2]
    assert problems(tmp_path, path.name, width, height) == []
    (problem,) = problems(tmp_path, path.name, height, width)
    assert problem.endswith(' (its EXIF turns it upright, or width and height are swapped)')


def chunk(name, content=b''):
    checksum = zlib.crc32(name + content).to_bytes(4, 'big')
    return len(content).to_bytes(4, 'big') + name + content + checksum


def small_file_of_a_large_picture(path):
    size = (30_000).to_bytes(4, 'big')
    header = chunk(b'IHDR', size + size + b'\x08\x02\x00\x00\x00')
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + header + chunk(b'IDAT') + chunk(b'IEND'))


@pytest.mark.parametrize(
    ('make', 'problem'),
    [
        (lambda path: None, 'There is no picture'),
        (lambda path: path.mkdir(), 'is a folder'),
        (os.mkfifo, 'is a pipe or a device'),
        (lambda path: path.symlink_to('/dev/zero'), 'is a pipe or a device'),
        (lambda path: path.symlink_to('gone'), 'is a link to gone, which is not there'),
        (lambda path: path.write_bytes(b''), 'the file is empty'),
        (lambda path: path.write_bytes(b'not a picture'), 'the picture is broken'),
        (small_file_of_a_large_picture, 'Image size (900000000 pixels) exceeds limit'),
    ],
)
def test_what_is_no_picture(tmp_path, make, problem):
    make(tmp_path / 'a.png')
    (found,) = problems(tmp_path, 'a.png')
    assert found.startswith('image with id 7 is missing or broken: ')
    assert problem in found


@pytest.mark.parametrize('name', ['a\0b.jpg', 'x' * 5000, '\ud800.jpg', '.', '..'])
def test_names_that_no_file_can_have(tmp_path, name):
    (found,) = problems(tmp_path, name)
    assert 'missing or broken' in found


def test_every_picture_is_looked_at_in_order(tmp_path):
    for number in range(40):
        write(tmp_path / f'{number}.png', width=60 + number % 2)
    images = [dict(id=i, file_name=f'{i}.png', width=60, height=40) for i in range(40)]
    found = picture_problems(tmp_path, images)
    assert [problem.split(':')[0] for problem in found] == [
        f'image with id {i}' for i in range(1, 40, 2)
    ]
