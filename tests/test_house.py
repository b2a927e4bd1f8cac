# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Imports run downward, from a line of this list to the lines above it."""

import ast

from conftest import ROOT

LAYERS = [
    {'errors'},
    {'runtime'},
    {'annotations', 'checkpoints', 'codecs', 'transforms'},
    {'engine', 'evaluation'},
    {'models'},
    {'classification'},
    {'plugin'},
    {'apis'},
    {'figures', 'export'},
    {'cli'},
    {'tools'},
]
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}


def imported_rooms(path):
    """The rooms of ``sdpose`` that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f'{node.module}.{alias.name}' for alias in node.names]
        for name in names:
            package, _, rest = name.partition('.')
            if package == 'sdpose' and rest.split('.')[0] in LEVEL:
                yield rest.split('.')[0]


def room_of(path):
    parts = path.relative_to(ROOT).parts
    return 'tools' if parts[0] == 'tools' else parts[1].removesuffix('.py')


def test_imports_run_downward():
    files = [path for folder in ('sdpose', 'tools') for path in (ROOT / folder).rglob('*.py')]
    files = [path for path in files if '.mim' not in path.parts and path.parent.name != 'toy']
    assert {room_of(path) for path in files} == {*LEVEL, '__init__'}
    upward = [
        f'{path.relative_to(ROOT)} imports sdpose.{room}'
        for path in files
        for room in imported_rooms(path)
        if room != room_of(path) and LEVEL[room] >= LEVEL.get(room_of(path), 0)
    ]
    assert upward == []
