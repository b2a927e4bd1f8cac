# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Somebody's own skeleton: metainfo and config that train, test and export."""

import json
import re
import shutil

import make_toy_coco
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.registry import DATASETS

from conftest import assert_one_sentence, call_tool, change_json, logged_records
from sdpose.engine.data_checks import check_data

TOOL = 'tools/dataset/new_dataset.py'


@pytest.fixture(scope='module')
def hands(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'hands'
    options = ('--style=hands-and-feet', '--images=8', '--val-images=4', '--workers=1')
    make_toy_coco.main([str(folder), *options])
    return folder


@pytest.fixture
def copy(hands, tmp_path):
    return shutil.copytree(hands, tmp_path / 'data')


def new(data, out, *options, like='sdpose-toy'):
    """Run the tool on the drawn people; of an option given twice the last one counts."""
    return call_tool(
        TOOL, data / 'annotations/train.json', data / 'images/train', '--name', 'hands', '--like',
        like, '--val-ann', data / 'annotations/val.json', '--val-images', data / 'images/val',
        '--out', out, *options,
    )  # fmt: skip


def config_in(out):
    (path,) = out.glob('td-*.py')
    return path


@pytest.mark.parametrize(
    'like',
    ['sdpose-toy', 'sdpose-s-v1', 'ppt-s', 'sdpose-reg-toy', 'deeppose-r50-baseline',
     'distilpose-s-auxiliary'],
)  # fmt: skip
def test_the_config_reads_and_augments_the_data(like, hands, tmp_path):
    result = new(hands, tmp_path, like=like)
    assert result.returncode == 0, result.stderr
    assert f'tools/train.py {config_in(tmp_path)}' in result.stdout
    assert 'left_toe/right_toe' in result.stdout and '0.067, the mean' in result.stdout
    cfg = Config.fromfile(config_in(tmp_path))
    head = cfg.model.head
    assert 21 in (head.get('out_channels'), head.get('num_joints'))
    assert head.get('auxiliary_head', dict(out_channels=21))['out_channels'] == 21
    assert cfg.model.neck.get('num_keypoints', 21) == 21
    assert cfg.data_root == f'{hands}/'
    check_data(cfg, ['train', 'val', 'test'])
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    np.random.seed(0)
    for _ in range(10):  # with flips and halves of bodies
        assert dataset[0]['data_samples'].gt_instance_labels.keypoint_weights.shape == (1, 21)
    assert list(dataset.metainfo['sigmas'][[0, 20]]) == pytest.approx([0.026, 0.067])
    again = new(hands, tmp_path, like=like)
    assert again.returncode == 0, again.stderr  # the same once more


def test_evaluation_goes_without_areas(copy, tmp_path):
    change_json(copy / 'annotations/val.json', lambda c: [p.pop('area') for p in c['annotations']])
    assert new(copy, tmp_path / 'out').returncode == 0
    cfg = Config.fromfile(config_in(tmp_path / 'out'))
    assert cfg.test_evaluator.use_area is cfg.val_evaluator.use_area is False
    check_data(cfg, ['val'])


def test_what_only_the_user_knows(copy, tmp_path):
    """Sides that names do not tell; and that nobody else is there to validate on."""
    train = copy / 'annotations/train.json'
    names = [f'π{number}' for number in range(21)]
    for path in (train, copy / 'annotations/val.json'):
        change_json(path, lambda content: content['categories'][0].update(keypoints=names))
    same = ('--val-ann', train, '--val-images', copy / 'images/train')
    result = new(copy, tmp_path / 'a', *same)
    assert 'Left/right: none (--pairs gives them)' in result.stdout
    assert 'train.json is trained on as well' in result.stdout
    assert 'Left/right: π1/π2.' in new(copy, tmp_path / 'b', '--pairs', '2-3').stdout
    cfg = Config.fromfile(config_in(tmp_path / 'b'))
    check_data(cfg, ['train', 'val'])
    assert DATASETS.build(cfg.train_dataloader.dataset).metainfo['flip_indices'][:4] == [0, 2, 1, 3]


def test_sigmas_are_measured(copy, tmp_path):
    rng, path = np.random.default_rng(0), tmp_path / 'again.json'

    def relabel(person):
        keypoints = np.array(person['keypoints'], float).reshape(21, 3)
        keypoints[:, :2] += rng.normal(0, 0.05 * person['area'] ** 0.5, (21, 2))
        keypoints[20, 2] = 0  # nobody labels the last one again
        person['keypoints'] = keypoints.ravel().tolist()

    train = copy / 'annotations/train.json'
    change_json(train, lambda content: [*map(relabel, content['annotations'])], path)
    result = new(copy, tmp_path / 'out', '--repeated', path)
    assert re.search(r'20 measured on \d+ persons labelled twice.*for right_toe', result.stdout)
    info = Config.fromfile(tmp_path / 'out/metainfo.py').dataset_info
    assert np.mean(info.sigmas[:20]) == pytest.approx(0.05 * 2**0.5, rel=0.1)  # in x and in y
    result = new(copy, tmp_path / 'out', '--repeated', train)
    assert_one_sentence(result, 'labels nobody in', 'otherwise')


def test_one_of_several_categories(copy, tmp_path):
    def add_a_car(content):
        box = dict(id=1, image_id=content['images'][0]['id'], category_id=2, bbox=[1, 1, 9, 9])
        content['categories'].append(dict(id=2, name='car'))
        content['annotations'].append(box)

    for split in ('train', 'val'):
        change_json(copy / f'annotations/{split}.json', add_a_car)
    assert_one_sentence(new(copy, tmp_path / 'out'), "('person', 'car')", '--category')
    result = new(copy, tmp_path / 'out', '--category', 'person')
    assert result.returncode == 0, result.stderr
    assert check_data(Config.fromfile(config_in(tmp_path / 'out')), ['val']) == []


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (['--like', 'sdpose-s'], ['no model of configs/', 'Did you mean', 'sdpose-s-v1']),
        (['--like', '../x'], ['no model of configs/']),
        (['--like', 'distilpose-toy'], ['teacher', 'tokenpose-s-v1']),
        (['--like', 'distilpose-toy-student'], ['teacher', 'tokenpose-s-v1']),
        (['--name', '../x'], ["--name '../x' must be"]),
        (['--val-images', 'gone'], ['gone', 'missing']),
        (['--val-ann', 'gone.json'], ['There is no file of annotations gone.json']),
        (['--keypoints', 'a', 'b'], ['2 names for 21 annotated']),
        (['--links', '1-22'], ['the link [1, 22]', 'from 1 to 21']),
        (['--sigmas', '0.1'], ['--sigmas has 1 numbers for 21']),
        (['--sigmas', *'0' * 21], ['sigmas.0=0.0', 'above 0']),
        (['--repeated', 'gone.json'], ['There is no file of annotations gone.json']),
        (['--category', 'cat'], ["no category 'cat', but 'person'"]),
    ],
    ids=str,
)
def test_wrong_options_are_one_sentence_and_write_nothing(options, words, hands, tmp_path):
    assert_one_sentence(new(hands, tmp_path / 'out', *options), *words)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('text', 'words'), [('[]', 'not an annotation file'), (None, '--keypoints')]
)
def test_wrong_files(text, words, copy, tmp_path):
    path = copy / 'annotations/train.json'
    change_json(path, lambda content: content['categories'][0].pop('keypoints'))
    if text is not None:
        path.write_text(text)
    assert_one_sentence(new(copy, tmp_path / 'out'), 'train.json', words)
    assert not (tmp_path / 'out').exists()


