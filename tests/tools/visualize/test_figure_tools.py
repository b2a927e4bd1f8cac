# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The commands that draw; what they draw is tested with ``sdpose.figures``."""

import json

import cv2
import pytest
import torch
from mmengine.config import Config

from conftest import CONFIGS, TOY_CONFIG, assert_one_sentence, build_model, call_tool, run_tool

STUDENT = next(CONFIGS.rglob('td-reg_distilpose-toy_*.py'))
TEACHER = next(CONFIGS.rglob('td-hm_tokenpose-toy_*.py'))
ATTENTION, FEATURES, HEATMAPS, PARAMETERS, SHEET, BY_OKS, CURVE = (
    f'tools/visualize/{name}.py'
    for name in (
        'attention',
        'feature_maps',
        'simulated_heatmaps',
        'parameters',
        'contact_sheet',
        'predictions_by_oks',
        'training_curve',
    )
)
BROWSE = 'tools/browse_dataset.py'
SAME = 'model.neck.test_cycles=1'
PRUNED = ('model.neck.pruning.keep_ratio=0.5', 'model.neck.pruning.layers=[0]')


@pytest.fixture(scope='module')
def inputs(toy_coco, toy_checkpoint, tmp_path_factory):
    """What stands on the command line of each tool, before and after the figure."""
    folder = tmp_path_factory.mktemp('inputs')
    for name, path in dict(student=STUDENT, teacher=TEACHER).items():
        model = build_model(Config.fromfile(path))
        torch.save(dict(state_dict=model.state_dict()), folder / f'{name}.pth')
    truth = toy_coco / 'annotations/person_keypoints_val2017.json'
    persons = json.loads(truth.read_text())['annotations']
    predictions = folder / 'predictions.json'
    predictions.write_text(json.dumps([dict(a, score=0.9) for a in persons if a['num_keypoints']]))
    log = folder / 'run/20260101_000000/vis_data/scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text('{"loss_kpt": 2.0, "loss": 2.0, "step": 1}')
    person = min((toy_coco / 'val2017').iterdir())
    student, teacher = folder / 'student.pth', folder / 'teacher.pth'
    on_cpu = ['--device', 'cpu', '--cfg-options']
    results = [truth, toy_coco / 'val2017', predictions], ['--number', '2']
    return {
        ATTENTION: ([TOY_CONFIG, toy_checkpoint, person], on_cpu),
        FEATURES: ([STUDENT, student, person], ['--device', 'cpu']),
        HEATMAPS: ([STUDENT, student, person], [*on_cpu, f'model.teacher.checkpoint={teacher}']),
        PARAMETERS: ([student, teacher], []),
        SHEET: results,
        BY_OKS: results,
        CURVE: ([folder / 'run'], []),
        BROWSE: ([TEACHER], ['--data-root', toy_coco, '--number', '2']),
    }


@pytest.fixture
def draw(inputs, tmp_path):
    """Run a tool and return what it says."""

    def run(tool, *more, out='a.png'):
        before, after = inputs[tool]
        return call_tool(tool, *before, tmp_path / out, *after, *more)

    return run


@pytest.mark.parametrize(
    ('tool', 'more', 'others'),
    [
        (ATTENTION, ['model.neck.test_cycles=2'], ['model.neck.test_cycles=1']),
        (ATTENTION, [*PRUNED, '--keypoint', 'nose'], [*PRUNED, '--keypoint', 'left_wrist']),
        (ATTENTION, [SAME, '--between', 'keypoints'], [SAME, '--between', 'keypoints', '--head=1']),
        (FEATURES, ['--channels', '0', '5'], ['--number', '2', '--keypoint', 'nose']),
        (HEATMAPS, ['--keypoint', 'nose'], ['--keypoint', 'left_eye']),
        (PARAMETERS, ['--names', 'base', 'ours'], ['--near-zero', '0.02']),
        (SHEET, [], ['--min-score', '0.95']),
        (BY_OKS, [], ['--number', '1']),
        (BROWSE, [], ['--phase', 'val', '--seed', '1']),
    ],
)
def test_figures_are_the_same_every_time(draw, tmp_path, tool, more, others):
    paths = {'new/a.png': more, 'b.png': more, 'c.png': others}
    for path, options in paths.items():
        result = draw(tool, *options, out=path)
        assert result.returncode == 0, result.stderr
        assert result.stdout.endswith(f'Wrote {tmp_path / path}.\n')
    first, second, other = ((tmp_path / path).read_bytes() for path in paths)
    assert cv2.imread(str(tmp_path / 'b.png')).std() > 10
    assert first == second
    assert first != other


