# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
from browse_dataset import augmentation, draw, load_samples, main, parse_args, seen_region

from conftest import CONFIGS, assert_one_sentence, run_tool
from sdpose import InputError
from sdpose.cli import load_changed_config

HEATMAP = next(CONFIGS.rglob('td-hm_tokenpose-toy_*.py'))
REGRESSION = next(CONFIGS.rglob('td-reg_distilpose-toy_*.py'))


def samples_of(config, toy_coco, phase='train', num=6, seed=0):
    args = parse_args([str(config), 'a.png', '--data-root', str(toy_coco)])
    return load_samples(load_changed_config(args), phase, num, seed)


def test_what_the_network_gets(toy_coco):
    """The same as the data loader's, which packs the same samples."""
    from mmengine.runner import set_random_seed
    from mmpose.registry import DATASETS

    args = parse_args([str(HEATMAP), 'a.png', '--data-root', str(toy_coco)])
    config = load_changed_config(args)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    indices = np.random.default_rng(5).permutation(len(dataset))[:3]
    samples = load_samples(config, 'train', 3, seed=5)
    for index, (annotation, result) in zip(indices, samples, strict=True):
        set_random_seed(int(5 + index))
        packed = dataset[int(index)]
        assert annotation['img_path'] == packed['data_samples'].img_path
        assert np.array_equal(result['img'].transpose(2, 0, 1), packed['inputs'].numpy())
        heatmaps = packed['data_samples'].gt_fields.heatmaps.numpy()
        assert np.array_equal(result['heatmaps'], heatmaps)


def test_region_is_what_becomes_the_input(toy_coco):
    """Warping the region of the image on disk, by hand, gives the input."""
    samples = samples_of(HEATMAP, toy_coco)
    assert {bool(result['flip']) for _, result in samples} == {True, False}
    for annotation, result in samples:
        image = cv2.imread(annotation['img_path'])
        region = seen_region(result, image.shape[1]).astype(np.float32)
        corners = np.array([[0, 0], [96, 0], [96, 128]], dtype=np.float32)
        to_input = cv2.getAffineTransform(region[:3], corners)
        by_hand = cv2.warpAffine(image, to_input, (96, 128)).astype(int)
        assert np.abs(by_hand - result['img']).mean() < 1


def test_augmentation_in_words():
    assert augmentation(dict(flip=True, bbox_rotation=[-12.4])) == 'mirrored, rotated -12°'
    assert augmentation(dict(flip=False, bbox_rotation=[0.0])) == 'rotated +0°'
    assert augmentation({}) == 'input'


def drawn(axis):
    """Points of an axis: those that count, and the others."""
    others, counted = (np.asarray(points.get_offsets()) for points in axis.collections)
    return counted, others


def test_heatmap_sheet(toy_coco):
    samples = samples_of(HEATMAP, toy_coco, num=3)
    axes = draw(samples).axes
    assert len(axes) == 2 * 6  # two samples a line, one place is left
    for number, (annotation, result) in enumerate(samples):
        image, crop, target = axes[3 * number : 3 * number + 3]
        box, region = image.lines
        left, top, right, bottom = annotation['bbox'][0]
        assert box.get_xdata().tolist() == pytest.approx([left, right, right, left, left])
        assert box.get_ydata().tolist() == pytest.approx([top, top, bottom, bottom, top])
        assert len(region.get_xdata()) == 5

        assert np.array_equal(crop.images[0].get_array(), result['img'][..., ::-1])
        visible = result['keypoints_visible'][0] > 0
        counted, others = drawn(crop)
        np.testing.assert_allclose(counted, result['transformed_keypoints'][0][visible])
        assert len(others) == (~visible).sum()

        total = target.images[1].get_array()
        np.testing.assert_allclose(total, result['heatmaps'].sum(0))
        assert f'of {np.count_nonzero(result["keypoint_weights"])}/17' in target.get_title()


def test_regression_sheet_marks_what_does_not_count(toy_coco):
    samples = samples_of(REGRESSION, toy_coco, num=9)
    axes = draw(samples).axes
    num_others = 0
    for number, (_, result) in enumerate(samples):
        counted, others = drawn(axes[3 * number + 2])
        weights = result['keypoint_weights'][0] > 0
        labels = result['keypoint_labels'][0][weights] * [96, 128]
        np.testing.assert_allclose(counted, labels, atol=1e-4)
        assert len(others) == (~weights).sum()
        assert ((others >= 0) & (others <= [95, 127])).all()
        num_others += len(others)
    assert num_others > 0


def test_validation_has_no_targets(toy_coco):
    axes = draw(samples_of(HEATMAP, toy_coco, 'val', num=1)).axes
    assert [axis.get_title() for axis in axes[1:]] == ['input']


@pytest.mark.parametrize('config', [HEATMAP, REGRESSION])
def test_sheet_is_the_same_every_time(config, toy_coco, tmp_path):
    def sheet(name, *options):
        command = [str(config), str(tmp_path / name), '--number', '2', '--data-root', str(toy_coco)]
        main([*command, *options])
        return (tmp_path / name).read_bytes()

    first = sheet('a.png')
    assert sheet('b.png') == first
    assert sheet('c.png', '--seed', '1') != first


def test_wrong_input(toy_coco, tmp_path):
    def fails(message, *options, out='a.png', data_root=toy_coco):
        command = [str(HEATMAP), str(tmp_path / out), '--data-root', str(data_root)]
        with pytest.raises(InputError, match=message):
            main([*command, *options])

    fails('at least one sample', '--number', '0')
    fails('must end in', out='a.gif')
    fails('no data folder', data_root=tmp_path / 'no')
    fails('Did you mean train_dataloader', '--cfg-options', 'train_dataloadr.batch_size=1')


def test_command_says_what_is_wrong(tmp_path):
    result = run_tool('tools/browse_dataset.py', tmp_path / 'no.py', tmp_path / 'a.png')
    assert_one_sentence(result, 'There is no config', 'no.py')
