# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from pathlib import Path

import pytest

from sdpose.annotations.category import only_category, read_skeleton
from sdpose.errors import InputError

PATH = Path('my.json')
PERSON = dict(id=1, name='person', keypoints=['nez', 'left_œil', 'right_œil'], skeleton=[[1, 2]])
HAND = dict(id=2, name='hand', keypoints=['thumb'])


def content_of(*categories, used=(1,), **changes):
    first, *others = categories
    return dict(
        images=[],
        annotations=[dict(category_id=number) for number in used],
        categories=[dict(first, **changes), *others],
    )


def test_names_links_and_sides_are_read():
    skeleton = read_skeleton(PATH, content_of(PERSON, HAND))
    assert skeleton.names == ('nez', 'left_œil', 'right_œil')
    assert skeleton.links == ((0, 1),)
    assert skeleton.pairs() == [(1, 2)]
    given = read_skeleton(PATH, content_of(PERSON), ['a', 'b'], [[2, 1]])
    assert given == (('a', 'b'), ((1, 0),), ())
    assert read_skeleton(PATH, content_of(PERSON), None, []).links == ()


def test_one_category_of_several():
    content = content_of(PERSON, HAND, used=(1, 2, 2))
    with pytest.raises(InputError, match=r"several categories.*'person', 'hand'.*--category"):
        read_skeleton(PATH, content)
    hands = only_category(PATH, content, 'hand')
    one = dict(HAND, id=1)  # as of predictions and detections
    assert hands == dict(images=[], annotations=[dict(category_id=1)] * 2, categories=[one])
    assert read_skeleton(PATH, hands).names == ('thumb',)
    with pytest.raises(InputError, match="no category 'cat', but 'person', 'hand'"):
        only_category(PATH, content, 'cat')
    alike = content_of(PERSON, dict(PERSON, id=2, name='child'), used=(1, 2))
    assert read_skeleton(PATH, alike).names == tuple(PERSON['keypoints'])


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(keypoints=None), r'no names of keypoints: .* --keypoints nose'),
        (dict(keypoints=[]), r'no names of keypoints'),
        (dict(keypoints='nose'), r"the keypoints 'nose', which are not all names"),
        (dict(keypoints=['a', 5]), r'not all names'),
        (dict(keypoints=['a', ' ']), r'not all names'),
        (dict(keypoints=['a', 'b\n']), r'not all names'),
        (dict(keypoints=['a', 'b', 'a']), r"two keypoints of the name 'a'"),
        *((dict(skeleton=[pair]), r'the link .*, which is no pair of two numbers from 1 to 3: mend')
          for pair in ([0, 1], [1, 4], [1, 1], [1], [1, 2, 3], [1.0, 2], ['a', 'b'], 5, None)),
        (dict(skeleton=5), 'the link 5'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(changes, message):
    with pytest.raises(InputError, match=message):
        read_skeleton(PATH, content_of(PERSON, **changes))


def test_sides_that_names_do_not_tell_are_given():
    content = content_of(dict(PERSON, keypoints=['鼻', '左目', '右目', 'l_ear', 'r_ear']))
    assert read_skeleton(PATH, content).pairs() == [(3, 4)]
    skeleton = read_skeleton(PATH, content, sides=[[2, 3]])
    assert skeleton.pairs() == [(3, 4), (1, 2)]
    for sides, message in (
        ([[2, 2]], r'--pairs has \[2, 2\], which is no pair of two numbers from 1 to 5'),
        ([[1, 4]], '--pairs has 4, l_ear, which is in another pair, or whose side its name'),
        ([[2, 3], [3, 1]], '--pairs has 3, 右目'),
    ):
        with pytest.raises(InputError, match=message):
            read_skeleton(PATH, content, sides=sides)
