# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Poses of pictures and videos, as a user asks for them on the command line."""

import importlib.util
import json
import shutil
import signal
import sys

import cv2
import infer
import numpy as np
import pytest

from conftest import TOY_CONFIG, assert_one_sentence, run_tool
from sdpose import InputError
from sdpose.apis.frames import open_frames
from sdpose.visualization import VideoFileWriter


@pytest.fixture
def run_infer(toy_checkpoint, monkeypatch):
    """Run the tool in this process, which is quicker than a new one; return its exit status."""

    def run(source, *options):
        command = ['infer.py', source, TOY_CONFIG, toy_checkpoint, *options]
        monkeypatch.setattr(sys, 'argv', list(map(str, command)))
        handlers = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGHUP)}
        try:
            return infer.main()
        finally:
            for signum, handler in handlers.items():
                signal.signal(signum, handler)

    return run


@pytest.fixture
def truth(toy_coco):
    return toy_coco / 'annotations/person_keypoints_val2017.json'


def read(path):
    return json.loads(path.read_text())


def by_box(persons):
    return sorted(persons, key=lambda p: (p['image_id'], *np.round(p['bbox'], 1)))


def assert_same(predictions, expected):
    assert len(predictions) == len(expected)
    for ours, theirs in zip(by_box(predictions), by_box(expected), strict=True):
        assert (ours['image_id'], ours['category_id']) == (theirs['image_id'], 1)
        np.testing.assert_allclose(ours['bbox'], theirs['bbox'], atol=1e-2)
        np.testing.assert_allclose(ours['keypoints'], theirs['keypoints'], atol=1e-4)
        assert ours['score'] == pytest.approx(theirs['score'], abs=1e-4)


@pytest.mark.parametrize('with_detections', [False, True])
def test_same_predictions_as_the_test_tool(
    with_detections, toy_coco, truth, toy_checkpoint, tmp_path
):
    """Both as processes of their own; ``infer`` finds what ``test`` measures."""
    detections = next((toy_coco / 'person_detection_results').iterdir())
    evaluated = run_tool(
        'tools/test.py', TOY_CONFIG, toy_checkpoint,
        '--data-root', toy_coco, '--work-dir', tmp_path,
        '--cfg-options', f'test_evaluator.outfile_prefix={tmp_path}/test',
        'test_evaluator.nms_mode=none',
        f'test_dataloader.dataset.bbox_file={detections if with_detections else None}',
    )  # fmt: skip
    assert evaluated.returncode == 0, evaluated.stderr
    boxes = ['--bbox-file', detections if with_detections else truth, '--bbox-thr', 0]
    inferred = run_tool(
        'tools/infer.py', toy_coco / 'val2017', TOY_CONFIG, toy_checkpoint,
        *boxes, '--out-dir', tmp_path / 'out', '--batch-size', 3,
    )  # fmt: skip
    assert inferred.returncode == 0, inferred.stderr
    expected = read(tmp_path / 'test.keypoints.json')
    predictions = read(tmp_path / 'out/predictions.json')
    assert_same(predictions, expected)
    assert f'Wrote {len(expected)} poses in 4 images' in inferred.stdout


def test_photographs_with_detections(run_infer, coco_sample, tmp_path):
    """118 detections of 4 images; those above the threshold become poses."""
    detections = coco_sample / 'test_coco_det_AP_H_56.json'
    expected = [d for d in read(detections) if d['score'] >= 0.5]
    options = ('--bbox-file', detections, '--bbox-thr', 0.5, '--out-dir', tmp_path)
    assert run_infer(coco_sample, *options) == 0
    found = read(tmp_path / 'predictions.json')
    assert 4 <= len(found) == len(expected)
    for ours, theirs in zip(by_box(found), by_box(expected), strict=True):
        assert ours['image_id'] == theirs['image_id']
        np.testing.assert_allclose(ours['bbox'], theirs['bbox'], atol=1e-2)
        assert len(ours['keypoints']) == 3 * 17
    for path in coco_sample.glob('*.jpg'):
        drawn = cv2.imread(str(tmp_path / 'pictures' / path.name))
        assert drawn.shape == cv2.imread(str(path)).shape

    from pycocotools.coco import COCO

    results = COCO(str(coco_sample / 'test_coco.json')).loadRes(str(tmp_path / 'predictions.json'))
    assert len(results.anns) == len(found)


