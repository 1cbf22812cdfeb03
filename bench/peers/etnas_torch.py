"""The joint block/macro search space as a PyTorch module, with the published state-dict names.

The peer of the step benchmark. `python etnas_torch.py --check FOLDER...` compares it with golden outputs: folders named
by their encoding with weights, forward and, where there, train, grads and buffers_after as safetensors.
"""

from __future__ import annotations

import json
import re
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

CONV3, CONV1, CONV3_GRP2, CONV3_GRP4, CONV3_BASE1, CONV3_BASE32, CONV3_SEP = range(7)
# stride of the three stem convolutions by total stride; 4 is the published one
STEM_STRIDES = {4: (2, 1, 2), 2: (2, 1, 1), 1: (1, 1, 1)}


class EncodingError(ValueError):
    """The encoding is not a point of the search space."""


@dataclass(frozen=True)
class Skip:
    kind: str  # 'a' adds, 'c' concatenates
    source: int  # place 0 is the block's input, place i + 1 the output of op i
    target: int


@dataclass(frozen=True)
class Encoding:
    ops: tuple[tuple[int, int], ...]  # (operation, channel code)
    skips: tuple[Skip, ...]  # in processing order, the fixed residual last
    stem: int
    macro: tuple[tuple[int, int], ...]  # (multiplier, stride) of each block
    stem_stride: int


def parse(text: str) -> Encoding:
    found = re.fullmatch(r'(\d+)-((?:[ac]\d\d)*)_(\d+)_([124-]+)(?:@([124]))?', text)
    if not found:
        raise EncodingError(f'"{text}" is not BLOCK_STEM_MACRO')
    digits, skips, stem, macro, stem_stride = found.groups()
    if len(digits) not in (1, 3, 5):
        raise EncodingError(f'"{digits}" is not one to three operations')
    padded = digits + '2'
    ops = tuple((int(padded[i]), int(padded[i + 1])) for i in range(0, len(padded), 2))
    if any(op > CONV3_SEP for op, _ in ops):
        raise EncodingError(f'"{digits}" has an operation beyond {CONV3_SEP}')
    return Encoding(
        ops=ops,
        skips=_parse_skips(skips, last=len(ops)),
        stem=int(stem),
        macro=_parse_macro(macro),
        stem_stride=int(stem_stride or 4),
    )


def _parse_skips(text: str, last: int) -> tuple[Skip, ...]:
    skips = [Skip(text[i], int(text[i + 1]), int(text[i + 2])) for i in range(0, len(text), 3)]
    for skip in skips:
        if not 0 <= skip.source < skip.target <= last:
            raise EncodingError(f'the skip {skip.kind}{skip.source}{skip.target} leads to no later place up to {last}')
        if skip.kind == 'c' and skip.target == last:
            raise EncodingError('a concat may not lead into the last operation')
    # sorted is stable: skips into one place keep their order
    return (*sorted(skips, key=lambda skip: skip.target), Skip('a', 0, last))


def _parse_macro(text: str) -> tuple[tuple[int, int], ...]:
    blocks = re.findall(r'(-?)([124])', text)
    if ''.join(dash + digit for dash, digit in blocks) != text:
        raise EncodingError(f'the macro "{text}" has a "-" that no block follows')
    return tuple((int(digit), 2 if dash else 1) for dash, digit in blocks)


def conv(inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> nn.Conv2d:
    if groups < 1 or inputs % groups or outputs % groups:
        raise EncodingError(f'{inputs} to {outputs} channels cannot be convolved in {groups} groups')
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)


def operation(op: int, inputs: int, outputs: int, stride: int) -> nn.Sequential:
    if op == CONV3_SEP:
        layer: nn.Module = nn.Sequential(conv(inputs, inputs, 3, stride, inputs), conv(inputs, outputs, 1, 1))
    elif op == CONV1:
        layer = conv(inputs, outputs, 1, stride)
    else:
        groups = {CONV3: 1, CONV3_GRP2: 2, CONV3_GRP4: 4, CONV3_BASE1: inputs, CONV3_BASE32: inputs // 32}[op]
        layer = conv(inputs, outputs, 3, stride, groups)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs))


