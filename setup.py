# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Package sdpose: ranges here, tested pins in requirements.txt and requirements/."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
# What `mim` looks for in <package>/.mim
MIM_PARTS = ('configs', 'tools', 'model-index.yml')


class BuildWithMim(build_py):
    """Put configs and tools into ``sdpose/.mim``, where ``mim`` looks for them."""

    def run(self) -> None:
        """Build, then copy; or link for an editable installation."""
        super().run()
        editable = self.editable_mode
        mim = ROOT / 'sdpose/.mim' if editable else Path(self.build_lib) / 'sdpose/.mim'
        mim.mkdir(parents=True, exist_ok=True)
        for name in MIM_PARTS:
            source, target = ROOT / name, mim / name
            if not source.exists():
                continue
            if target.is_symlink() or target.is_file():
                target.unlink()
            elif target.is_dir():
                shutil.rmtree(target)
            if editable:
                target.symlink_to(Path('../..') / name)
            elif source.is_dir():
                ignore = shutil.ignore_patterns('__pycache__', '*.pyc')
                shutil.copytree(source, target, ignore=ignore)
            else:
                shutil.copy2(source, target)


def version() -> str:
    """Read the version without importing the package."""
    scope: dict[str, str] = {}
    exec((ROOT / 'sdpose/__init__.py').read_text(), scope)
    return scope['__version__']


setup(
    name='sdpose',
    version=version(),
    description='TokenPose, PPT, DistilPose and SDPose as a plugin of MMPose 1.x',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['sdpose', 'sdpose.*']),
    python_requires='>=3.10',
    # MMPose, MMEngine and MMCV are not listed: MMPose asks for chumpy, which does not build, and
    # MMCV for opencv-python beside our headless one. `pip install --no-deps -r
    # requirements/openmmlab.txt` installs them; importing sdpose.plugin without them says so.
    # None of this is needed to run exported models (python -m sdpose.runtime): install with
    # --no-deps beside numpy, OpenCV and onnxruntime there.
    install_requires=[
        'addict>=2.4',
        'faster-coco-eval>=1.6',
        'json-tricks>=3.16',
        'matplotlib>=3.5',
        'munkres>=1.1',
        'numpy>=1.23',
        'opencv-python-headless>=4.6',
        'packaging',
        'pillow>=9',
        'pycocotools>=2.0.6',
        'pyyaml>=6',
        'rich>=12',
        'scipy>=1.9',
        'setuptools<81',
        'six',
        'termcolor>=2',
        'torch>=2.1',
        'yapf>=0.32',
    ],
    extras_require={
        # the DeiT classifiers of configs/deit
        'deit': ['safetensors>=0.4', 'timm>=1.0', 'torchvision'],
        'dev': [
            'hypothesis',
            'model-index',
            'mypy',
            'pytest',
            'pytest-xdist',
            'ruff',
            'tensorboard',
            'types-PyYAML',
        ],
        'onnx': ['onnx>=1.16', 'onnxruntime>=1.18'],
        # rtmlib itself asks for two more OpenCVs: pip install --no-deps rtmlib
        'rtmlib': ['onnxruntime>=1.18', 'tqdm'],
        'tensorboard': ['tensorboard'],
        'wandb': ['wandb'],
    },
    cmdclass={'build_py': BuildWithMim},
)