def test_boxes_of_the_command_line_get_running_ids(run_infer, toy_coco, tmp_path):
    boxes = ('--bboxes', '10,20,100,200', '60,30,90,190')
    assert run_infer(f'{toy_coco}/val2017/*.jpg', *boxes, '--out-dir', tmp_path) == 0
    found = read(tmp_path / 'predictions.json')
    assert [p['image_id'] for p in found] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert [p['bbox'] for p in found[:2]] == [[10, 20, 100, 200], [60, 30, 90, 190]]
    names = sorted(path.name for path in (toy_coco / 'val2017').iterdir())
    images = read(tmp_path / 'images.json')
    assert [(image['id'], image['file_name']) for image in images] == list(enumerate(names, 1))
    assert sorted(path.name for path in (tmp_path / 'pictures').iterdir()) == names
    # which --image-names takes again, for boxes that were made from these predictions
    options = ('--bbox-file', tmp_path / 'predictions.json', '--bbox-thr', 0)
    names = ('--image-names', tmp_path / 'images.json')
    assert run_infer(toy_coco / 'val2017', *options, *names, '--out-dir', tmp_path / 'again') == 0
    again = read(tmp_path / 'again/predictions.json')
    assert [p['keypoints'] for p in again] == [p['keypoints'] for p in found]


def test_broken_pictures_are_skipped_and_the_exit_status_says_so(
    run_infer, toy_coco, truth, tmp_path, capsys
):
    folder = tmp_path / 'val2017'
    shutil.copytree(toy_coco / 'val2017', folder)
    empty, cut, gone, whole = sorted(folder.iterdir())
    empty.write_bytes(b'')
    cut.write_bytes(cut.read_bytes()[:2000])
    gone.unlink()
    status = run_infer(folder, '--bbox-file', truth, '--out-dir', tmp_path / 'out')
    assert status == infer.SOMETHING_SKIPPED == 3
    told = capsys.readouterr().err
    assert f'Skipped: {empty.name}: the file is empty.\n' in told
    assert f'Skipped: {cut.name}: the picture is broken.\n' in told
    assert f'Skipped: {gone.name}: it cannot be read (No such file or directory).\n' in told
    assert '3 things were skipped' in told
    (image,) = read(tmp_path / 'out/images.json')
    assert image['file_name'] == whole.name
    assert {p['image_id'] for p in read(tmp_path / 'out/predictions.json')} == {image['id']}


def test_boxes_outside_are_skipped_once(run_infer, toy_coco, tmp_path, capsys):
    (picture, *_) = sorted((toy_coco / 'val2017').iterdir())
    boxes = ('--bboxes', '9000,0,10,10', '10,20,100,200')
    assert run_infer(picture, *boxes, '--out-dir', tmp_path) == 3
    assert 'Skipped: 000000500001.jpg: the box 9000,0,10,10' in capsys.readouterr().err
    assert len(read(tmp_path / 'predictions.json')) == 1


def test_box_file_with_a_broken_box_skips_that_image_alone(run_infer, truth, tmp_path, capsys):
    content = read(truth)
    first, second = content['images'][:2]
    content['images'] = [first, second]
    content['annotations'] = [a for a in content['annotations'] if a['image_id'] == second['id']]
    content['annotations'].append(dict(content['annotations'][0], image_id=first['id'], bbox=None))
    (tmp_path / 'boxes.json').write_text(json.dumps(content))
    folder = truth.parents[1] / 'val2017'
    options = ('--bbox-file', tmp_path / 'boxes.json', '--out-dir', tmp_path, '--device', 'cpu')
    assert run_infer(folder, *options) == 3
    assert f'Skipped: {first["file_name"]}: ' in capsys.readouterr().err
    assert {p['image_id'] for p in read(tmp_path / 'predictions.json')} == {second['id']}


def test_pictures_that_opencv_only_reads_are_drawn_as_png(run_infer, toy_coco, tmp_path):
    picture = next((toy_coco / 'val2017').iterdir())
    shutil.copy(picture, tmp_path / 'photo.jfif')
    assert run_infer(tmp_path / 'photo.jfif', '--whole-image', '--out-dir', tmp_path / 'out') == 0
    assert cv2.imread(str(tmp_path / 'out/pictures/photo.jfif.png')) is not None


def test_boxes_may_begin_with_a_minus(run_infer, toy_coco, tmp_path):
    picture = next((toy_coco / 'val2017').iterdir())
    options = ('--bboxes', '-5,-7.5,60,90', '1,2,60,90', '--out-dir', tmp_path, '--no-draw')
    assert run_infer(picture, *options) == 0
    boxes = [person['bbox'] for person in read(tmp_path / 'predictions.json')]
    assert boxes == [[-5, -7.5, 60, 90], [1, 2, 60, 90]]


def test_what_is_read_is_not_replaced(run_infer, truth, tmp_path):
    shutil.copy(truth, tmp_path / 'images.json')
    options = ('--bbox-file', tmp_path / 'images.json', '--out-dir', tmp_path)
    with pytest.raises(InputError, match=r'images\.json would be replaced'):
        run_infer(truth.parents[1] / 'val2017', *options)
    assert read(tmp_path / 'images.json') == read(truth)


@pytest.fixture
def video(toy_coco, tmp_path):
    """Five pictures as a video."""
    path = tmp_path / 'clip.mp4'
    pictures = sorted((toy_coco / 'train2017').iterdir())[:5]
    with VideoFileWriter(path, fps=12.5) as writer:
        for picture in pictures:
            writer.write(cv2.resize(cv2.imread(str(picture)), (240, 320)))
    return path


