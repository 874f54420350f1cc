"""The Hadamard transform beside a dense product, and a Hadamard head beside a learned one, which it replaces."""

from collections.abc import Callable

import torch
from torch import Tensor

from spareparts import data
from spareparts.fixed_classifiers import FixedClassifier, fast_hadamard_transform, sylvester
from spareparts.fixed_classifiers.costs import step

from .row import Row, timed

SIZE, BATCH = 4096, 256  # of the matrix, and rows that it is multiplied with
STEPS = 3  # of each round
TOLERANCE = 1e-5  # of the largest number, between the two sides


def hadamard_4096() -> Row:
    """The fast transform against a product with the matrix."""
    inputs, places = features(), torch.arange(SIZE)
    matrix = sylvester(places, places).float()
    check(fast_hadamard_transform(inputs), inputs @ matrix)
    return Row(
        ours=timed(lambda: fast_hadamard_transform(inputs)),
        other=timed(lambda: inputs @ matrix),
        goal=10.0,
        unit="ms",
        note=f"The Walsh-Hadamard transform of {BATCH} rows of {SIZE:,} numbers against their product with the matrix.",
    )


def head_step() -> Row:
    """A training step of a Hadamard head against one of a learned head."""
    return Row(
        ours=timed(training("hadamard"), steps=STEPS),
        other=timed(training("learned"), steps=STEPS),
        goal=5.0,
        unit="ms/step",
        note=f"A training step of the head alone, {SIZE:,} features and as many classes, batch {BATCH}: scores, cross "
        "entropy, gradients of weights and features, SGD with momentum; Hadamard against learned.",
    )


def head_inference() -> Row:
    """The scores of a Hadamard head against those of a learned head."""
    ours, other, inputs = made("hadamard"), made("learned"), features()
    check(ours(inputs), ours.scale * torch.nn.functional.normalize(inputs) @ ours.matrix.T)
    return Row(
        ours=timed(torch.no_grad()(lambda: ours(inputs))),
        other=timed(torch.no_grad()(lambda: other(inputs))),
        goal=5.0,
        unit="ms",
        note=f"Scores of {BATCH} samples by a head of {SIZE:,} features and as many classes: Hadamard, with the "
        "features' normalization, against learned.",
    )


def features() -> Tensor:
    """Random features."""
    return torch.randn(BATCH, SIZE, generator=data.generator(1))


def made(kind: str) -> FixedClassifier:
    """A head of that kind."""
    return FixedClassifier(SIZE, SIZE, kind=kind, generator=data.generator(2))


def training(kind: str) -> Callable[[], None]:
    """A few training steps of a head on random labels."""
    head, inputs = made(kind), features().requires_grad_()
    labels = torch.randint(SIZE, (BATCH,), generator=data.generator(3))
    optimizer = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9, fused=True)

    def work() -> None:
        for _ in range(STEPS):
            inputs.grad = None
            step(head, optimizer, inputs, labels)

    return work


def check(found: Tensor, expected: Tensor) -> None:
    """Raise `ValueError` where the two ways disagree."""
    apart = float(((found - expected).abs().max() / expected.abs().max()).detach())
    if apart > TOLERANCE:
        raise ValueError(f"both ways must agree to {TOLERANCE:g}, got {apart:.2g}")
