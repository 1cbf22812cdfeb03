"""PyTorch's side of the step benchmark: a resident process that speaks JSON lines.

One request a line on stdin, one reply a line on stdout; a failure is `{"error": ...}` and the process goes on.
- `{"cmd": "build", "encoding", "classes", "size", "batch", "threads", "variant": {"layout": "nchw"|"channels_last",
  "compile": bool, "precision": "fp32"|"bf16"}}`: makes the step and warms it up, torch.compile included
- `{"cmd": "steps", "count": N}`: N whole training steps, `{"seconds": [of each], "loss": of the last}`
- `{"cmd": "memory"}`: `{"peakBytes", "currentBytes"}`, resident, of this process
- `{"cmd": "close"}`
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

# not beside the sources: a benchmark leaves the checkout as it was
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'peers'))

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from etnas_torch import build as build_network  # noqa: E402

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, LABEL_SMOOTHING = 0.05, 0.9, 5e-5, 0.1
WARM_UP_STEPS = 4
# steps over different batches, so that no cache holds the input
BATCHES = 4
OPTIMIZERS = {'fused': {'fused': True}, 'foreach': {'foreach': True}, 'plain': {'foreach': False, 'fused': False}}


class Step:
    """Forward, loss, backward and update of one network, its weights and batches resident."""

    def __init__(self, request: dict):
        variant = request['variant']
        torch.manual_seed(1)
        torch.set_num_threads(request['threads'])
        model = build_network(request['encoding'], request['classes']).train()
        layout = {'nchw': torch.contiguous_format, 'channels_last': torch.channels_last}[variant['layout']]
        self.model = model.to(memory_format=layout)
        self.batches = _random_batches(request['batch'], request['size'], request['classes'])
        self.loss_of = _loss_function(self.model, layout, variant['precision'])
        if variant['compile']:
            self.loss_of = torch.compile(self.loss_of)
        self.taken = 0
        # the gradients that choosing the optimizer needs
        self._backward()
        self.optimizer_name, self.optimizer = _fastest_optimizer(self.model)

    def _backward(self) -> torch.Tensor:
        images, labels = self.batches[self.taken % BATCHES]
        self.taken += 1
        loss = self.loss_of(images, labels)
        loss.backward()
        return loss

    def __call__(self) -> float:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self._backward()
        self.optimizer.step()
        return loss.item()


def _random_batches(batch: int, size: int, classes: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Bytes NHWC, as a decoder hands them over, and the labels."""
    return [
        (torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8), torch.randint(0, classes, (batch,)))
        for _ in range(BATCHES)
    ]


def _loss_function(
    model: torch.nn.Module, layout: torch.memory_format, precision: str
) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    # (x / 255 - mean) / deviation as one multiplication and one addition
    scale = torch.tensor([1 / (255 * d) for d in DEVIATION]).view(1, 3, 1, 1)
    shift = torch.tensor([-m / d for m, d in zip(MEAN, DEVIATION)]).view(1, 3, 1, 1)

    def loss_of(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        x = images.permute(0, 3, 1, 2).float() * scale + shift
        x = x.contiguous(memory_format=layout)
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=precision == 'bf16'):
            logits = model(x)
        return F.cross_entropy(logits.float(), labels, label_smoothing=LABEL_SMOOTHING)

    return loss_of


def _fastest_optimizer(model: torch.nn.Module) -> tuple[str, torch.optim.SGD]:
    """Nesterov SGD in the implementation whose update is the quickest here; needs gradients."""
    seconds: dict[str, float] = {}
    made: dict[str, torch.optim.SGD] = {}
    for name, options in OPTIMIZERS.items():
        made[name] = torch.optim.SGD(
            model.parameters(), LEARNING_RATE, MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True, **options
        )
        # at a rate of 0 the trial leaves the weights as they are
        made[name].param_groups[0]['lr'] = 0.0
        seconds[name] = min(_timed(made[name].step) for _ in range(6))
    name = min(seconds, key=lambda key: seconds[key])
    made[name].param_groups[0]['lr'] = LEARNING_RATE
    # the trial's momentum goes
    made[name].state.clear()
    return name, made[name]


def _timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _resident_bytes() -> dict[str, int]:
    fields = dict(line.split(':', 1) for line in Path('/proc/self/status').read_text().splitlines())
    kib = {key: int(fields[key].split()[0]) for key in ('VmHWM', 'VmRSS')}
    return {'peakBytes': kib['VmHWM'] * 1024, 'currentBytes': kib['VmRSS'] * 1024}


def _build(request: dict) -> tuple[Step, dict]:
    start = time.perf_counter()
    step = Step(request)
    for _ in range(WARM_UP_STEPS):
        step()
    return step, {
        'ok': True,
        'versions': {'torch': torch.__version__, 'python': sys.version.split()[0]},
        'parameters': sum(p.numel() for p in step.model.parameters()),
        'optimizer': step.optimizer_name,
        'warmUpSeconds': time.perf_counter() - start,
    }


def _steps(step: Step, count: int) -> dict:
    seconds, loss = [], float('nan')
    for _ in range(count):
        start = time.perf_counter()
        loss = step()
        seconds.append(time.perf_counter() - start)
    if loss != loss:
        raise FloatingPointError('the loss is not a number')
    return {'seconds': seconds, 'loss': loss}


def serve(requests, reply: Callable[[dict], None]) -> None:
    step: Step | None = None
    for line in requests:
        try:
            request = json.loads(line)
            command = request['cmd']
            if command == 'close':
                reply({'ok': True})
                return
            if command == 'build':
                step, answer = _build(request)
            elif command == 'memory':
                answer = _resident_bytes()
            elif command != 'steps':
                raise ValueError(f'unknown command {command!r}')
            elif step is None:
                raise ValueError('steps before build')
            else:
                answer = _steps(step, request['count'])
            reply(answer)
        except Exception as error:  # the driver decides whether to go on
            reply({'error': f'{type(error).__name__}: {error}'})


def main() -> None:
    # what libraries print to file descriptor 1 must not mix with the replies
    replies = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)

    def reply(answer: dict) -> None:
        replies.write(json.dumps(answer) + '\n')
        replies.flush()

    serve(sys.stdin, reply)


if __name__ == '__main__':
    main()
