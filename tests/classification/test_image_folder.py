# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
from PIL import Image

from sdpose.classification import ImageFolderDataset
from sdpose.errors import InputError

MODEL = dict(num_classes=2)


@pytest.fixture
def data_root(tmp_path):
    for name in ('train/b/1.png', 'train/b/0.JPEG', 'train/a/2.jpg', 'train/a/deeper/3.png'):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (4, 4)).save(path)
    (tmp_path / 'train/a/notes.txt').touch()
    (tmp_path / 'train/.cache').mkdir()
    return tmp_path


def check(data_root, split='train'):
    dataset = dict(type='ImageFolderDataset', data_root=str(data_root), split=split)
    ImageFolderDataset.check_config(dataset, MODEL)


def test_labels_follow_the_alphabetical_order_of_the_folders(data_root):
    dataset = ImageFolderDataset(str(data_root), 'train', pipeline=[])
    assert dataset.metainfo['classes'] == ('a', 'b')
    found = [(dataset[index]['img_path'], dataset[index]['gt_label']) for index in range(4)]
    expected = [('a/2.jpg', 0), ('a/deeper/3.png', 0), ('b/0.JPEG', 1), ('b/1.png', 1)]
    assert found == [(str(data_root / 'train' / name), label) for name, label in expected]
    check(data_root)


def test_indices_choose_a_part(data_root):
    assert len(ImageFolderDataset(str(data_root), 'train', pipeline=[], indices=2)) == 2


def test_missing_folder(data_root):
    for build in (check, lambda root, split: ImageFolderDataset(str(root), split)):
        with pytest.raises(InputError, match=r'no image folder .*val.*ln -s.*make_toy_shapes\.py'):
            build(data_root, 'val')


def test_other_number_of_classes(data_root):
    (data_root / 'train/c').mkdir()
    with pytest.raises(InputError, match=r'has 3 class folders.*tells 2.*num_classes'):
        check(data_root)


def test_folder_without_classes_or_images(data_root):
    (data_root / 'val').mkdir()
    with pytest.raises(InputError, match='holds no class folders'):
        check(data_root, 'val')
    (data_root / 'val/a').mkdir()
    with pytest.raises(InputError, match='no images'):
        ImageFolderDataset(str(data_root), 'val')
