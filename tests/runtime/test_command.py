# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import errno

import pytest

from sdpose.errors import InputError
from sdpose.runtime.command import make_parser, parse_args_with_boxes, run_command


def ending_with(error):
    def main(arguments):
        raise error

    return main


def test_arguments_go_in_and_the_exit_status_comes_out():
    assert run_command(len, ['one', 'two', 'three']) == 3
    assert run_command(lambda arguments: None, []) == 0


@pytest.mark.parametrize(
    ('error', 'line'),
    [
        (InputError('the path is wrong'), 'Error: the path is wrong\n'),
        (PermissionError(errno.EACCES, 'Permission denied', 'a'), 'Error: a: Permission denied.\n'),
        (OSError('the disk went away'), 'Error: the disk went away\n'),
        (OSError(None, 'it went away', 'a.json'), 'Error: a.json: it went away.\n'),
        (MemoryError(), 'Error: there is too little memory for this.\n'),
        (
            ZeroDivisionError('by zero\nand more'),
            'Error: unexpected ZeroDivisionError: by zero. This may be a bug; SDPOSE_TRACEBACK=1 '
            'shows the stack trace.\n',
        ),
    ],
)
def test_what_goes_wrong_is_one_line(error, line, capsys):
    assert run_command(ending_with(error)) == 1
    assert capsys.readouterr().err == line


def test_interruption_says_that_nothing_is_lost(capsys):
    assert run_command(ending_with(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == '\nInterrupted; what was written so far is kept.\n'


def test_stack_traces_on_demand(monkeypatch):
    monkeypatch.setenv('SDPOSE_TRACEBACK', '1')
    for error in (InputError('wrong'), PermissionError(), ZeroDivisionError()):
        with pytest.raises(type(error)):
            run_command(ending_with(error))


def test_boxes_may_begin_with_a_minus():
    parser = make_parser('A command.', '')
    parser.add_argument('--bboxes', nargs='+')
    parser.add_argument('-v', action='store_true')
    args = parse_args_with_boxes(parser, ['-v', '--bboxes', '-5,10,100,200', '-.5,1,2,3'])
    assert [float(box.split(',')[0]) for box in args.bboxes] == [-5, -0.5]
    assert args.v


def test_help_ends_with_examples(capsys):
    with pytest.raises(SystemExit):
        make_parser('A command.', '  command a.jpg \\\n      --fast').parse_args(['--help'])
    assert capsys.readouterr().out.endswith('examples:\n  command a.jpg \\\n      --fast\n')
