# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import cv2
import pytest

from conftest import assert_one_sentence, call_tool, change_json

TOOL = 'tools/dataset/check_coco.py'


@pytest.fixture
def files(toy_coco, tmp_path):
    """Annotations in which somebody lacks an area and somebody has no labelled keypoint."""
    path = toy_coco / 'annotations/person_keypoints_train2017.json'
    out = tmp_path / 'ann\n.json'
    change_json(path, lambda content: content['annotations'][0].pop('area'), out)
    return out, toy_coco / 'train2017'


def test_what_is_told(files):
    path, folder = files
    result = call_tool(TOOL, path, folder)
    assert result.returncode == 0
    assert 'warning: 1 x without area' in result.stdout
    assert result.stdout.endswith('It can be trained on.\n')
    assert call_tool(TOOL, path, folder, '--strict').returncode == 1
    change_json(path, lambda c: [person.update(bbox='x\x1b') for person in c['annotations'][:3]])
    result = call_tool(TOOL, path, 'none', '--no-pictures', '--show', 2)
    assert result.returncode == 1
    first, *records = result.stdout.splitlines()[:3]
    assert first == 'error: 3 x annotation: bbox'
    assert [line.split(' (')[0] for line in records] == ['    annotation 0', '    annotation 1']
    assert result.stdout.endswith(' Training would refuse it.\n')
    assert '\x1b' not in result.stdout


def test_sheet(files, tmp_path):
    path = tmp_path / 'a/sheet.png'
    result = call_tool(TOOL, *files, '--sheet', path)
    assert (result.returncode, result.stderr) == (0, '')
    assert f'Wrote {path}.' in result.stdout
    assert cv2.imread(str(path)).std() > 10


def test_something_else(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('[]')
    assert_one_sentence(call_tool(TOOL, path, tmp_path), 'in COCO format')
    assert_one_sentence(call_tool(TOOL, tmp_path / 'none', tmp_path), 'There is no file of ann')
    assert_one_sentence(call_tool(TOOL, path, tmp_path / 'none'), 'There is no image folder')
    assert_one_sentence(call_tool(TOOL, path, tmp_path, '--sheet', 'a.x'), 'must end in .png')


@pytest.mark.parametrize(
    'options', [('--show', '-1'), ('--no-pictures', '--sheet', 'a.png'), ('--other', 'a')]
)
def test_wrong_options(files, options):
    assert call_tool(TOOL, *files, *options).returncode == 2
