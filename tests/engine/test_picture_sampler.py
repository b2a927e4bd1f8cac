# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from itertools import chain, groupby

import pytest
from mmengine.config import Config
from mmpose.registry import DATA_SAMPLERS, DATASETS

from conftest import TOY_CONFIG


@pytest.fixture
def dataset(toy_coco):
    config = Config.fromfile(TOY_CONFIG).train_dataloader.dataset
    return DATASETS.build({**config, 'data_root': str(toy_coco), 'indices': 11})


@pytest.fixture
def make_sampler(dataset, monkeypatch):
    def make(rank=0, world_size=1, seed=0):
        monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda: (rank, world_size))
        return DATA_SAMPLERS.build(dict(type='PictureSampler', dataset=dataset, seed=seed))

    return make


def pictures(dataset, indices):
    """The picture of each person, without repeats in a row."""
    return [path for path, _ in groupby(dataset.get_data_info(i)['img_path'] for i in indices)]


def test_persons_of_a_picture_come_one_after_another(dataset, make_sampler):
    order = list(make_sampler())
    assert sorted(order) == list(range(11))
    shown = pictures(dataset, order)
    assert len(shown) == len(set(shown)) < 11
    assert shown != pictures(dataset, range(11))


def test_the_order_depends_on_seed_and_epoch_alone(make_sampler):
    sampler = make_sampler()
    first = list(sampler)
    assert first == list(sampler) == list(make_sampler())
    assert first != list(make_sampler(seed=1))
    sampler.set_epoch(1)
    assert sorted(sampler) == sorted(first)
    assert list(sampler) != first


def test_processes_share_the_order_in_pieces_of_one_length(dataset, make_sampler):
    order = list(make_sampler())
    pieces = [list(make_sampler(rank, 4)) for rank in range(4)]
    assert [len(piece) for piece in pieces] == [len(make_sampler(0, 4))] * 4 == [3] * 4
    assert list(chain(*pieces)) == [*order, order[0]]
