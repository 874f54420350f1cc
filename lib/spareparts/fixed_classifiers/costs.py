"""The experiment `heads`: time of a head alone, in training and in inference, and the memory of its matrix."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine
from ..records.store import Found
from .config import Config
from .heads import FixedClassifier
from .networks import head as head_of

SIZE, BATCH = 4096, 256  # features, classes and rows of features where the config says nothing
LEARNING_RATE = 0.1
ROUNDS, FEWEST, SECONDS = 30, 3, 2.0  # rounds are timed until so many seconds are over, at least the fewest


def heads(config: Config, *, device: str | None = None, progress: bool = True) -> Found:
    """Metrics of what one head costs, on random features; nothing is learned from them.

    A training step is the forward pass, cross entropy, the gradients of weights and features, and SGD with momentum;
    inference the scores alone. Milliseconds of each round; bytes of the matrix as it is stored.
    """
    device = engine.choose_device(device)
    sizes = (config.features or SIZE, config.classes or SIZE)
    with engine.one_thread():
        head = head_of(config, *sizes, generator=data.generator(config.seed)).train(config.phase == "training")
        head.to(device)
        work = work_of(head, config, device)
        work()  # makes the gradients and the optimizer's momentum
        rounds = timed(work, device)
    stored = sum(each.nbytes for each in head.projection.state_dict().values())
    return {"milliseconds": rounds, "median_milliseconds": float(np.median(rounds)), "matrix_bytes": stored}, {}


def work_of(head: FixedClassifier, config: Config, device: str) -> Callable[[], Any]:
    """One training step, or one pass of inference, on a batch of random features."""
    batch, draw = config.batch_size or BATCH, data.generator(config.seed)
    inputs = torch.randn(batch, head.in_features, generator=draw).to(device)
    labels = torch.randint(head.num_classes, (batch,), generator=draw).to(device)
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
    while len(found) < FEWEST or (len(found) < ROUNDS and time.perf_counter() < ended):
        found.append(1000 * engine.elapsed(work, device))
    return found
