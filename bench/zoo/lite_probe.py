"""How well a linear head does on the frozen features of EfficientNet-Lite after each stage: what a cut of it is worth.

    python lite_probe.py DATASETS --weights FILE.pth --variant 0 [--size 128] [--images 100] [--only NAME...]

Prints a JSON line a data set, by stage: `5` pools the stage's own narrow linear output, `5x` the same after the next
block's 1x1 convolution, batch norm and ReLU6, which is what `efficientnet-lite0/5` does; `7x` is the whole network.
DATASETS holds folders NAME/{train,val}/CLASS; at most `--images` a class are trained on of tiny-imagenet-100.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

NAMES = ('pets', 'insects', 'dishes', 'vehicles', 'cifar-10-subset', 'tiny-imagenet-100')
BATCH, WEIGHT_DECAY, ITERATIONS = 64, 1e-2, 40


class Features:
    def __init__(self, variant: int, weights: Path, size: int):
        with contextlib.redirect_stdout(sys.stderr):
            model = EfficientNet.from_pretrained(f'efficientnet-lite{variant}', str(weights), image_size=size)
        self.model = model.eval().to(memory_format=torch.channels_last)
        # a stage ends where the next block changes the number of channels
        widths = [block._block_args.output_filters for block in model._blocks]
        self.ends = [i for i, w in enumerate(widths) if i + 1 == len(widths) or widths[i + 1] != w]

    @torch.no_grad()
    def __call__(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        model, found = self.model, {}
        x = model._swish(model._bn0(model._conv_stem(images)))
        for i, block in enumerate(model._blocks):
            if i - 1 in self.ends:
                wide = block._swish(block._bn0(block._expand_conv(x)))
                found[f'{self.ends.index(i - 1) + 1}x'] = wide.mean((2, 3))
            x = block(x)
            if i in self.ends:
                found[f'{self.ends.index(i) + 1}'] = x.mean((2, 3))
        found['7x'] = model._swish(model._bn1(model._conv_head(x))).mean((2, 3))
        return found


def square(path: Path, size: int) -> np.ndarray:
    image = Image.open(path).convert('RGB')
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return np.asarray(image.resize((size, size), Image.BICUBIC, box=(left, top, left + side, top + side)), dtype='float32')


def embed(features: Features, root: Path, split: str, size: int, most: int):
    classes = sorted(path.name for path in (root / 'train').iterdir())
    items = [(p, i) for i, c in enumerate(classes) for p in sorted((root / split / c).iterdir())[:most]]
    parts: list[dict[str, torch.Tensor]] = []
    for begin in range(0, len(items), BATCH):
        pixels = np.stack([square(path, size) for path, _ in items[begin : begin + BATCH]])
        images = (torch.from_numpy(pixels).permute(0, 3, 1, 2) - 127) / 128
        parts.append(features(images.contiguous(memory_format=torch.channels_last)))
    return {k: torch.cat([part[k] for part in parts]) for k in parts[0]}, torch.tensor([label for _, label in items])


def head_accuracy(train: torch.Tensor, labels: torch.Tensor, val: torch.Tensor, val_labels: torch.Tensor) -> float:
    mean, deviation = train.mean(0), train.std(0) + 1e-5
    train, val = (train - mean) / deviation, (val - mean) / deviation
    weight = torch.zeros(train.shape[1], int(labels.max()) + 1, requires_grad=True)
    bias = torch.zeros(weight.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=ITERATIONS, line_search_fn='strong_wolfe')

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(train @ weight + bias, labels) + WEIGHT_DECAY * (weight * weight).sum() / 2
        value.backward()
        return value

    optimizer.step(loss)
    return ((val @ weight + bias).argmax(1) == val_labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('datasets', type=Path)
    parser.add_argument('--weights', type=Path, required=True)
    parser.add_argument('--variant', type=int, required=True)
    parser.add_argument('--size', type=int, default=128)
    parser.add_argument('--images', type=int, default=100)
    parser.add_argument('--only', nargs='+', choices=NAMES, default=NAMES)
    o = parser.parse_args()
    features = Features(o.variant, o.weights, o.size)
    for name in o.only:
        most = o.images if name == 'tiny-imagenet-100' else sys.maxsize
        train, labels = embed(features, o.datasets / name, 'train', o.size, most)
        val, val_labels = embed(features, o.datasets / name, 'val', o.size, sys.maxsize)
        found = {k: round(head_accuracy(train[k], labels, val[k], val_labels), 4) for k in sorted(train)}
        print(json.dumps({'dataset': name, 'variant': o.variant, 'size': o.size, 'accuracy': found}), flush=True)


if __name__ == '__main__':
    main()
