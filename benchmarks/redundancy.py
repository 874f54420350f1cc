"""Pruning curves beside a pass for each removal, greedy orders beside recomputing, and what a compact network saves."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from spareparts import data
from spareparts.engine import predict
from spareparts.models import lenet_300_100
from spareparts.redundancy import compact, contributions, pruning_curves, pruning_order

from .class_rates import allocated
from .row import Row, timed

IMAGES, UNITS = 10_000, 300
PASSES = 3  # removals that whole passes are measured on: each takes as long
ROWS, FEATURES, REMOVALS = 1_024, 784, 4  # removals that recomputing is measured on
LEFT = tuple(round(ROWS * (place + 0.5) / REMOVALS) for place in range(REMOVALS))  # rows that are left in each
LARGE = 8_192  # rows whose peak memory the note tells
HALF = 0.5


def pruning_curve() -> Row:
    """Accuracy after every removal of LeNet's first layer, by updating against a pass for each."""
    network, images, labels = prepared()
    order = pruning_order(network.fc1.weight, criterion="norm")
    check_curve(network, images[:500], labels[:500], order)
    return Row(
        ours=timed(lambda: pruning_curves(network, images, labels, [order], layer="fc1"), steps=UNITS + 1),
        other=timed(passes(network, images, labels, order), steps=PASSES),
        goal=20.0,
        unit="ms/removal",
        note=f"Accuracy on {IMAGES:,} images after each removal of one of {UNITS} units of LeNet-300-100, identical: "
        f"the next layer's input updated against a pass for each removal, of which {PASSES} are measured.",
    )


def frame_potential_order() -> Row:
    """The greedy order by frame potential against computing all contributions anew for each removal."""
    many = torch.randn(LARGE, FEATURES, generator=data.generator(1))
    rows = many[:ROWS]
    check_order(rows[:48])
    peak = allocated(lambda: pruning_order(many, criterion="frame_potential"))
    return Row(
        ours=timed(lambda: pruning_order(rows, criterion="frame_potential"), steps=ROWS),
        other=timed(recomputing(rows), steps=REMOVALS),
        goal=50.0,
        unit="ms/removal",
        note=f"The greedy order of {ROWS:,} rows of {FEATURES} entries by their contributions to the frame potential, "
        f"the same: contributions updated against computed anew, measured at {REMOVALS} evenly spaced removals. "
        f"The order of {LARGE:,} rows takes {peak:,.0f} MiB of memory beside the rows.",
    )


def compact_network() -> Row:
    """A pass of LeNet with half of its first layer's units removed against one with all of them."""
    network, images, _ = prepared()
    smaller = compact(network, {"fc1": pruning_order(network.fc1.weight, criterion="norm")[round(HALF * UNITS) :]})
    saved = 100 * (1 - count(smaller) / count(network))
    return Row(
        ours=timed(lambda: predict(smaller, images)),
        other=timed(lambda: predict(network, images)),
        goal=1.5,
        unit="ms",
        note=f"A pass of LeNet-300-100 over {IMAGES:,} images, with half of the first layer's units gone against all "
        f"of them; {saved:.0f}% of the weights' memory are saved.",
    )


def prepared() -> tuple[nn.Sequential, Tensor, Tensor]:
    """An untrained network, images and labels: neither what is computed nor its time depends on training."""
    network = lenet_300_100(generator=data.generator(1)).eval()
    images = torch.rand(IMAGES, 1, 28, 28, generator=data.generator(2))
    return network, images, torch.randint(10, (IMAGES,), generator=data.generator(3))


def masked(network: nn.Sequential, removed: Tensor) -> nn.Sequential:
    """A copy of LeNet whose removed units give nothing."""
    copy = lenet_300_100(generator=data.generator(1)).eval()
    copy.load_state_dict(network.state_dict())
    with torch.no_grad():
        copy.fc1.weight[removed] = 0
        copy.fc1.bias[removed] = 0
    return copy


def correct(network: nn.Sequential, images: Tensor, labels: Tensor) -> int:
    """Images classified correctly, by a whole pass."""
    (scores,) = predict(network, images)
    return int((scores.argmax(1) == labels).sum())


def passes(network: nn.Sequential, images: Tensor, labels: Tensor, order: Tensor) -> Callable[[], None]:
    """Whole passes with some units masked."""

    def work() -> None:
        for place in range(PASSES):
            correct(masked(network, order[: place * UNITS // PASSES]), images, labels)

    return work


def recomputing(rows: Tensor) -> Callable[[], None]:
    """The removals of a greedy order as its definition reads."""

    def work() -> None:
        for left in LEFT:
            contributions(rows[:left]).argmin()

    return work


def check_curve(network: nn.Sequential, images: Tensor, labels: Tensor, order: Tensor) -> None:
    """Raise `ValueError` where updating and whole passes disagree."""
    (found,) = pruning_curves(network, images, labels, [order], layer="fc1").tolist()
    places = range(0, UNITS + 1, 50)
    expected = [correct(masked(network, order[:place]), images, labels) for place in places]
    if [found[place] for place in places] != expected:
        raise ValueError(f"curves differ: {[found[place] for place in places]} by updating, {expected} by passes")


def check_order(rows: Tensor) -> None:
    """Raise `ValueError` where updating and recomputing disagree."""
    left, expected = list(range(len(rows))), []
    while left:
        expected.append(left.pop(int(contributions(rows[left]).argmin())))
    found = pruning_order(rows, criterion="frame_potential").tolist()
    if found != expected:
        raise ValueError(f"orders differ: {found} by updating, {expected} by recomputing")


def count(network: nn.Module) -> int:
    """Parameters of a network."""
    return sum(parameter.numel() for parameter in network.parameters())
