# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Predictions beside the ground truth, several images on one sheet."""

import numpy as np
from matplotlib.figure import Figure
from rich.progress import track

import sdpose.plugin  # noqa: F401  lets MMPose import
from sdpose.errors import InputError
from sdpose.evaluation.oks_matches import keypoints_of
from sdpose.figures.canvas import add_color_bar, make_panels, show_picture
from sdpose.figures.options import check_finite, check_number
from sdpose.figures.results import Results, confidence_scale
from sdpose.runtime.drawing import draw_poses
from sdpose.runtime.frames import read_image

PAIRS_PER_LINE = 2
LEAST = 1e-6  # of what is drawn: v and confidence are 0 where there is no keypoint


def draw_contact_sheet(results: Results, number: int = 8, min_score: float = 0.2) -> Figure:
    """Draw images in pairs: ground truth, prediction.

    Args:
        results: Ground truth and predictions.
        number: How many images, from all over the data set.
        min_score: Predictions with a lower score are left out.

    Raises:
        InputError: There is nothing to show, a picture is missing or broken, or an option is
            wrong.
    """
    check_number(number, 'image')
    check_finite('--min-score', min_score)
    labelled = [person for person in results.truth['annotations'] if person.get('num_keypoints', 1)]
    found = [person for person in results.predictions if person.get('score', 1) >= min_score]
    image_ids = {person['image_id'] for person in labelled}
    images = [image for image in results.truth['images'] if image['id'] in image_ids]
    if not images:
        raise InputError('The annotations have no person with keypoints.')
    picks = np.linspace(0, len(images) - 1, min(number, len(images))).round().astype(int)
    rows = -(-len(picks) // PAIRS_PER_LINE)
    figure, axes = make_panels(rows, 2 * PAIRS_PER_LINE, (11.5, 2.75 * rows))
    pairs = zip(axes.reshape(-1, 2), picks, strict=False)
    for pair, pick in track(pairs, 'Drawing', total=len(picks), transient=True):
        image_id, name = images[pick]['id'], images[pick]['file_name']
        picture = read_image(results.images / name)
        for axis, kind, persons in zip(
            pair, ('ground truth', 'prediction'), (labelled, found), strict=True
        ):
            shown = [person for person in persons if person['image_id'] == image_id]
            x, y, score = np.moveaxis(keypoints_of(shown, results.metainfo['num_keypoints']), -1, 0)
            keypoints, skeleton = np.stack([x, y], axis=-1), results.metainfo['skeleton_links']
            drawn = draw_poses(picture, keypoints, score, skeleton, LEAST, legend=False)
            show_picture(axis, drawn[..., ::-1])
            axis.set_title(f'{name}: {kind}', fontsize='x-small', parse_math=False)
    add_color_bar(figure, axes, confidence_scale(), 'confidence of predictions')
    return figure