@pytest.mark.parametrize('video_format', ['mp4', 'mkv', 'avi'])
def test_video_round_trip(video_format, run_infer, video, tmp_path):
    out = tmp_path / 'out'
    options = ('--whole-image', '--out-dir', out, '--batch-size', 2, '--kpt-thr', 0)
    assert run_infer(video, *options, '--video-format', video_format) == 0
    source, drawn = open_frames(str(video)), open_frames(str(out / f'clip.{video_format}'))
    assert drawn.fps == source.fps == 12.5
    before, after = list(source), list(drawn)
    assert len(after) == len(before) == 5
    for old, new in zip(before, after, strict=True):
        assert new.image.shape == old.image.shape == (320, 240, 3)
        difference = np.abs(new.image.astype(int) - old.image).max(axis=2)
        assert (difference > 60).sum() > 50  # something is drawn
        assert np.median(difference) < 12  # on the same picture
    assert [p['image_id'] for p in read(out / 'predictions.json')] == [1, 2, 3, 4, 5]
    assert read(out / 'images.json')[2] == dict(
        id=3, file_name='clip.mp4', width=240, height=320, frame=2
    )


def test_webcam_is_recorded_until_ctrl_c(run_infer, monkeypatch, tmp_path):
    class Camera:
        shots = 0

        def __init__(self, number):
            assert number == 7

        def isOpened(self):  # noqa: N802
            return True

        def get(self, _):
            return 0.0

        def read(self):
            self.shots += 1
            if self.shots > 6:
                raise KeyboardInterrupt
            return True, np.full((96, 64, 3), 128, np.uint8)

        def release(self):
            pass

    with monkeypatch.context() as patch:
        patch.setattr(cv2, 'VideoCapture', Camera)
        with pytest.raises(KeyboardInterrupt):
            run_infer('7', '--whole-image', '--out-dir', tmp_path, '--batch-size', 1)
    assert len(read(tmp_path / 'predictions.json')) == 5  # the sixth was waiting for its batch
    assert len(list(open_frames(str(tmp_path / 'webcam7.mp4')))) == 5


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ((), 'in one way where the persons are.*Given: none'),
        (('--whole-image', '--bboxes', '1,2,3,4'), 'Given: --bboxes and --whole-image'),
        (('--bboxes', '1,2,3'), "The box '1,2,3' is not four numbers"),
        (('--bboxes', '1,2,3,0'), 'no positive width and height'),
        (('--bbox-file', 'nowhere.json'), r'There is no file nowhere\.json'),
        (('--whole-image', '--image-names', 'a.json'), '--image-names says'),
        (('--det-config', 'a.py'), '--det-config and --det-checkpoint go together'),
        (('--whole-image', '--det-checkpoint', 'a.pth'), 'go together'),
        (('--whole-image', '--device', 'gpu'), 'There is no device gpu'),
        (('--whole-image', '--test-cycles', '0'), '0 test cycles'),
        (('--whole-image', '--batch-size', '0'), 'batch size of 0'),
    ],
    ids=str,
)
def test_wrong_options(options, message, run_infer, toy_coco, tmp_path):
    with pytest.raises(InputError, match=message):
        run_infer(toy_coco / 'val2017', *options, '--out-dir', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


@pytest.mark.skipif(importlib.util.find_spec('mmdet') is not None, reason='mmdet is installed')
def test_missing_mmdet(run_infer, toy_coco):
    with pytest.raises(InputError, match='needs mmdet'):
        run_infer(toy_coco / 'val2017', '--det-config', 'a.py', '--det-checkpoint', 'a.pth')


def test_wrong_inputs(run_infer, video, truth, tmp_path):
    with pytest.raises(InputError, match='There is no picture, folder or video nowhere'):
        run_infer('nowhere', '--whole-image')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(InputError, match='has no pictures'):
        run_infer(tmp_path / 'empty', '--whole-image')
    with pytest.raises(InputError, match=r'None of the 4 pictures of'):
        run_infer(tmp_path / 'empty', '--bbox-file', truth)
    with pytest.raises(InputError, match='--bbox-file has boxes of pictures'):
        run_infer(video, '--bbox-file', truth)


def test_errors_are_one_sentence(toy_coco, toy_checkpoint, tmp_path):
    command = ('tools/infer.py', toy_coco / 'val2017')
    options = ('--whole-image', '--out-dir', tmp_path)
    missing = run_tool(*command, TOY_CONFIG, 'nowhere.pth', *options)
    assert_one_sentence(missing, 'There is no checkpoint nowhere.pth')
    missing = run_tool(*command, 'nowhere.py', toy_checkpoint, *options)
    assert_one_sentence(missing, 'There is no config nowhere.py')


def test_help_has_examples_and_the_exit_status():
    result = run_tool('tools/infer.py', '--help')
    assert result.returncode == 0
    assert 'python tools/infer.py' in result.stdout
    assert 'exit status:' in result.stdout
