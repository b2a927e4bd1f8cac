# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the fuzzers share: atheris (requirements/fuzz.txt), seeds, and what counts as a finding.

A fuzzer is a program of this folder, not a test that pytest collects::

    with fuzzing.instrumented('sdpose.runtime', 'pickle'):
        from sdpose.runtime... import reader
    fuzzing.run(reader_of_bytes, {'small.json': b'...'})

A finding is any exception but ``InputError``, a message of more than one line, more than
``--rss-mb`` of memory, or more than ``--seconds-each`` for one input.
"""

import argparse
import contextlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import atheris

from sdpose.errors import InputError

sys.path.append(str(Path(__file__).parents[1]))  # what the tests share
LONGEST_MESSAGE = 1000  # characters


@contextlib.contextmanager
def instrumented(*modules: str) -> Iterator[None]:
    """Let what is imported within tell the fuzzer which of its branches an input took.

    Args:
        modules: Names of modules and packages; those of the standard library are imported anew.
    """
    for name in modules:
        if name in sys.stdlib_module_names:
            sys.modules.pop(name, None)
    with atheris.instrument_imports(include=list(modules)):
        yield


def run(target: Callable[[bytes], None], seeds: Mapping[str, bytes]) -> None:
    """Fuzz a reader until ``--runs`` inputs were tried or one is found, and end the program.

    Args:
        target: Reads the bytes; raises ``InputError`` for what it refuses.
        seeds: Name -> a whole input, from which others are made.
    """
    parser = argparse.ArgumentParser(description='The input that was found lies in --findings.')
    parser.add_argument('--runs', type=int, default=10_000)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--corpus', type=Path, help='folder that keeps what was learnt')
    parser.add_argument('--findings', type=Path, default=Path('/tmp'), help='folder (%(default)s)')
    parser.add_argument('--rss-mb', type=int, default=2048)
    parser.add_argument('--seconds-each', type=int, default=10)
    args = parser.parse_args()
    corpus = args.corpus or Path(tempfile.mkdtemp(prefix='fuzz_corpus_'))
    corpus.mkdir(parents=True, exist_ok=True)
    for name, content in seeds.items():
        (corpus / name).write_bytes(content)
    counts = {'runs': 0, 'read': 0}
    start = time.monotonic()

    def one_input(data: bytes) -> None:
        counts['runs'] += 1
        try:
            target(data)
            counts['read'] += 1
        except InputError as error:
            message = str(error)
            if '\n' in message or len(message) > LONGEST_MESSAGE:
                raise AssertionError(f'no sentence: {message!r:.2000}') from error
        if counts['runs'] == args.runs:  # libFuzzer ends the process itself, without our exit
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f'{counts["runs"]} inputs in {time.monotonic() - start:.0f} s, '
                f'{counts["read"]} of them read, the others refused; peak {peak:.0f} MB.',
                flush=True,
            )

    longest = max(len(content) for content in seeds.values())
    options = {
        'atheris_runs': args.runs,
        'seed': args.seed,
        'max_len': 2 * longest,
        'rss_limit_mb': args.rss_mb,
        'timeout': args.seconds_each,
        'artifact_prefix': f'{args.findings}/',
        'print_final_stats': 1,
    }
    arguments = [f'-{name}={value}' for name, value in options.items()]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], one_input)
    atheris.Fuzz()
