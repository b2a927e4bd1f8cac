# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
# ruff: noqa: E501  one case a line
"""Damaged model cards (the .json beside an exported model) and ONNX files."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from hostile.case import Case as AnyCase
from hostile.values import Change, cut, flip, no_files, place, raw, write, wrong_fields

COMMAND = '-m sdpose.runtime model.onnx pictures --threads 1 --whole-image --out-dir out'
Case = partial(AnyCase, 'cards', says=('model.json', 'model.onnx'))
FIELDS = {
    'input_name': 'missing null zero empty text list',
    'input_size': 'missing null zero text dict list nested',
    'input_size.0': 'null nan inf minus zero huge digits text dict',
    'mean': 'missing null zero text list nested',
    'mean.1': 'null nan inf huge digits text dict',
    'std': 'missing null zero text list nested',
    'std.1': 'null nan inf zero minus digits text dict',
    'box_padding': 'missing null nan inf minus zero huge digits text list',
    'output_kind': 'missing null zero text list dict nested',
    'keypoint_names': 'missing null zero text empty list nested',
    'keypoint_names.3': 'null zero dict nested',
    'skeleton': 'missing null zero text list nested',
    'skeleton.2': 'null zero text list dict nested',
    'skeleton.2.0': 'null nan minus huge digits text nested',
    'codec': 'missing null zero text list nested',
    'codec.type': 'missing null zero text list dict',
    'codec.blur_kernel_size': 'missing null nan minus zero huge digits text list',
    'codec.unbiased': 'missing null text',
    'codec.input_size': 'missing null zero text list',
    'codec.input_size.0': 'null nan zero minus huge digits text',
    'bgr_to_rgb': 'missing null zero text',
    'use_udp': 'missing null true text',
}
CARDS = {
    'empty': '', 'text': 'hello', 'a list': '[]', 'null': 'null', 'nested': '[' * 100000,
    'an empty object': '{}', 'half': '{"input_name":', 'UTF-16': '{}'.encode('utf-16'), 'zeros': bytes(99),
}  # fmt: skip
BYTES = {'text': b'hello', 'zeros': bytes(5000), 'zip': b'PK\3\4' + bytes(99), 'html': b'<html>'}
SHARES = (0, 0.001, 0.1, 0.5, 0.9, 0.99)


def graph(change: Callable[[ModelProto], object]) -> Change:
    """Change the model's graph."""

    def changed(data: bytes) -> bytes:
        model = onnx.load_from_string(data)
        change(model)
        return model.SerializeToString()

    return raw('model.onnx', changed)


def all_weights(value: float) -> Change:
    """Let all weights be one number."""

    def change(model: ModelProto) -> None:
        for weight in model.graph.initializer:
            values = np.full_like(numpy_helper.to_array(weight), value)
            weight.CopyFrom(numpy_helper.from_array(values, weight.name))

    return graph(change)


def other_graph(nodes: list[NodeProto], *sizes: int | str, kind: int = TensorProto.FLOAT) -> Change:
    """Another model: with the same input, and outputs a, b..."""

    def change(folder: Path) -> None:
        name = json.loads((folder / 'model.json').read_text())['input_name']
        entry = helper.make_tensor_value_info(name, kind, ['B', 3, 128, 96])
        ends = [helper.make_tensor_value_info(n.output[-1], kind, sizes) for n in nodes[-2:]]
        for node in nodes:
            node.input[:] = [name if text == 'image' else text for text in node.input]
        model = helper.make_model(helper.make_graph(nodes, 'other', [entry], ends))
        model.ir_version, model.opset_import[0].version = 8, 17
        write(folder / 'model.onnx', model.SerializeToString())

    return change


def zeros(size: int) -> Change:
    """A model that makes a tensor of any size."""
    value = helper.make_tensor('size', TensorProto.INT64, [1], [size])
    make = helper.make_node('ConstantOfShape', ['size'], ['a'])
    return graph(
        lambda model: (
            model.graph.node.insert(0, make),
            model.graph.initializer.append(value),
            model.graph.output.append(
                helper.make_tensor_value_info('a', TensorProto.FLOAT, [size])
            ),
        )
    )


def outside(model: ModelProto) -> None:
    """Let a weight lie in another file."""
    weight = model.graph.initializer[0]
    weight.ClearField('raw_data')
    weight.data_location = TensorProto.EXTERNAL
    for key, value in dict(location='../../../../etc/passwd', offset='0', length='400').items():
        weight.external_data.add(key=key, value=value)


SAME = [helper.make_node('Identity', ['image'], ['a'])]
TWO = [*SAME, helper.make_node('Identity', ['image'], ['b'])]
SUM = [helper.make_node('ReduceSum', ['image'], ['a'], keepdims=0)]
GRAPHS: dict[str, Change] = {
    'NaN': all_weights(float('nan')), 'infinite': all_weights(float('inf')), 'weights outside': graph(outside),
    'no weights': graph(lambda model: model.graph.ClearField('initializer')),
    'no nodes': graph(lambda model: model.graph.ClearField('node')),
    'no outputs': graph(lambda model: model.graph.ClearField('output')),
    'unknown operator': graph(lambda model: setattr(model.graph.node[0], 'op_type', 'Nothing')),
    'opset of the future': graph(lambda model: setattr(model.opset_import[0], 'version', 9999)),
    'IR of the future': graph(lambda model: setattr(model, 'ir_version', 9999)),
    'the picture itself': other_graph(SAME, 'B', 3, 128, 96), 'a number': other_graph(SUM),
    'one person at a time': other_graph(SAME, 1, 3, 128, 96), 'two outputs': other_graph(TWO, 'B', 3, 128, 96),
    'doubles': other_graph(SAME, 'B', 3, 128, 96, kind=TensorProto.DOUBLE),
    '4 TB': zeros(2**40), '64 GB': zeros(2**34), 'negative size': zeros(-5),
}  # fmt: skip


def cases() -> Iterator[AnyCase]:
    """All cases of this door."""
    for name, change in wrong_fields('model.json', FIELDS):
        yield Case(name, COMMAND, 'refused|same', change)
    for name, content in CARDS.items():
        yield Case(f'card is {name}', COMMAND, change=place('model.json', content))
    for file in ('model.json', 'model.onnx'):
        for name, change in no_files(file):
            yield Case(f'{file} is {name}', COMMAND, change=change)
    for name, change in GRAPHS.items():
        yield Case(f'graph: {name}', COMMAND, change=change)
    for name, content in BYTES.items():
        yield Case(f'model is {name}', COMMAND, change=place('model.onnx', content))
    for share in SHARES:
        yield Case(f'model cut at {share}', COMMAND, change=raw('model.onnx', cut(share)))
        # ONNX has no check sum: a flipped bit of a weight is a weight
        change = raw('model.onnx', flip(share))
        yield Case(f'model flipped at {share}', COMMAND, 'refused|done', change)
