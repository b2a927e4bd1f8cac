# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import set_random_seed
from mmpose.registry import DATASETS, KEYPOINT_CODECS

from conftest import CONFIGS
from sdpose.engine.config_file import replace_data_root
from sdpose.errors import InputError
from sdpose.figures.dataset_samples import augmentation, draw_samples, load_samples, seen_region

HEATMAP = next(CONFIGS.rglob('td-hm_tokenpose-toy_*.py'))
REGRESSION = next(CONFIGS.rglob('td-reg_distilpose-toy_*.py'))


def read_config(path, toy_coco):
    config = Config.fromfile(path)
    replace_data_root(config, str(toy_coco))
    return config


def samples_of(path, toy_coco, phase='train', number=6, seed=0):
    return load_samples(read_config(path, toy_coco), phase, number, seed)


def test_what_the_network_gets(toy_coco):
    """The same as the data loader's, which packs the same samples."""
    config = read_config(HEATMAP, toy_coco)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    indices = np.random.default_rng(5).permutation(len(dataset))[:3]
    samples = load_samples(config, 'train', 3, seed=5)
    for index, (annotation, result) in zip(indices, samples, strict=True):
        set_random_seed(int(5 + index))
        packed = dataset[int(index)]
        assert annotation['img_path'] == packed['data_samples'].img_path
        assert np.array_equal(result['img'].transpose(2, 0, 1), packed['inputs'].numpy())
        labels = packed['data_samples'].gt_instance_labels
        assert np.array_equal(result['input_keypoints'], labels.input_keypoints.numpy())
        drawn_by_mmpose = KEYPOINT_CODECS.build(config.codec).encode(
            result['transformed_keypoints'], result['keypoints_visible']
        )
        np.testing.assert_allclose(result['heatmaps'], drawn_by_mmpose['heatmaps'], atol=1e-6)


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
    samples = samples_of(HEATMAP, toy_coco, number=3)
    axes = draw_samples(samples).axes
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
    samples = samples_of(REGRESSION, toy_coco, number=9)
    axes = draw_samples(samples).axes
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
    axes = draw_samples(samples_of(HEATMAP, toy_coco, 'val', number=1)).axes
    assert [axis.get_title() for axis in axes[1:]] == ['input']


def test_a_sample_is_augmented_the_same_whatever_the_number(toy_coco):
    few, more = (samples_of(HEATMAP, toy_coco, number=number) for number in (2, 5))
    for (annotation, result), (same, also) in zip(few, more[:2], strict=True):
        assert annotation['id'] == same['id']
        assert np.array_equal(result['img'], also['img'])
    others = samples_of(HEATMAP, toy_coco, number=2, seed=1)
    assert [a['id'] for a, _ in others] != [a['id'] for a, _ in few]


def test_what_cannot_be_shown(toy_coco):
    def fails(message, phase='train', number=1, seed=0, data_root=toy_coco, **changes):
        config = read_config(HEATMAP, data_root)
        config.merge_from_dict(changes)
        with pytest.raises(InputError, match=message):
            load_samples(config, phase, number, seed)

    fails('at least one sample', number=0)
    fails('no more than 400 fit a sheet', number=100_000)
    fails('must not be negative', seed=-1)
    fails('no data folder', data_root=toy_coco / 'no')
    fails('has no extra_dataloader', phase='extra')
