"""The experiment `heads`: time, memory and file size of a head alone, in training and in inference."""

import io
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
import torch
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine
from .coherence import CoincidingRows
from .config import Config
from .heads import FixedClassifier
from .memory import LiveBytes

FEATURES = CLASSES = 4096  # where the config says nothing
BATCH = 256
LEARNING_RATE = 0.1
ROUNDS, FEWEST, SECONDS = 30, 3, 2.0  # rounds are timed until so many seconds are over, at least the fewest
NUMBER = 4  # bytes
# Numbers held for each entry of the matrix, in training: weight, gradient and momentum of a learned one, and of a
# normalised one what its rows become. Others are smaller or have one copy.
COPIES = {"learned": 3, "normalised": 6}


def heads(
    config: Config, *, device: str | None = None, progress: bool = True
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metrics of what one head costs, on random features; nothing is learned from them.

    A training step is the forward pass, cross entropy, the gradients of weights and features, and SGD with momentum;
    inference the scores alone. Milliseconds of each round; bytes of the most memory held at once, of the file, of the
    matrix as it is stored and held, and of the gradient that workers would have to send. Raises `ValueError` for a head
    that the free memory cannot hold.
    """
    check_memory(config)
    device = engine.choose_device(device)
    with engine.one_thread():
        with LiveBytes() as memory:
            started = time.perf_counter()
            head = build(config).to(device)
            build_seconds = time.perf_counter() - started
            work = work_of(head, config, device)
            work()  # makes the gradients and the optimizer's momentum
            memory.reset()
            work()
        rounds = timed(work, device)
    found = {"milliseconds": rounds, "median_milliseconds": float(np.median(rounds)), "build_seconds": build_seconds}
    return found | {"peak_bytes": memory.peak} | bytes_of(head), {}


def bytes_of(head: FixedClassifier) -> dict[str, int]:
    """Bytes of a head's file, of its matrix as stored and as held, and of the gradient of what is trained."""
    matrix = head.projection
    return {
        "file_bytes": file_bytes(head),
        "matrix_bytes": sum(each.nbytes for each in matrix.state_dict().values()),
        "held_matrix_bytes": sum(each.nbytes for each in (*matrix.parameters(), *matrix.buffers())),
        "gradient_bytes": sum(each.nbytes for each in head.parameters()),
    }


def sizes_of(config: Config) -> tuple[int, int, int]:
    """Features, classes and batch size."""
    return config.features or FEATURES, config.classes or CLASSES, config.batch_size or BATCH


def check_memory(config: Config) -> None:
    """Raise `ValueError` for a head that takes more than there is free."""
    features, classes, batch = sizes_of(config)
    stored = 0 if config.head == "hadamard" and config.matrix == "sylvester" else features * classes
    needed = NUMBER * (stored * (COPIES.get(config.head, 2) if config.phase == "training" else 2))
    needed += NUMBER * 8 * batch * (features + classes)
    free = psutil.virtual_memory().available
    if needed > free:
        raise ValueError(
            f"features x classes must fit the memory: {features} x {classes} of a {config.head} head take "
            f"{needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free"
        )


def build(config: Config) -> FixedClassifier:
    """The head of a config."""
    features, classes, _ = sizes_of(config)
    names = ("scale", "initial_scale", "negate", "matrix", "coordinates", "skip_ones", "rank", "density")
    options = {name: getattr(config, name) for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CoincidingRows)  # what it costs does not depend on it
        return FixedClassifier(
            features, classes, kind=config.head, generator=data.generator(config.seed), **options
        ).train(config.phase == "training")


def work_of(head: FixedClassifier, config: Config, device: str) -> Callable[[], Any]:
    """One training step, or one pass of inference, on a batch of random features."""
    features, classes, batch = sizes_of(config)
    draw = data.generator(config.seed)
    inputs = torch.randn(batch, features, generator=draw).to(device)
    labels = torch.randint(classes, (batch,), generator=draw).to(device)
    if config.phase == "inference":
        return torch.no_grad()(lambda: head(inputs))
    optimizer = torch.optim.SGD(head.parameters(), lr=LEARNING_RATE, momentum=0.9, fused=True)
    return lambda: step(head, optimizer, inputs.detach().requires_grad_(), labels)


def step(head: nn.Module, optimizer: torch.optim.Optimizer, inputs: Tensor, labels: Tensor) -> Tensor:
    """One training step of the head; gives the gradient that the body would go on with."""
    optimizer.zero_grad(set_to_none=True)
    functional.cross_entropy(head(inputs), labels).backward()
    optimizer.step()
    return inputs.grad


def timed(work: Callable[[], Any], device: str) -> list[float]:
    """Milliseconds of each round."""
    found, ended = [], time.perf_counter() + SECONDS
    wait = torch.get_device_module(device).synchronize
    while len(found) < FEWEST or (len(found) < ROUNDS and time.perf_counter() < ended):
        started = time.perf_counter()
        work()
        wait()
        found.append(1000 * (time.perf_counter() - started))
    return found


class _Counter(io.RawIOBase):
    """A file that keeps nothing but its size."""

    size = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.size += len(content)
        return len(content)


def file_bytes(module: nn.Module) -> int:
    """Size of the file that a module's state makes."""
    file = _Counter()
    torch.save(module.state_dict(), file)
    return file.size
