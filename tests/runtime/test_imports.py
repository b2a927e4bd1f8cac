# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The runtime is what is deployed: it starts at once, without PyTorch and MMPose."""

import json
import subprocess
import sys

from conftest import ROOT

HEAVY = {'torch', 'torchvision', 'mmengine', 'mmcv', 'mmpose', 'mmdet', 'timm', 'scipy', 'onnx'}
HEAVY |= {'rtmlib'}
SECONDS, TRIES = 0.5, 3  # the machine may be busy

# Imports the package, then each module of the runtime, and says what that did.
PROGRAM = """
import json, logging, os, sys, time, warnings

def state():
    return [list(sys.path), list(map(str, sys.meta_path)), dict(os.environ), str(warnings.filters),
            list(logging.root.manager.loggerDict), str(sys.excepthook)]

before, modules = state(), set(sys.modules)
import sdpose
told = dict(version=sdpose.__version__, package=sorted(set(sys.modules) - modules),
            changes=[list(map(str, pair)) for pair in zip(before, state()) if pair[0] != pair[1]])
start = time.perf_counter()
import sdpose.runtime
import sdpose.runtime.__main__
told['seconds'] = time.perf_counter() - start
import pkgutil
for module in pkgutil.iter_modules(sdpose.runtime.__path__, 'sdpose.runtime.'):
    __import__(module.name)
told['runtime'] = sorted(sys.modules)
print(json.dumps(told))
"""


def import_in_a_fresh_process():
    result = subprocess.run(
        [sys.executable, '-c', PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_package_and_runtime_are_light():
    told = import_in_a_fresh_process()
    assert told['package'] == ['sdpose']
    assert told['changes'] == []
    assert told['version']
    assert not HEAVY & set(told['runtime'])
    ours = {name for name in told['runtime'] if name.startswith('sdpose')}
    assert {name for name in ours if not name.startswith('sdpose.runtime')} == {
        'sdpose',
        'sdpose.errors',
    }
    assert {'sdpose.runtime.onnx_model', 'sdpose.runtime.infer', 'cv2'} <= set(told['runtime'])
    seconds = [told['seconds']]
    while min(seconds) >= SECONDS and len(seconds) < TRIES:
        seconds.append(import_in_a_fresh_process()['seconds'])
    assert min(seconds) < SECONDS
