# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import io

from sdpose.runtime.progress import Progress, printable


class Terminal(io.StringIO):
    """A terminal, where a carriage return goes back to the begin of the line."""

    def isatty(self):
        return True

    def lines(self):
        """What one sees."""
        seen = []
        for line in self.getvalue().split('\n'):
            shown = ''
            for text in line.split('\r'):
                shown = text + shown[len(text) :]
            seen.append(shown.rstrip())
        return seen


def test_bar_grows_on_a_terminal(monkeypatch):
    monkeypatch.setattr('sys.stderr', terminal := Terminal())
    progress = Progress(4)
    progress.show(1)
    assert terminal.lines()[-1].startswith('[########----------------------] 1/4 images, 0 s left')
    progress.show(4)
    assert terminal.lines()[-1].startswith('[##############################] 4/4 images')
    progress.end()
    assert len(terminal.lines()) == 2


def test_more_images_than_a_video_states_and_videos_that_state_none(monkeypatch):
    monkeypatch.setattr('sys.stderr', terminal := Terminal())
    progress = Progress(2)
    progress.show(3)
    assert '3/2 images, 0 s left' in terminal.lines()[-1]
    progress = Progress(0)
    progress.show(17)
    assert terminal.lines()[-1] == '17 images'


def test_skipped_things_are_lines_of_their_own_each_once(monkeypatch):
    monkeypatch.setattr('sys.stderr', terminal := Terminal())
    progress = Progress(4)
    progress.show(1)
    for name in ('a.jpg', 'b.jpg', 'a.jpg'):
        progress.skip(name, 'it is empty')
    progress.show(2)
    first, second, bar = terminal.lines()
    assert (first, second) == ('Skipped: a.jpg: it is empty.', 'Skipped: b.jpg: it is empty.')
    assert bar.startswith('[####')
    assert list(progress.skipped) == [first, second]


def test_no_bar_in_a_file(capsys):
    progress = Progress(4)
    progress.show(1)
    progress.skip('a.jpg', 'it is empty')
    progress.end()
    assert capsys.readouterr().err == 'Skipped: a.jpg: it is empty.\n'


def test_names_never_break_a_line(capsys):
    Progress(1).skip('a\n\x1b[31m\udcff.jpg', 'it is empty')
    line = 'Skipped: a\\n\\x1b[31m\\udcff.jpg: it is empty.\n'
    assert capsys.readouterr().err == line
    assert printable('ä b') == 'ä b'
