# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Run hostile cases cheaply: everything is imported once, each case is a fork.

A supervisor makes the folder of a case, forks a process that makes it hostile, forks another that
is the tool, and looks at what that one left behind.
"""

import atexit
import contextlib
import ctypes
import faulthandler
import gc
import os
import resource
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from hostile.case import Case, Ending, judge
from hostile.left_behind import look_around, processes_of, state_of

ROOT = Path(__file__).parents[2]
GRACE = 8.0  # seconds in which what the tool started must end after it
CLONE_NEWNS = 0x20000
MOST_MEMORY = 4 * 2**30  # bytes; what reads /dev/zero to its end must not end other programs
_queue: list[tuple[Case, Path, Ending]] = []  # forks have it: functions cannot be pickled


def run_cases(cases: Sequence[Case], material: Path, jobs: int) -> Iterator[tuple[Case, Ending]]:
    """Run cases, several at a time; yield each with its ending.

    Args:
        cases: Those that expect the ``same`` have a clean run of their command first.
        material: Folder that every case gets links to.
        jobs: Cases at a time.
    """
    commands = sorted({case.command for case in cases if 'same' in case.expect})
    clean = {}
    for case, end in _run([(Case('', c, c, 'done'), material, Ending()) for c in commands], jobs):
        assert end.column == 'done', f'the clean run fails: {case.command}\n{end.why}\n{end.err}'
        clean[case.command] = end
    yield from _run([(c, material, clean.get(c.command, Ending())) for c in cases], jobs)


def _run(queue: list[tuple[Case, Path, Ending]], jobs: int) -> Iterator[tuple[Case, Ending]]:
    gc.collect()
    gc.freeze()  # or the first collection in a fork copies all pages
    _queue[:] = queue
    with ProcessPoolExecutor(jobs, get_context('fork'), own_mounts) as pool:
        futures = {pool.submit(_run_number, n): case for n, (case, *_) in enumerate(queue)}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _run_number(number: int) -> Ending:
    return run_case(*_queue[number])


@cache
def own_mounts() -> bool:
    """Take this process's mounts away from all others'; whether that is possible."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNS) != 0:
        return False
    return not subprocess.run(['mount', '--make-rprivate', '/'], check=False).returncode


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that only this process removes: tempfile's own would be removed by each fork."""
    folder, owner = Path(tempfile.mkdtemp(prefix='hostile_')), os.getpid()
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if os.getpid() == owner:
            shutil.rmtree(folder)


def run_case(case: Case, material: Path, clean: Ending) -> Ending:
    """Run a case in a folder of its own and judge it."""
    with temporary_folder() as top:
        folder, disk = top / 'case', top / 'case/disk'
        shutil.copytree(material, folder, copy_function=os.symlink)
        for made in (disk, folder / 'tmp'):
            made.mkdir()
        try:
            if case.disk:
                options = 'size=4m' if case.disk == 'ro' else case.disk
                _call('mount', '-t', 'tmpfs', '-o', options, 'none', disk)
            in_fork(case.change, folder, top / 'log')
            if case.user:
                _call('chown', '-R', '-h', case.user, top)
            if case.disk == 'ro':
                _call('mount', '-o', 'remount,ro', disk)
            before = state_of(folder)
            end = _run_tool(case, top, folder)
            look_around(end, folder, before)
            judge(case, end, clean)
        except ChildProcessError as error:
            end = Ending(err=str(error), column='otherwise', why='it could not be prepared')
        finally:
            if case.disk:
                _call('umount', '-l', disk)
        return end


def _call(*words: object) -> None:
    subprocess.run(list(map(str, words)), check=True)


def in_fork(action: Callable[[Path], object], folder: Path, log: Path) -> None:
    """Do something to a folder, in memory that is nobody's; what it says goes to a file."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            _write_to(log, log)
            action(folder)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    if os.waitpid(pid, 0)[1] != 0:
        raise ChildProcessError(log.read_text())


def _write_to(out: Path, err: Path) -> None:
    """Let this process read nothing, and write to files."""
    for number, path in enumerate((Path('/dev/null'), out, err)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), number)


def _run_tool(case: Case, top: Path, folder: Path) -> Ending:
    out, err = top / 'stdout', top / 'stderr'
    begin = time.monotonic()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _become(case, folder, out, err)
    end, is_killed = Ending(), not case.kill
    while end.status is None and end.seconds < case.seconds:
        waited, status, usage = os.wait4(pid, os.WNOHANG)
        if waited:
            end.status = os.waitstatus_to_exitcode(status)
            end.megabytes = max(0.0, usage.ru_maxrss / 1024 - _baseline())
        else:
            is_killed = is_killed or _kill(case, pid, folder, end.seconds)
            time.sleep(0.005)
        end.seconds = time.monotonic() - begin
    if end.status is None:
        os.kill(pid, signal.SIGUSR2)  # faulthandler says where it hangs
        time.sleep(0.3)
    wait_until = time.monotonic() + (GRACE if end.status is not None else 0)
    while (left := processes_of(pid)) and time.monotonic() < wait_until:
        time.sleep(0.05)
    for process in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    if end.status is None:
        os.wait4(pid, 0)
    end.left = [f'process {name}' for name in left.values()]
    texts = (path.read_text(errors='replace').replace('\0', '') for path in (out, err))
    end.out, end.err = texts
    return end


def _become(case: Case, folder: Path, out: Path, err: Path) -> None:
    """Be the tool, until its end."""
    status: object = 1
    try:
        os.setsid()
        os.chdir(folder)
        _write_to(out, err)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for signum in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.SIG_DFL)
        faulthandler.register(signal.SIGUSR2, file=2)
        os.environ['TMPDIR'] = str(folder / 'tmp')
        tempfile.tempdir = None
        most = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (most + MOST_MEMORY, most + MOST_MEMORY))
        if case.file_limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (case.file_limit, case.file_limit))
        if case.user:
            os.setresuid(case.user, case.user, case.user)
        sys.argv[:] = shlex.split(case.command)
        if sys.argv[0] == '-m':
            del sys.argv[0]
            runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
        else:
            runpy.run_path(str(ROOT / sys.argv[0]), run_name='__main__')
        status = 0
    except SystemExit as error:
        status = error.code or 0
        if isinstance(status, str):
            sys.stderr.write(status + '\n')
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(status if isinstance(status, int) else 1)


def _kill(case: Case, pid: int, folder: Path, elapsed: float) -> bool:
    """Send the signal if it is time for it."""
    signum, when = case.kill or (0, 0.0)
    is_time = elapsed >= when if isinstance(when, float) else any(folder.glob(when))
    workers = [p for p in processes_of(pid) if p != pid] if case.victim == 'worker' else [pid]
    if is_time and workers:
        kill = os.killpg if case.victim == 'group' else os.kill
        kill(min(workers), signum)
    return is_time and bool(workers)


@cache
def _baseline() -> float:
    """Megabytes of a fork that does nothing."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return os.wait4(pid, 0)[2].ru_maxrss / 1024
