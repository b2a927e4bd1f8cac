# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import cv2
import mmcv
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import DATASETS

from conftest import TOY_CONFIG
from sdpose.transforms import LoadImageOnce


@pytest.fixture
def decoded(monkeypatch):
    """The number of bytes of each picture that has been decoded."""
    sizes, decode = [], mmcv.imfrombytes

    def imfrombytes(content, **options):
        sizes.append(len(content))
        return decode(content, **options)

    monkeypatch.setattr('mmcv.imfrombytes', imfrombytes)
    return sizes


@pytest.fixture
def paths(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    names = ('color.jpg', 'color.png', 'gray.png')
    for name in names:
        picture = pixels[..., 0] if name == 'gray.png' else pixels
        assert cv2.imwrite(str(tmp_path / name), picture)
    return [str(tmp_path / name) for name in names]


def test_pictures_are_those_of_load_image(paths):
    load = LoadImageOnce()
    for path in (*paths, *paths[::-1]):
        found, expected = (
            step.transform({'img_path': path, 'id': 3}) for step in (load, LoadImage())
        )
        assert np.array_equal(found.pop('img'), expected.pop('img'))
        assert found == expected


def test_a_picture_is_decoded_once_for_persons_in_a_row(paths, decoded):
    load = LoadImageOnce()
    for path in (paths[0], paths[0], paths[1], paths[1], paths[0]):
        load.transform({'img_path': path})
    assert len(decoded) == 3


def test_validation_decodes_each_picture_once(toy_coco, decoded):
    config = Config.fromfile(TOY_CONFIG).val_dataloader.dataset
    dataset = DATASETS.build({**config, 'data_root': str(toy_coco)})
    pictures = {
        sample['data_samples'].img_path for sample in map(dataset.__getitem__, range(len(dataset)))
    }
    assert len(decoded) == len(pictures) < len(dataset)


def test_a_picture_that_persons_share_cannot_be_written_into(paths):
    image = LoadImageOnce().transform({'img_path': paths[0]})['img']
    with pytest.raises(ValueError, match='read-only'):
        image[0] = 0


def test_an_array_is_taken_as_it_is(paths, decoded):
    image = np.zeros((4, 5, 3), np.uint8)
    results = LoadImageOnce().transform({'img': image})
    assert results == {'img': image, 'img_path': None, 'img_shape': (4, 5), 'ori_shape': (4, 5)}
    assert decoded == []


@pytest.mark.parametrize('content', [None, b'', b'no picture'], ids=['missing', 'empty', 'broken'])
def test_errors_are_those_of_load_image(content, paths, tmp_path):
    path = tmp_path / 'wrong.jpg'
    if content is not None:
        path.write_bytes(content)
    load = LoadImageOnce()
    load.transform({'img_path': paths[0]})
    said = []
    for step in (load, LoadImage()):
        with pytest.raises(Exception, match=f'occurs when loading `{path}`') as caught:
            step.transform({'img_path': str(path)})
        said.append((caught.type, str(caught.value)))
    assert said[0] == said[1]
    assert load.transform({'img_path': paths[0]})['img'].shape == (9, 12, 3)
