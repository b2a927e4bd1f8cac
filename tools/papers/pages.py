# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Render the papers' tables into the pages that show them.

A page says where: between ``<!-- table NAME -->`` and ``<!-- end -->`` stands what is rendered.
"""

import re
from collections.abc import Callable, Sequence
from os.path import relpath
from pathlib import Path

from papers.tables import ROOT, Model, Row, figure_of, models, own_ap, tables
from sdpose.errors import InputError
from sdpose.figures.canvas import markdown_table

PLACE = re.compile(
    r'(<!-- (table|authors|family|models) ([\w-]+) -->\n)(?:(?!<!--).)*(<!-- end -->)', re.S
)
FAMILIES = ('tokenpose', 'ppt', 'distilpose', 'sdpose', 'deit')
DATA_SETS = ('COCO val2017', 'COCO test-dev', 'CrowdPose test', 'ImageNet-1k val')
# End of a config's name -> what it is trained on
TRAINING_DATA = {
    'toy-coco-128x96': 'Toy COCO (drawn)',
    'toy-shapes-32': 'Toy shapes (drawn)',
    'coco-256x192': 'COCO',
    'crowdpose-256x192': 'CrowdPose',
    'lspet-256x192': 'LSPET',
    'mpii-256x256': 'MPII',
    'coco-aic-256x192-merge': 'COCO, AI Challenger',
    'halpe26-256x192': 'Halpe',
    'imagenet': 'ImageNet-1k',
}


def rendered_pages() -> dict[Path, str]:
    """Every page that shows figures of the papers, as it should be."""
    pages = [ROOT / 'README.md', ROOT / 'docs/papers.md']
    pages += [ROOT / 'configs' / family / 'README.md' for family in FAMILIES]
    rendered = {page: fill(page.read_text(encoding='utf-8'), page.parent) for page in pages}
    for family in FAMILIES:
        path = ROOT / 'configs' / family / 'metafile.yml'
        rendered[path] = metafile(path.read_text(encoding='utf-8'), family)
    return rendered


def fill(text: str, folder: Path) -> str:
    """Fill the places of a page that lies in a folder.

    Raises:
        InputError: There is none, one has no end, or names no table.
    """
    kinds: dict[str, Callable[[str, Path], str]] = {
        'table': paper_table,
        'authors': authors_table,
        'family': family_table,
        'models': models_table,
    }
    if not PLACE.search(text) or '<!--' in PLACE.sub('', text):
        raise InputError(
            f'{relpath(folder)}: a page must have comments like <!-- table sdpose-1 --> for its '
            'tables, each with its own <!-- end -->, and no others.'
        )
    try:
        return PLACE.sub(
            lambda place: place[1] + kinds[place[2]](place[3], folder) + place[4], text
        )
    except KeyError as error:
        raise InputError(f'{relpath(folder)}: a page asks for a table {error}.') from error


def paper_table(name: str, folder: Path) -> str:
    """A table as the paper prints it, with a link to the config of each row."""
    rows = tables()[name].rows
    return markdown([{key: link(cell, folder) for key, cell in row.items()} for row in rows])


def authors_table(name: str, folder: Path) -> str:
    """What authors report of their own models, beside what others get who train them again."""
    rows = []
    for row in tables()[name].rows:
        if own := row['AP of its own authors']:
            again = tables()[name].source.partition(',')[0]
            rows.append({'AP': row['Method'].strip('*'), 'its own authors': own})
            rows[-1][f"{again}'s authors"] = row['AP']
    return markdown(rows)


def family_table(family: str, folder: Path) -> str:
    """The models of a folder of configs, with the papers' figures on each data set."""
    rows = []
    for model in models().values():
        if model.config.startswith(f'{family}/'):
            figures = {data: figure_of(model.config, data) for data in DATA_SETS}
            row = {'config': link(model.config, folder), 'what it is': model.what}
            row['layers x cycles'] = depth(model)
            row |= {f'AP, {data}': cell for data, cell in figures.items()}
            rows.append(row | {'AP, its own authors': own_ap(model)})
    return markdown(rows)


def models_table(_: str, folder: Path) -> str:
    """Our models with figures on COCO val2017, and what we count beside what the papers print."""
    rows = []
    for model in models().values():
        if model.is_ours and model.source and model.data == 'COCO val2017' and model.layers:
            params, gflops, with_attention = model.ours
            row = {'model': link(model.config, folder, model.name)}
            row |= {'layers x cycles': depth(model)}
            row |= {'params, paper': bare(model.cell('Params')), 'our params': params}
            row |= {'GFLOPs, paper': bare(model.cell('GFLOPs')), 'our GFLOPs': gflops}
            row |= {'with attention': with_attention, 'AP, paper': bare(model.cell('AP'))}
            row |= {'AP, its own authors': model.cell('AP of its own authors')}
            rows.append(row | {'AR, paper': model.cell('AR')})
    return markdown(rows)


def metafile(text: str, family: str) -> str:
    """The list of a family's configs for mim, with the papers' figures."""
    collection, _, _ = text.partition('\nModels:\n')
    (name,) = re.findall(r'^- Name: (.+)$', collection, re.MULTILINE)
    entries = [f'{collection}\nModels:\n']
    folder = ROOT / 'configs' / family
    for path in sorted(folder.rglob('*.py')):
        config = path.relative_to(ROOT / 'configs').as_posix()
        trained_on = next(
            (TRAINING_DATA[end] for end in TRAINING_DATA if path.stem.endswith(end)), ''
        )
        if not trained_on:
            raise InputError(
                f'{path}: no name in tools/papers/pages.py tells what it is trained on.'
            )
        entries.append(
            f'- Name: {path.stem}\n  In Collection: {name}\n  Config: configs/{config}\n'
            f'  Metadata:\n    Training Data: {trained_on}\n'
        )
        results = [(data, figure_of(config, data)) for data in DATA_SETS]
        results = [(data, bare(cell)) for data, cell in results if cell]
        task = 'Image Classification' if family == 'deit' else 'Body 2D Keypoint'
        metric = 'Top 1 Accuracy' if family == 'deit' else 'AP'
        entries += ['  Results:\n'] if results else []
        entries += [
            f'  - Task: {task}\n    Dataset: {data}\n    Metrics:\n'
            f"      {metric} (the paper's): {cell}\n"
            for data, cell in results
        ]
    return ''.join(entries)


def depth(model: Model) -> str:
    """Layers x cycles; what no paper states is marked."""
    text = f'{model.layers} x {model.cycles}' if model.layers else ''
    return text.replace('?', '') + (' (assumed)' if '?' in text else '')


def bare(cell: str) -> str:
    """A number without what the paper adds in brackets."""
    return cell.partition(' (')[0]


def link(cell: str, folder: Path, text: str = '') -> str:
    """A link to a config of ours; other cells as they are."""
    if '::' in cell:
        return f'`{cell}`'
    if not cell.endswith('.py'):
        return cell
    path = Path(cell)
    stem = re.sub(r'_\d+xb\d+-300e_(coco-256x192)?', '_', path.stem).strip('_')
    return f'[{text or f"`{stem}`"}]({relpath(ROOT / "configs" / path, folder)})'


def markdown(rows: Sequence[Row]) -> str:
    """A table, without columns that are empty."""
    columns = [key for key in rows[0] if any(row[key] for row in rows)]
    return markdown_table([columns, *([row[key] for key in columns] for row in rows)]) + '\n'
