"""Class rates beside per-sample gradients and plain SGD, the memory of a step, and the rank-sum test beside SciPy's."""

import copy
from collections.abc import Callable

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from spareparts import data
from spareparts.class_rates import ClassRateSGD, FullyConnected, measures

from .row import Row, timed

LAYERS, WIDTH, BATCH, CLASSES = 8, 256, 128, 10
SUBJECT = f"{LAYERS} layers of {WIDTH}, batch {BATCH}, {CLASSES} classes"
ALPHA, ALPHA_MU = 0.01, 10.0  # too small to move anything far while it is measured
NEURONS, SAMPLES, LETTERS = 1024, 10_000, 26  # as the test half of Letter
LOOPED = 8  # neurons that the loop is measured on: it takes as long for each


def class_rates_step() -> Row:
    """One step of ClassRateSGD against the same step from per-sample gradients by torch.func."""
    network, inputs, labels = prepared()
    twin = copy.deepcopy(network)
    return Row(
        ours=timed(rated_step(network, inputs, labels), steps=1),
        other=timed(per_sample_step(twin, inputs, labels), steps=1),
        goal=15.0,
        unit="ms/step",
        note=f"{SUBJECT}: one step of ClassRateSGD against one from per-sample gradients (torch.func.vmap of grad), "
        "summed by class.",
    )


def class_rates_sgd() -> Row:
    """One step of ClassRateSGD against one of plain SGD: at most six times as long."""
    network, inputs, labels = prepared()
    twin = copy.deepcopy(network)
    optimizer = torch.optim.SGD(twin.parameters(), lr=ALPHA, fused=True)

    def plain() -> None:
        functional.cross_entropy(twin(inputs), labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    return Row(
        ours=timed(rated_step(network, inputs, labels), steps=1),
        other=timed(plain, steps=1),
        goal=0.167,
        unit="ms/step",
        note=f"{SUBJECT}: one step of ClassRateSGD against one of plain SGD, forward and backward included. One sixth "
        "is the goal: class rates do more.",
    )


def class_rates_memory() -> Row:
    """Peak memory of a step against what rates for every weight and class need at least, with little to spare."""
    network, inputs, labels = prepared()
    peak = allocated(rated_step(network, inputs, labels))
    sizes = [sum(parameter.numel() for parameter in layer.parameters()) for layer in network.hidden]
    allowed = 4 * ((CLASSES + 4) * sum(sizes) + 2 * CLASSES * max(sizes)) / 2**20
    held = 4 * (CLASSES + 1) * sum(sizes) / 2**20  # rates and weights
    return Row(
        ours=lambda: held + peak,
        other=lambda: allowed,
        goal=1.0,
        unit="MiB",
        note=f"{SUBJECT}: peak of tensors during a step, rates and weights included, against (classes + 4) times the "
        "weights plus 2 x classes times the largest layer.",
    )


def rank_sum() -> Row:
    """The rank-sum test of all neurons and classes at once against a loop over scipy.stats.ranksums."""
    random = np.random.default_rng(0)
    activations = np.maximum(random.standard_normal((SAMPLES, NEURONS)), 0).astype(np.float32)  # with ties, as of ReLU
    labels = random.integers(LETTERS, size=SAMPLES)

    def loop() -> None:
        for neuron in activations.T[:LOOPED]:
            for letter in range(LETTERS):
                stats.ranksums(neuron[labels == letter], neuron[labels != letter])

    return Row(
        ours=timed(lambda: measures.rank_sum(activations, labels, num_classes=LETTERS), steps=NEURONS),
        other=timed(loop, steps=LOOPED),
        goal=25.0,
        unit="ms/neuron",
        note=f"{NEURONS} neurons (half of their values tied at 0) x {LETTERS} classes x {SAMPLES:,} samples, in "
        f"milliseconds a neuron; the loop over scipy.stats.ranksums is measured on {LOOPED} neurons.",
        libraries=("numpy", "scipy"),
    )


def prepared() -> tuple[FullyConnected, Tensor, Tensor]:
    """A network, and a batch with every class in it."""
    network = FullyConnected(
        features=WIDTH,
        widths=[WIDTH] * LAYERS,
        classes=CLASSES,
        activation="selu",
        dropout=0.0,
        generator=data.generator(1),
    )
    inputs = torch.randn(BATCH, WIDTH, generator=data.generator(2))
    return network, inputs, torch.arange(BATCH) % CLASSES


def rated_step(network: FullyConnected, inputs: Tensor, labels: Tensor) -> Callable[[], None]:
    """A step of ClassRateSGD, as its user writes it."""
    optimizer = ClassRateSGD(
        network, lr=ALPHA, rate_lr=ALPHA_MU, num_groups=CLASSES, cutoff=10**9, reset_every=2, count=LAYERS
    )

    def step() -> None:
        optimizer.observe(labels)
        functional.cross_entropy(network(inputs), labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def per_sample_step(network: FullyConnected, inputs: Tensor, labels: Tensor) -> Callable[[], None]:
    """The same step as the formulas read: the gradient of every sample, then sums over each class."""
    weights = {name: value.detach() for name, value in network.named_parameters()}
    rates = {name: value.new_ones(CLASSES, *value.shape) for name, value in weights.items() if "hidden" in name}
    one_hot = functional.one_hot(labels, CLASSES).float()

    def loss(own: dict[str, Tensor], features: Tensor, label: Tensor) -> Tensor:
        return functional.cross_entropy(functional_call(network, own, (features[None],)), label[None])

    @torch.no_grad()
    def step() -> None:
        gradients = vmap(grad(loss), in_dims=(None, 0, 0))(weights, inputs, labels)
        for name, each in gradients.items():
            if name not in rates:
                weights[name] -= ALPHA * each.mean(0)
                continue
            by_class = torch.einsum("bc,b...->c...", one_hot, each) / BATCH
            rates[name] += ALPHA * ALPHA_MU * torch.einsum("bc,b...->c...", one_hot, each.square()) / BATCH
            weights[name] -= ALPHA * (rates[name] * by_class).sum(0)

    return step


def allocated(work: Callable[[], None]) -> float:
    """Peak of what the work allocates beyond what was there, in MiB."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as recorded:
        work()
    events = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
    changes = [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]
    return float(max(np.cumsum(changes), default=0)) / 2**20