def test_tables_are_printed(draw):
    lines = draw(PARAMETERS, '--names', 'base', 'ours').stdout.splitlines()
    assert lines[0].startswith('| layer | weights | base variance | ours variance |')
    assert lines[2].startswith('| neck.layers.0 | 163,840 |')
    tables = draw(BY_OKS, '--threshold', '0.7').stdout
    assert '| right (OKS >= 0.7) |' in tables
    assert '\n\n| joints | right (similarity >= 0.7) |' in tables


def test_curve_is_left_in_the_folder_of_the_run(inputs):
    ((run,), _) = inputs[CURVE]
    result = call_tool(CURVE, run)
    assert result.returncode == 0, result.stderr
    assert cv2.imread(str(run / 'training_curve.png')).std() > 0
    assert_one_sentence(call_tool(CURVE, run / 'no'), 'no training log')


@pytest.mark.parametrize(
    'tool', [ATTENTION, FEATURES, HEATMAPS, PARAMETERS, SHEET, BY_OKS, CURVE, BROWSE]
)
def test_the_name_of_the_figure_is_checked_before_anything_is_read(inputs, tool):
    before, _ = inputs[tool]
    result = call_tool(tool, *['no'] * len(before), 'a.webp')
    assert_one_sentence(result, 'a.webp must end in .png, .pdf, .jpg')


@pytest.mark.parametrize(
    ('message', 'tool', 'options'),
    [
        ('Did you mean left_wrist', ATTENTION, ['--keypoint', 'left_wris']),
        ('layers are 0 to 1', ATTENTION, ['--layers', '7']),
        ('at least one cycle must run', ATTENTION, ['model.neck.test_cycles=0']),
        ("'1,2,3' is not four numbers", ATTENTION, ['--bbox', '1,2,3']),
        ('channels are 0 to 63', FEATURES, ['--channels', '64']),
        ('no keypoint tail', HEATMAPS, ['--keypoint', 'tail']),
        ('must be positive', PARAMETERS, ['--near-zero', '0']),
        ('at least one image', SHEET, ['--number', '0']),
        ('is --metainfo the right one', BY_OKS, ['--metainfo', 'crowdpose']),
        ('Did you mean crowdpose', BY_OKS, ['--metainfo', 'crowdpos']),
        ('at least one sample', BROWSE, ['--number', '0']),
        (
            'Did you mean train_dataloader',
            BROWSE,
            ['--cfg-options', 'train_dataloadr.batch_size=1'],
        ),
    ],
)
def test_wrong_options(draw, tmp_path, message, tool, options):
    if tool == ATTENTION:
        options = options if 'model' in options[0] else [SAME, *options]
    assert_one_sentence(draw(tool, *options), message)
    assert not (tmp_path / 'a.png').exists()


def test_missing_files(toy_checkpoint, tmp_path):
    def fails(tool, message, *files):
        assert_one_sentence(call_tool(tool, *files, tmp_path / 'a.png'), message)

    no = tmp_path / 'no.jpg'
    fails(ATTENTION, 'There is no picture', TOY_CONFIG, toy_checkpoint, no)
    fails(ATTENTION, 'There is no checkpoint', TOY_CONFIG, no, toy_checkpoint)
    fails(BROWSE, 'There is no config', no)
    fails(SHEET, 'There is no file of annotations', no, tmp_path, no)


@pytest.mark.parametrize(
    ('tool', 'count', 'message'),
    [(PARAMETERS, 2, 'There is no checkpoint'), (BY_OKS, 3, 'There is no file of annotations')],
)
def test_commands_say_what_is_wrong(tmp_path, tool, count, message):
    result = run_tool(tool, *[tmp_path / 'no.pth'] * count, tmp_path / 'a.png')
    assert_one_sentence(result, message, 'no.pth')