class SkipLayer(nn.Module):
    """One skip into an operation's output; `conv` is there where stride or channels must be fitted."""

    def __init__(self, skip: Skip, source_channels: int, target_channels: int, stride: int):
        super().__init__()
        self.source = skip.source
        self.adds = skip.kind == 'a'
        outputs = target_channels if self.adds else source_channels
        self.channels = target_channels if self.adds else target_channels + source_channels
        self.projects = stride != 1 or outputs != source_channels
        if self.projects:
            self.conv = nn.Sequential(conv(source_channels, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        fitted = self.conv(source) if self.projects else source
        return target + fitted if self.adds else torch.cat([fitted, target], 1)


class Block(nn.Module):
    def __init__(self, encoding: Encoding, inputs: int, outputs: int, stride: int):
        super().__init__()
        ops = encoding.ops
        strided = next((i for i, (op, _) in enumerate(ops) if op != CONV1), len(ops) - 1)
        channels = [inputs]
        self.module_list = nn.ModuleList()
        for i, (op, code) in enumerate(ops):
            width = outputs * 2**code // 4
            layers = nn.ModuleList([operation(op, channels[i], width, stride if i == strided else 1)])
            for skip in encoding.skips:
                if skip.target != i + 1:
                    continue
                # places up to the strided op's input are before the stride
                crosses = skip.source <= strided < skip.target
                layer = SkipLayer(skip, channels[skip.source], width, stride if crosses else 1)
                width = layer.channels
                layers.append(layer)
            channels.append(width)
            self.module_list.append(layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        places = [x]
        for layers in self.module_list:
            value = layers[0](places[-1])
            for skip in list(layers)[1:]:
                value = skip(places[skip.source], value)
            places.append(F.relu(value))
        return places[-1]


class Network(nn.Module):
    """Takes normalised images [batch, 3, side, side]; gives logits [batch, classes]."""

    def __init__(self, encoding: Encoding, classes: int):
        super().__init__()
        half, full = encoding.stem // 2, encoding.stem
        layers: list[nn.Module] = []
        for inputs, outputs, stride in zip((3, half, half), (half, half, full), STEM_STRIDES[encoding.stem_stride]):
            layers += [operation(CONV3, inputs, outputs, stride), nn.ReLU()]
        channels = full
        for multiplier, stride in encoding.macro:
            layers.append(Block(encoding, channels, channels * multiplier, stride))
            channels *= multiplier
        self.layers = nn.Sequential(*layers)
        self.fc = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.layers(x).mean((2, 3)))


def build(encoding: str, classes: int) -> Network:
    return Network(parse(encoding), classes)


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    types = {'F32': torch.float32, 'I64': torch.int64}
    content = bytearray(path.read_bytes())
    (length,) = struct.unpack('<Q', content[:8])
    header = json.loads(content[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != '__metadata__':
            begin, end = (8 + length + offset for offset in entry['data_offsets'])
            tensor = torch.frombuffer(content[begin:end], dtype=types[entry['dtype']])
            tensors[name] = tensor.reshape(entry['shape'])
    return tensors


def _worst(ours: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> float:
    """The largest relative difference in norm of any tensor."""
    if ours.keys() != wanted.keys():
        raise KeyError(f'different names: {sorted(ours.keys() ^ wanted.keys())}')
    return max(
        ((ours[name].double() - want.double()).norm() / want.double().norm().clamp_min(1e-12)).item()
        for name, want in wanted.items()
    )


def check(folder: Path) -> dict[str, float]:
    """Differences from a folder of golden outputs: `logits` and `loss` absolute, `grads` and `buffers` relative."""
    weights = read_safetensors(folder / 'weights.safetensors')
    model = build(folder.name, weights['fc.bias'].numel())
    model.load_state_dict(weights)
    forward = read_safetensors(folder / 'forward.safetensors')
    with torch.no_grad():
        differences = {'logits': (model.eval()(forward['input']) - forward['logits']).abs().max().item()}
    if (folder / 'train.safetensors').exists():
        train = read_safetensors(folder / 'train.safetensors')
        loss = F.cross_entropy(model.train()(train['input']), train['labels'])
        loss.backward()
        grads = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
        differences['loss'] = abs(loss.item() - train['loss'].item())
        differences['grads'] = _worst(grads, read_safetensors(folder / 'grads.safetensors'))
        buffers = dict(model.named_buffers())
        differences['buffers'] = _worst(buffers, read_safetensors(folder / 'buffers_after.safetensors'))
    return differences


def main() -> int:
    if len(sys.argv) < 3 or sys.argv[1] != '--check':
        print('usage: etnas_torch.py --check FOLDER...', file=sys.stderr)
        return 2
    worst = 0.0
    for folder in map(Path, sys.argv[2:]):
        differences = check(folder)
        worst = max(worst, *differences.values())
        print(json.dumps({'encoding': folder.name, **differences}))
    return 0 if worst <= 1e-4 else 1


if __name__ == '__main__':
    sys.exit(main())