def test_nothing_is_overwritten(hands, tmp_path):
    (tmp_path / 'metainfo.py').write_text('mine')
    assert_one_sentence(new(hands, tmp_path), 'is there already', '--overwrite')
    assert (tmp_path / 'metainfo.py').read_text() == 'mine' and not [*tmp_path.glob('td-*')]
    assert new(hands, tmp_path, '--overwrite').returncode == 0


@pytest.mark.slow
def test_from_annotations_to_an_exported_model(hands, tmp_path):
    assert new(hands, tmp_path / 'out').returncode == 0
    config, run = config_in(tmp_path / 'out'), tmp_path / 'run'
    small = ('--cfg-options', 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1')
    weights, onnx, out = run / 'epoch_1.pth', tmp_path / 'm.onnx', tmp_path / 'ap.json'
    test = ('tools/test.py', config, weights, '--work-dir', tmp_path / 'test', '--out', out)
    picture = next((hands / 'images/val').iterdir())
    for command in (
        ('tools/browse_dataset.py', config, tmp_path / 'sheet.png', '--number', 2),
        ('tools/train.py', config, '--work-dir', run, *small),
        test,
        ('tools/export_onnx.py', config, weights, onnx),
        ('tools/infer_onnx.py', onnx, picture, '--whole-image', '--out-dir', tmp_path / 'found'),
    ):
        result = call_tool(*command)
        assert result.returncode == 0, result.stderr
    validated = [each['coco/AP'] for each in logged_records(run) if 'coco/AP' in each]
    assert json.loads(out.read_text())['coco/AP'] == validated[-1]
    assert len(json.loads((tmp_path / 'm.json').read_text())['keypoint_names']) == 21
    same = ('--data', hands / 'annotations/val.json', hands / 'images/val')
    assert call_tool(*test, *same).returncode == 0
    assert json.loads(out.read_text())['coco/AP'] == validated[-1]
