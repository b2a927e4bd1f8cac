# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Poses of pictures and videos, as a user asks for them on the command line.

``tools/infer.py`` and ``python -m sdpose.runtime`` (``tools/infer_onnx.py``) differ in how the
model is made. What both have is tested with the second, which starts sooner.
"""

import importlib.util
import json
import re
import shutil
import signal
from contextlib import closing

import cv2
import numpy as np
import pytest
from peaked_model import save_peaked_weights
from pycocotools.coco import COCO

from conftest import TOY_CONFIG, assert_one_sentence, call_tool, load_main, run_tool
from sdpose.runtime.__main__ import main as runtime
from sdpose.runtime.frames import open_frames
from sdpose.runtime.person_boxes import PersonBoxes
from sdpose.runtime.video_writer import VideoFileWriter

NO_FLIP = ('--device', 'cpu', '--cfg-options', 'model.test_cfg.flip_test=False')


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """A trained model: its checkpoint, model.onnx beside it."""
    return save_peaked_weights(tmp_path_factory.mktemp('weights'))


@pytest.fixture(scope='module')
def run_torch(weights):
    """``tools/infer.py``, of which the last words are those of NO_FLIP."""
    return lambda *words: call_tool('tools/infer.py', TOY_CONFIG, weights, *words, *NO_FLIP)


@pytest.fixture(scope='module')
def run(weights):
    """``python -m sdpose.runtime``."""
    return lambda *words: call_tool(runtime, weights.with_name('model.onnx'), *words)


@pytest.fixture(scope='module')
def truth(toy_coco):
    return toy_coco / 'annotations/person_keypoints_val2017.json'


@pytest.fixture(scope='module')
def photos(toy_coco):
    """Four pictures."""
    return sorted((toy_coco / 'val2017').iterdir())


@pytest.fixture(scope='module')
def mixed(photos, tmp_path_factory):
    """A folder with all that people have in folders."""
    folder = tmp_path_factory.mktemp('mixed')
    first, second, third, _ = map(cv2.imread, map(str, photos))
    cv2.imwrite(str(folder / '1.jpg'), first)
    cv2.imwrite(str(folder / '2.png'), second)
    cv2.imwrite(str(folder / '3.pgm'), cv2.cvtColor(third, cv2.COLOR_BGR2GRAY))
    (folder / '4.jpg').write_bytes((folder / '1.jpg').read_bytes()[:2000])
    (folder / '5.jpg').touch()
    (folder / 'clip.gif').write_bytes(b'GIF89a')
    (folder / 'street.jpg').write_bytes((folder / '1.jpg').read_bytes())
    (folder / 'notes.txt').write_text('no picture')
    return folder


@pytest.fixture(scope='module')
def detections(tmp_path_factory):
    """Boxes of the pictures in that folder, some of which are none."""
    boxes = {
        1: [[30, 40, 70.5, 160], [1, 2], [100, 20, 90, 90], 'abcd', [9000, 0, 10, 10]],
        2: [[20, 30, 120, 200], [10, 10, 0, 90]],
        3: [[40, 50, 80, 120]],
    }
    entries = [
        dict(image_id=number, category_id=1, bbox=box, score=0.9)
        for number, of_image in boxes.items()
        for box in of_image
    ]
    entries.append(dict(entries[0], score=0.1))
    path = tmp_path_factory.mktemp('boxes') / 'detections.json'
    path.write_text(json.dumps(entries))
    return path


@pytest.fixture(scope='module')
def video(photos, tmp_path_factory):
    """Five frames, in which a picture moves to the right."""
    path = tmp_path_factory.mktemp('video') / 'clip.mp4'
    frame = cv2.resize(cv2.imread(str(photos[0])), (240, 320))
    with closing(VideoFileWriter(path, fps=12.5)) as writer:
        for number in range(5):
            writer.write(np.roll(frame, 6 * number, axis=1))
    return path


def read(path):
    return json.loads(path.read_text())


def by_box(persons):
    return sorted(persons, key=lambda p: (p['image_id'], *np.round(p['bbox'], 1)))


def assert_same_persons(predictions, expected, pixels=1e-4):
    assert len(predictions) == len(expected)
    for ours, theirs in zip(by_box(predictions), by_box(expected), strict=True):
        assert (ours['image_id'], ours['category_id']) == (theirs['image_id'], 1)
        np.testing.assert_allclose(ours['bbox'], theirs['bbox'], atol=1e-2)
        first, second = (np.reshape(p['keypoints'], (-1, 3)) for p in (ours, theirs))
        np.testing.assert_allclose(first[:, :2], second[:, :2], atol=pixels)
        np.testing.assert_allclose(first[:, 2], second[:, 2], atol=1e-4)
        assert ours['score'] == pytest.approx(theirs['score'], abs=1e-4)


def assert_same_picture(first, second):
    """Rounding may put a line one pixel further, which compression spreads."""
    assert first.shape == second.shape
    assert (np.abs(first.astype(int) - second).max(axis=2) > 40).mean() < 0.002


def test_both_commands_do_the_same(
    run_torch, run, mixed, detections, truth, photos, video, tmp_path, monkeypatch
):
    boxes = ('--bboxes', '-5,-7.5,160,190', '9000,0,10,10', '1,2,160,190')
    annotations = read(truth)['annotations']
    annotated = sum(bool(a['num_keypoints'] and not a['iscrowd']) for a in annotations)
    cases = {  # words, exit status, poses, names of what is drawn
        'detections': (
            (mixed, '--bbox-file', detections, '--bbox-thr', 0.4),
            (3, 4, ['pictures/1.jpg', 'pictures/2.png', 'pictures/3.pgm.png']),
        ),
        'ground truth': (
            (truth.parents[1] / 'val2017', '--bbox-file', truth),
            (0, annotated, [f'pictures/{photo.name}' for photo in photos]),
        ),
        'given boxes': (
            (mixed / '3.pgm', mixed / 'missing.jpg', f'{mixed}/*.png', *boxes, '--kpt-thr', 0.9),
            (3, 4, ['pictures/2.png', 'pictures/3.pgm.png']),
        ),
        'whole images': (
            (mixed, '--whole-image', '--batch-size', 2),
            (3, 4, [f'pictures/{name}' for name in ('1.jpg', '2.png', '3.pgm.png', 'street.jpg')]),
        ),
        'no drawing': ((photos[0], '--whole-image', '--no-draw'), (0, 1, [])),
        'video': ((video, *boxes[:2], '--video-format', 'mkv'), (0, 5, ['clip.mkv'])),
    }
    for case, (words, (status, poses, drawn)) in cases.items():
        results = []
        for name, command in (('torch', run_torch), ('onnx', run)):
            folder = tmp_path / case / name
            folder.mkdir(parents=True)
            monkeypatch.chdir(folder)  # so that messages have the same paths
            results.append(command(*words, '--out-dir', 'out'))
            assert results[-1].returncode == status, case + results[-1].stderr
        torch, onnx = results
        assert torch.stderr == onnx.stderr
        lines = [re.sub(r'[\d.]+ ms a person', 'SOME', result.stdout) for result in results]
        assert lines[0] == lines[1]
        assert f'Wrote {poses} poses in ' in torch.stdout, case
        assert_same_files(*(tmp_path / case / name / 'out' for name in ('torch', 'onnx')), drawn)


def assert_same_files(first, second, drawn):
    names = ['images.json', 'predictions.json', *drawn]
    for folder in (first, second):
        found = [path.relative_to(folder) for path in folder.rglob('*') if path.is_file()]
        assert sorted(map(str, found)) == sorted(names)
    assert read(first / 'images.json') == read(second / 'images.json')
    predictions = [read(folder / 'predictions.json') for folder in (first, second)]
    assert_same_persons(*predictions, pixels=0.01)
    for name in drawn:
        frames = [list(open_frames([str(folder / name)])) for folder in (first, second)]
        for one, other in zip(*frames, strict=True):
            assert_same_picture(one.image, other.image)


@pytest.mark.parametrize('with_detections', [False, True])
def test_same_predictions_as_the_test_tool(
    with_detections, toy_coco, truth, toy_checkpoint, tmp_path
):
    """``infer`` finds what ``test`` measures."""
    detected = next((toy_coco / 'person_detection_results').iterdir())
    evaluated = call_tool(
        'tools/test.py', TOY_CONFIG, toy_checkpoint,
        '--data-root', toy_coco, '--work-dir', tmp_path,
        '--cfg-options', f'test_evaluator.outfile_prefix={tmp_path}/test',
        'test_evaluator.nms_mode=none', 'test_dataloader.num_workers=0',
        'test_dataloader.persistent_workers=False',
        f'test_dataloader.dataset.bbox_file={detected if with_detections else None}',
    )  # fmt: skip
    assert evaluated.returncode == 0, evaluated.stderr
    # once as a process of its own
    start = call_tool if with_detections else run_tool
    inferred = start(
        'tools/infer.py', TOY_CONFIG, toy_checkpoint, toy_coco / 'val2017',
        '--bbox-file', detected if with_detections else truth, '--bbox-thr', 0,
        '--out-dir', tmp_path / 'out', '--batch-size', 3,
    )  # fmt: skip
    assert inferred.returncode == 0, inferred.stderr
    expected = read(tmp_path / 'test.keypoints.json')
    assert_same_persons(read(tmp_path / 'out/predictions.json'), expected)
    assert f'Wrote {len(expected)} poses in 4 images' in inferred.stdout


def test_photographs_with_detections(run, coco_sample, tmp_path):
    """118 detections of 4 images; those above the threshold become poses."""
    detected = coco_sample / 'test_coco_det_AP_H_56.json'
    expected = [d for d in read(detected) if d['score'] >= 0.5]
    options = ('--bbox-file', detected, '--bbox-thr', 0.5, '--out-dir', tmp_path)
    assert run(coco_sample, *options).returncode == 0
    found = read(tmp_path / 'predictions.json')
    assert 4 <= len(found) == len(expected)
    for ours, theirs in zip(by_box(found), by_box(expected), strict=True):
        assert ours['image_id'] == theirs['image_id']
        np.testing.assert_allclose(ours['bbox'], theirs['bbox'], atol=1e-2)
        assert len(ours['keypoints']) == 3 * 17
    for path in coco_sample.glob('*.jpg'):
        drawn = cv2.imread(str(tmp_path / 'pictures' / path.name))
        assert drawn.shape == cv2.imread(str(path)).shape
    results = COCO(str(coco_sample / 'test_coco.json')).loadRes(str(tmp_path / 'predictions.json'))
    assert len(results.anns) == len(found)


def test_images_get_running_ids_which_boxes_may_refer_to(run, photos, tmp_path):
    boxes = ('--bboxes', '-5,-7.5,100,200', '60,30,90,190')
    pattern = f'{photos[0].parent}/*.jpg'
    assert run(pattern, *boxes, '--out-dir', tmp_path).returncode == 0
    found = read(tmp_path / 'predictions.json')
    assert [p['image_id'] for p in found] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert [p['bbox'] for p in found[:2]] == [[-5, -7.5, 100, 200], [60, 30, 90, 190]]
    names = [photo.name for photo in photos]
    images = read(tmp_path / 'images.json')
    assert [(image['id'], image['file_name']) for image in images] == list(enumerate(names, 1))
    assert sorted(path.name for path in (tmp_path / 'pictures').iterdir()) == names
    # which --image-names takes again, for boxes that were made from these predictions
    options = ('--bbox-file', tmp_path / 'predictions.json', '--bbox-thr', 0)
    options += ('--image-names', tmp_path / 'images.json', '--out-dir', tmp_path / 'again')
    assert run(photos[0].parent, *options).returncode == 0
    again = read(tmp_path / 'again/predictions.json')
    assert [p['keypoints'] for p in again] == [p['keypoints'] for p in found]


def test_what_is_broken_is_skipped_and_the_rest_done(run, mixed, detections, tmp_path):
    words = (mixed, mixed / '6.jpg', '--bbox-file', detections, '--out-dir', tmp_path)
    result = run(*words)
    assert result.returncode == 3
    assert result.stderr.splitlines() == [
        'Skipped: 1.jpg: the box [1, 2] is not four numbers x,y,w,h.',
        "Skipped: 1.jpg: the box 'abcd' is not four numbers x,y,w,h.",
        'Skipped: 1.jpg: the box 9000,0,10,10 (x,y,w,h) lies outside the image of '
        f'{cv2.imread(str(mixed / "1.jpg")).shape[1]}x{cv2.imread(str(mixed / "1.jpg")).shape[0]}.',
        'Skipped: 2.png: the box 10,10,0,90 (x,y,w,h) has no positive width and height.',
        'Skipped: 4.jpg: the picture is broken.',
        'Skipped: 5.jpg: the file is empty.',
        'Skipped: 6.jpg: it cannot be read (No such file or directory).',
        'Skipped: clip.gif: it is a video, which has to be given by itself.',
        f'Skipped: street.jpg: {detections} does not say where its persons are.',
        '9 things were skipped, see above.',
    ]
    # what is left of a picture's boxes is done
    assert [p['image_id'] for p in read(tmp_path / 'predictions.json')] == [1, 1, 2, 3]


def test_pictures_of_a_ground_truth_that_are_gone_are_skipped(run, photos, truth, tmp_path):
    folder = tmp_path / 'val2017'
    shutil.copytree(photos[0].parent, folder)
    (folder / photos[1].name).unlink()
    result = run(folder, '--bbox-file', truth, '--out-dir', tmp_path / 'out')
    assert result.returncode == 3
    gone = f'Skipped: {photos[1].name}: it cannot be read (No such file or directory).'
    assert result.stderr.splitlines() == [gone, '1 things were skipped, see above.']
    images = read(tmp_path / 'out/images.json')
    assert [i['file_name'] for i in images] == [photos[n].name for n in (0, 2, 3)]


@pytest.mark.parametrize('name', ['images', 'predictions'])
def test_what_is_read_is_not_replaced(name, run, photos, truth, weights, tmp_path):
    # a file of boxes
    shutil.copy(truth, tmp_path / f'{name}.json')
    options = ('--bbox-file', tmp_path / f'{name}.json', '--out-dir', tmp_path)
    message = f'would replace the input {tmp_path}/{name}.json'
    assert_one_sentence(run(photos[0].parent, *options), message)
    assert read(tmp_path / f'{name}.json') == read(truth)
    # the description of a model
    model = tmp_path / f'{name}.onnx'
    shutil.copy(weights.with_name('model.onnx'), model)
    shutil.copy(weights.with_name('model.json'), tmp_path / f'{name}.json')
    result = call_tool(runtime, model, photos[0], '--whole-image', '--out-dir', tmp_path)
    assert_one_sentence(result, message)
    # a picture
    (tmp_path / 'pictures').mkdir()
    shutil.copy(photos[0], tmp_path / 'pictures')
    picture = tmp_path / 'pictures' / photos[0].name
    result = run(picture, '--whole-image', '--out-dir', tmp_path)
    assert_one_sentence(result, f'would replace the input {picture}')
    assert picture.read_bytes() == photos[0].read_bytes()


@pytest.mark.parametrize('video_format', ['mp4', 'mkv', 'avi'])
def test_video_round_trip(video_format, run, video, tmp_path):
    options = ('--whole-image', '--out-dir', tmp_path, '--batch-size', 2, '--kpt-thr', 0)
    assert run(video, *options, '--video-format', video_format).returncode == 0
    source, drawn = open_frames([str(video)]), open_frames([f'{tmp_path}/clip.{video_format}'])
    assert drawn.fps == source.fps == 12.5
    before, after = list(source), list(drawn)
    assert len(after) == len(before) == 5
    for old, new in zip(before, after, strict=True):
        assert new.image.shape == old.image.shape == (320, 240, 3)
        difference = np.abs(new.image.astype(int) - old.image).max(axis=2)
        assert (difference > 60).sum() > 50  # something is drawn
        assert np.median(difference) < 12  # on the same picture
    assert [p['image_id'] for p in read(tmp_path / 'predictions.json')] == [1, 2, 3, 4, 5]
    record = dict(id=3, file_name='clip.mp4', width=240, height=320, frame=2)
    assert read(tmp_path / 'images.json')[2] == record


def test_the_same_complaint_about_every_frame_is_told_once(run, video, tmp_path):
    result = run(video, '--bboxes', '9000,0,10,10', '10,20,99,99', '--out-dir', tmp_path)
    assert result.returncode == 3
    outside = 'Skipped: clip.mp4: the box 9000,0,10,10 (x,y,w,h) lies outside the image of 240x320.'
    assert result.stderr.splitlines() == [outside, '1 things were skipped, see above.']
    assert len(read(tmp_path / 'predictions.json')) == 5


@pytest.mark.parametrize('signum', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_camera_is_recorded_until_the_end_of_the_program(signum, run, monkeypatch, tmp_path):
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
            assert self.shots < 99, 'the signal was not heard'
            if self.shots > 6:
                signal.raise_signal(signum)
            return True, np.full((96, 64, 3), 128, np.uint8)

        def release(self):
            pass

    # as in a terminal; under nohup, and in the background, some are ignored
    defaults = dict.fromkeys((signal.SIGTERM, signal.SIGHUP), signal.SIG_DFL)
    defaults[signal.SIGINT] = signal.default_int_handler
    before = {name: signal.signal(name, handler) for name, handler in defaults.items()}
    handlers = [signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGHUP)]
    with monkeypatch.context() as patch:
        patch.setattr(cv2, 'VideoCapture', Camera)
        result = run('7', '--whole-image', '--out-dir', tmp_path, '--batch-size', 1)
    ended = [signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGHUP)]
    for name, handler in before.items():
        signal.signal(name, handler)
    assert result.returncode == 130
    assert 'Interrupted; what was written so far is kept.' in result.stderr
    assert len(read(tmp_path / 'predictions.json')) == 5  # the sixth was waiting for its batch
    assert len(list(open_frames([str(tmp_path / 'webcam7.mp4')]))) == 5
    assert handlers == ended


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (('--bboxes', '1,2,3'), "The box '1,2,3' is not four numbers"),
        (('--bboxes', '1,2,3,0'), 'no positive width and height'),
        (('--bbox-file', 'nowhere.json'), 'There is no file nowhere.json'),
        (('--bbox-file', '.'), '. is a folder, not a file'),
        (('--bbox-file', ''), '. is a folder, not a file'),
        (('--whole-image', '--image-names', 'a.json'), '--image-names says'),
        (('--whole-image', '--batch-size', 0), 'batch size of 0'),
        (('--whole-image', '--batch-size', 10**9), 'it must be 1 to 1024'),
        (('--whole-image', '--kpt-thr', 'nan'), '--kpt-thr nan: scores are between 0 and 1'),
        (('--whole-image', '--kpt-thr', '2'), '--kpt-thr 2.0'),
        (('--whole-image', '--bbox-thr', 'inf'), '--bbox-thr inf'),
    ],
    ids=str,
)
def test_wrong_options(options, message, run_torch, run, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (run_torch, run):
        assert_one_sentence(command(photos[0].parent, *options), message)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ((), 'one of the arguments --whole-image --bboxes --bbox-file'),
        (('--whole-image', '--bboxes', '1,2,3,4'), 'not allowed with argument --whole-image'),
        (('--bbox-file', 'a.json', '--whole-image'), 'not allowed with argument --bbox-file'),
        (('--whole-image', '--test-cycles', '2'), 'unrecognized arguments'),
    ],
    ids=str,
)
def test_wrong_command_lines(options, message, run_torch, run, photos):
    for command in (run_torch, run):
        result = command(photos[0].parent, *options)
        assert result.returncode == 2
        assert message in result.stderr


def test_wrong_inputs(run, photos, video, truth, tmp_path):
    (tmp_path / 'empty').mkdir()
    for words, message in (
        (('nowhere', '--whole-image'), 'There is no picture, folder or video nowhere'),
        ((tmp_path / 'empty', '--whole-image'), 'There is no picture in'),
        ((tmp_path / 'empty', '--bbox-file', truth), 'None of the 4 pictures of'),
        ((video, '--bbox-file', truth), '--bbox-file has boxes of pictures'),
        ((video, photos[0], '--whole-image'), 'which has to be given by itself'),
    ):
        assert_one_sentence(run(*words, '--out-dir', tmp_path / 'out'), message)
    assert not (tmp_path / 'out').exists()
    (tmp_path / 'file').touch()
    result = run(photos[0], '--whole-image', '--out-dir', tmp_path / 'file')
    assert_one_sentence(result, f'{tmp_path}/file/predictions.json: it cannot be written')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (('--det-config', 'a.py'), '--det-config and --det-checkpoint go together'),
        (('--whole-image', '--det-checkpoint', 'a.pth'), 'go together'),
        (('--whole-image', '--device', 'gpu'), 'There is no device gpu'),
        (('--whole-image', '--cfg-options', 'model.neck.test_cycles=0'), 'whole number from 1'),
        (('--whole-image', '--cfg-options', 'model.nekc.depth=1'), 'Did you mean neck'),
    ],
    ids=str,
)
def test_wrong_options_of_the_torch_model(options, message, weights, photos, tmp_path):
    words = (TOY_CONFIG, weights, photos[0], *options, '--out-dir', tmp_path / 'out')
    assert_one_sentence(call_tool('tools/infer.py', *words), message)
    assert not (tmp_path / 'out').exists()


def test_wrong_files_of_the_torch_model(toy_checkpoint, photos):
    for files, message in (
        ((TOY_CONFIG, 'nowhere.pth'), 'There is no checkpoint nowhere.pth'),
        (('nowhere.py', toy_checkpoint), 'There is no config nowhere.py'),
        ((toy_checkpoint, TOY_CONFIG), 'is no config file. Configs (.py) come before other files'),
    ):
        result = call_tool('tools/infer.py', *files, photos[0], '--whole-image')
        assert_one_sentence(result, message)


@pytest.mark.skipif(importlib.util.find_spec('mmdet') is not None, reason='mmdet is installed')
def test_missing_mmdet(run_torch, photos):
    result = run_torch(photos[0], '--det-config', 'a.py', '--det-checkpoint', 'a.pth')
    assert_one_sentence(result, 'needs mmdet')


def test_detector_says_where_the_persons_are(run_torch, photos, tmp_path, monkeypatch):
    """With a stand-in; the detector itself is tested in tests/apis."""

    def detector(*made_of):
        assert made_of == ('det.py', 'det.pth', 'cpu', 0.6)
        return lambda frame: (PersonBoxes.of([[10, 20, 99, 99]], [0.5]), ['the third is none'])

    monkeypatch.setitem(load_main('tools/infer.py').__globals__, 'PersonDetector', detector)
    words = ('--det-config', 'det.py', '--det-checkpoint', 'det.pth', '--bbox-thr', 0.6)
    result = run_torch(photos[0], *words, '--out-dir', tmp_path)
    assert result.returncode == 3
    assert f'Skipped: {photos[0].name}: the third is none.' in result.stderr
    (person,) = read(tmp_path / 'predictions.json')
    assert person['bbox'] == [10, 20, 99, 99]
    assert 0.3 < person['score'] < 0.6  # half of the mean of the keypoints', which are about 1


def test_help_has_examples_and_the_exit_status():
    for command, start in (
        ('tools/infer.py', 'python tools/infer.py CONFIG CHECKPOINT'),
        (runtime, 'python -m sdpose.runtime model.onnx'),
    ):
        result = call_tool(command, '--help')
        assert result.returncode == 0
        assert f'examples:\n  {start}' in result.stdout
        assert 'exit status:' in result.stdout


def test_files_whose_boxes_belong_to_nothing(run, photos, detections, tmp_path):
    def boxes(**changes):
        path = tmp_path / 'boxes.json'
        path.write_text(json.dumps([dict(entry, **changes) for entry in read(detections)]))
        return ('--bbox-file', path, '--out-dir', tmp_path / 'out')

    for changes, message in (
        (
            dict(score=0.1),
            'no box that can be used. It lists 9 detections: 9 with a score below 0.3',
        ),
        ({}, 'says of none of the 4 pictures where its persons are: the id of 000000500001.jpg'),
    ):
        assert_one_sentence(run(photos[0].parent, *boxes(**changes)), 'boxes.json', message)
    assert not (tmp_path / 'out').exists()


def test_one_bad_box_costs_no_other(run_torch, run, photos, tmp_path):
    good = dict(image_id=500001, category_id=1, bbox=[30, 40, 70.5, 160], score=0.9)
    sizes = (1e-30, 1e6, 1e38, 10**399, None, [1], {'a': 1})
    entries = [good, *(dict(good, bbox=[10, 10, size, size]) for size in sizes)]
    entries += [dict(good, score=float('inf')), dict(good, image_id=None)]
    (tmp_path / 'boxes.json').write_text(json.dumps(entries))
    words = (photos[0], '--bbox-file', tmp_path / 'boxes.json', '--out-dir', tmp_path / 'out')
    for command in (run_torch, run):
        result = command(*words)
        assert result.returncode == 3
        assert result.stderr.count('Skipped: ') == len(entries) - 2
        persons = read(tmp_path / 'out/predictions.json')
        assert [p['bbox'][2] for p in persons] == [70.5, 1e6]


def test_nothing_left_of_what_is_broken_is_an_error(run, photos, tmp_path):
    result = run(photos[0], '--bboxes', '9000,0,10,10', '--out-dir', tmp_path)
    assert_one_sentence(result, 'No pose is found')
    assert result.stderr.startswith('Skipped: ')
    assert read(tmp_path / 'predictions.json') == []


def test_names_of_any_bytes_and_length(run, photos, tmp_path):
    (tmp_path / 'in').mkdir()
    names = ['a\n\udcff.jpg', 'b' * 250 + '.jpg']
    for name in names:
        shutil.copy(photos[0], tmp_path / 'in' / name)
    (tmp_path / 'in/c\n.jpg').symlink_to('nowhere')
    out = tmp_path / 'out\udcff'
    result = run(tmp_path / 'in', '--whole-image', '--out-dir', out)
    assert result.returncode == 3
    assert 'Skipped: c\\n.jpg: it cannot be read (No such file or directory).' in result.stderr
    assert '\\udcff/predictions.json' in result.stdout
    assert [image['file_name'] for image in read(out / 'images.json')] == names
    assert all((out / 'pictures' / name).exists() for name in names)


@pytest.mark.parametrize(
    ('out', 'message'),
    [
        ('/proc/sdpose', '/proc/sdpose/predictions.json: it cannot be written'),
        ('/dev/full', '/dev/full/predictions.json: it cannot be written'),
    ],
)
def test_places_that_nothing_can_be_written_to(out, message, run, photos):
    assert_one_sentence(run(photos[0], '--whole-image', '--out-dir', out), message)
