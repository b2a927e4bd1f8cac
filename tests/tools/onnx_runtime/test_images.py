# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest

from onnx_runtime.errors import InputError
from onnx_runtime.images import find_images, read_image


@pytest.fixture
def folder(tmp_path):
    for name in ('b/2.jpg', 'b/1.png', 'c/1.png', 'b/text.txt'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(*inputs):
    return [image.name for image in find_images([str(text) for text in inputs])]


def test_pictures_folders_and_globs(folder):
    assert names(folder / 'b/2.jpg') == ['2.jpg']
    assert names(folder / 'b') == ['1.png', '2.jpg']
    assert names(folder / '**/1.png') == ['b/1.png', 'c/1.png']
    assert names(folder / 'c', folder / 'b/2.jpg', folder / 'c/1.png') == ['b/2.jpg', 'c/1.png']


def test_missing_ones(folder):
    assert names(folder / 'b/2.jpg', folder / 'b/nowhere.jpg') == ['2.jpg', 'nowhere.jpg']
    for text in (folder / 'nowhere.jpg', folder, folder / '*.gif'):
        with pytest.raises(InputError, match='There is no picture'):
            names(text)


def test_broken_pictures(folder):
    (folder / 'text.jpg').write_text('no picture')
    for name, problem in (
        ('b/2.jpg', 'the file is empty'),
        ('text.jpg', 'the picture is broken'),
        ('nowhere.jpg', 'it cannot be read'),
    ):
        with pytest.raises(InputError, match=problem):
            read_image(folder / name)
