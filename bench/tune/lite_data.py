"""Images of a folder of class folders as tensors, for `lite.py`: reading, normalising, augmenting."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image

# the normalisation of the weights' own pre-training: (x - 127) / 128
MEAN, DEVIATION = (127 / 255,) * 3, (128 / 255,) * 3
SUFFIXES = {'.jpg', '.jpeg', '.png', '.webp', '.gif', '.bmp'}
# smallest share of the area that a random crop keeps
CROP_AREA = 0.7


@dataclass(frozen=True)
class Split:
    images: torch.Tensor  # uint8 [n, 3, side, side]
    labels: torch.Tensor  # int64 [n]


def read_image(path: Path, side: int) -> torch.Tensor:
    with Image.open(path) as image:
        image.draft('RGB', (side, side))
        pixels = image.convert('RGB')
    width, height = pixels.size
    edge = min(width, height)
    left, top = (width - edge) // 2, (height - edge) // 2
    pixels = pixels.resize((side, side), Image.Resampling.BICUBIC, box=(left, top, left + edge, top + edge))
    return torch.frombuffer(bytearray(pixels.tobytes()), dtype=torch.uint8).view(side, side, 3).permute(2, 0, 1)


def read_split(folder: Path, classes: list[str], side: int, enough: Callable[[], bool]) -> Split:
    """Every image, in random order, until it is enough."""
    files = [
        (path, label)
        for label, name in enumerate(classes)
        for path in sorted((folder / name).iterdir())
        if path.suffix.lower() in SUFFIXES
    ]
    random.Random(1).shuffle(files)
    images, labels = [], []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for begin in range(0, len(files), 256):
            part = files[begin : begin + 256]
            images += pool.map(lambda file: read_image(file[0], side), part)
            labels += [label for _, label in part]
            if enough():
                print(f'read {len(images)} of {len(files)} images in time', file=sys.stderr)
                break
    return Split(torch.stack(images), torch.tensor(labels))


def normalised(images: torch.Tensor) -> torch.Tensor:
    mean = torch.tensor(MEAN).view(1, 3, 1, 1)
    deviation = torch.tensor(DEVIATION).view(1, 3, 1, 1)
    return ((images.float() / 255 - mean) / deviation).contiguous(memory_format=torch.channels_last)


def augmented(images: torch.Tensor) -> torch.Tensor:
    """Flip and random crop, scaled back, by one resampling of the normalised batch."""
    n = len(images)
    scale = torch.empty(n).uniform_(CROP_AREA, 1).sqrt()
    flip = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = scale * flip, scale
    theta[:, :, 2] = torch.empty(n, 2).uniform_(-1, 1) * (1 - scale)[:, None]
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    cropped = F.grid_sample(images, grid, padding_mode='reflection', align_corners=False)
    return cropped.contiguous(memory_format=torch.channels_last)


def endless_batches(count: int, batch: int) -> Iterator[torch.Tensor]:
    while True:
        order = torch.randperm(count)
        # the last, smaller part of a pass goes unless it is all there is
        for begin in range(0, max(count - batch, 0) + 1, batch):
            yield order[begin : begin + batch]
