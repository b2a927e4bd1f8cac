# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from made_up_data import make_mpii
from scipy.io import savemat

from conftest import change_json
from sdpose.annotations.mpii_file import check_mpii
from sdpose.errors import InputError


@pytest.fixture
def files(tmp_path):
    make_mpii(tmp_path)
    annotations = tmp_path / 'annotations'
    return annotations / 'mpii_val.json', tmp_path / 'images', annotations / 'mpii_gt_val.mat'


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        ('image', 'läufer.jpg', "its image 'läufer.jpg' is not the name of a picture that"),
        ('image', '9.jpg', r'there is no picture .*images/9\.jpg'),
        ('center', [1, float('nan')], r'its center \[1, nan\] is not 2 finite numbers'),
        ('scale', '1', "its scale '1' is not 1 finite number"),
        ('joints', [[1, 2]] * 17, 'its joints .* is not 16 times x, y'),
        ('joints', [[1, None]] * 16, 'its joints .* is not 16 times x, y'),
        ('joints_vis', [1] * 15, 'its joints_vis .* is not 16 finite numbers'),
        ('joints_vis', None, 'it has no joints_vis'),
    ],
)
def test_wrong_persons(files, key, value, message):
    change_json(files[0], lambda p: p[1].pop(key) if value is None else p[1].update({key: value}))
    with pytest.raises(InputError, match=rf'mpii_val\.json: person 1: {message}'):
        check_mpii(*files)


@pytest.mark.parametrize('text', ['{"images": []}', '[]'])
def test_other_files(files, text):
    files[0].write_text(text)
    with pytest.raises(InputError, match='is not a list of persons'):
        check_mpii(*files)


def test_heads(files):
    check_mpii(*files)
    wrong = [np.ones((2, 2, 1)), np.ones((2, 2)), np.full((2, 2, 2), np.nan), None]
    for boxes in wrong:
        files[2].unlink()
        if boxes is not None:
            savemat(files[2], dict(headboxes_src=boxes))
        with pytest.raises(InputError, match=r'should be 2 x 2 x 2 finite numbers'):
            check_mpii(*files)
    check_mpii(*files[:2], None)
