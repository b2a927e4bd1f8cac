# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from sdpose.export.exporter import Exported
from sdpose.export.parity import Difference


def difference(**changes):
    fields = dict(
        inputs='crops',
        number=4,
        output=0.02,
        scale=2.0,
        keypoints=np.array([0.0] * 96 + [1.28] * 4),
        input_size=(96, 128),
        decoded=False,
    )
    return Difference(**{**fields, **changes})


def test_relative_to_the_scale_of_each_output():
    assert difference().relative == pytest.approx(0.01)
    assert difference(output=0).relative == 0
    # a jump of a few keypoints is not judged, that of many is
    assert difference(output=0, decoded=True).relative == 0
    many = np.array([0.0] * 90 + [1.28] * 10)
    assert difference(output=0, decoded=True, keypoints=many).relative == pytest.approx(0.01)


def test_text_names_every_number():
    text = str(difference())
    assert 'crops (4): heatmaps differ by at most 2.0e-02 (1.0e-02 of their scale 2)' in text
    assert '0.0000 px in the median' in text
    assert '1.2800 px at most' in text


def test_nan_is_no_agreement():
    nan = difference(output=float('nan'))
    lost = difference(output=0, decoded=True, keypoints=np.full(100, np.nan))
    good = difference(output=0)
    for differences in ([nan], [lost], [good, nan], [nan, good], [good, lost]):
        assert not Exported(b'', {}, differences, []).relative_difference <= 1e-4
    assert Exported(b'', {}, [good], []).relative_difference == 0
