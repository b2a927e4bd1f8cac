# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from sdpose.evaluation.calibration import calibrate


def test_error_and_bins():
    scores = np.array([-0.5, 0.05, 0.31, 0.39, 1.0, 7.0])
    found = calibrate(scores, scores)
    assert found['error'] == 0
    assert [part['number'] for part in found['bins']] == [2, 0, 0, 2, 0, 0, 0, 0, 0, 2]
    off = calibrate(np.array([0.9, 0.9, 0.9, 0.2]), np.array([0.6, 0.7, 0.8, 0.3]))
    assert off['error'] == pytest.approx(0.75 * 0.2 + 0.25 * 0.1)
    assert off['bins'][9]['quality'] == pytest.approx(0.7)
    assert calibrate(np.empty(0), np.empty(0))['error'] is None
