# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Fuzz the reader of checkpoints: files of torch and safetensors, and pickles with true check sums.

python tests/fuzz/fuzz_checkpoints.py --runs 300000
"""

import tempfile
from pathlib import Path

import fuzzing
from safetensors.torch import save
from small_checkpoint import entries, saved, small_checkpoint, with_pickle

with fuzzing.instrumented('pickle', 'zipfile', 'sdpose.checkpoints'):
    from sdpose.checkpoints.safe_loading import load_checkpoint_file

FOLDER = Path(tempfile.mkdtemp(prefix='fuzz_', dir='/dev/shm'))
TORCH, SAFETENSORS, PICKLE = b'T', b'S', b'P'  # the first byte of an input says what the rest is
LARGE = saved(small_checkpoint())


def read(data: bytes) -> None:
    """Read an input as a checkpoint file."""
    kind, content = data[:1], data[1:]
    path = FOLDER / ('a.safetensors' if kind == SAFETENSORS else 'a.pth')
    path.write_bytes(with_pickle(content, LARGE) if kind == PICKLE else content)
    load_checkpoint_file(path)


def seeds() -> dict[str, bytes]:
    """Whole files of each kind, large and small."""
    weights = {name: small_checkpoint()['state_dict'][name] for name in ('weight', 'steps')}
    return {
        'large.zip': TORCH + LARGE,
        'small.zip': TORCH + saved(weights),
        'large.legacy': TORCH + saved(small_checkpoint(), _use_new_zipfile_serialization=False),
        'small.legacy': TORCH + saved(weights, _use_new_zipfile_serialization=False),
        'large.pickle': PICKLE + entries(LARGE)['archive/data.pkl'],
        'small.safetensors': SAFETENSORS + save(weights),
    }


if __name__ == '__main__':
    fuzzing.run(read, seeds())
