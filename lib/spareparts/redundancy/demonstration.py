"""A small network trained, pruned and made smaller before the reader's eyes; nothing of it is recorded."""

import dataclasses
import time
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import nn

from .. import data, engine
from .compact import compact
from .config import Config
from .dynamics import input_alignment
from .frames import pruning_order, unit_rows
from .network import STUDIED, dynamics, given_to_studied, pruning
from .setup import Sets, build, sets_of, settings_of
from .tables import ORDERS
from .training import Trained, accuracy, train

PASSES = 20  # of which the median is shown


@dataclasses.dataclass(frozen=True, kw_only=True)
class Followed:
    """What one network showed."""

    config: Config
    network: nn.Sequential
    sets: Sets
    metrics: dict[str, Any]  # as a record of the experiment `network` has them
    arrays: dict[str, np.ndarray]  # these too, and `unit_alignments`

    @property
    def curves(self) -> str:
        """The array of the pruning curves: on test images, but with shuffled labels on those trained on."""
        return "train_curves" if self.config.shuffled_labels else "curves"

    @property
    def images(self) -> int:
        """How many images these count."""
        return len((self.sets.train if self.config.shuffled_labels else self.sets.test).labels)


def follow(config: Config) -> Followed:
    """Train one network, remove the units of its first layer one by one, and read its weights along training."""
    sets, stream = sets_of(config, "cpu"), data.generator(config.seed)
    with engine.one_thread():
        trained = train(
            build(config, sets, generator=stream),
            sets,
            settings=settings_of(config),
            stream=stream,
            layer=STUDIED,
            last=config.shuffled_labels,
            progress=False,
        )
        given = given_to_studied(trained.network, sets.test)
        (metrics, curves), (read, arrays) = pruning(config, trained.network, sets, given), dynamics(trained)
        metrics |= read | {"accuracy": accuracy(trained.network, sets.test)}
        arrays |= {"unit_alignments": _alignments(trained, sets)}
    return Followed(config=config, network=trained.network, sets=sets, metrics=metrics, arrays=curves | arrays)


def _alignments(trained: Trained, sets: Sets) -> Float[np.ndarray, "2 units"]:
    """Alignment of the studied layer's units with what it is given of training images, at the start and at the end."""
    ends = [0, trained.steps.index(trained.best_step)]
    inputs = given_to_studied(trained.network, sets.train).images.flatten(1)
    return torch.stack([input_alignment(trained.snapshots[end], inputs) for end in ends]).numpy()


def compared(found: Followed) -> pd.DataFrame:
    """Mean accuracy (%) under each pruning curve; of shuffled labels, on the images that were trained on."""
    prefix = found.curves.removesuffix("curves")
    columns = {"all units": f"{prefix}area", "bias kept": "unmasked_area"}
    lines = {
        name: {
            shown: f"{found.metrics[f'{area}_{order}']:.1f}"
            for shown, area in columns.items()
            if f"{area}_{order}" in found.metrics
        }
        for order, name in ORDERS.items()
    }
    return pd.DataFrame(lines).T.rename_axis("removed")


def made_smaller(found: Followed, *, removed: float = 0.5) -> pd.DataFrame:
    """The network beside the smaller one without a share of its first layer's units, those of smallest norm.

    Raises `ValueError` for a share that removes all units or a negative number of them.
    """
    if not 0 <= removed < 1:
        raise ValueError(f"removed must lie in [0, 1), got {removed}")
    order = pruning_order(unit_rows(found.network.get_submodule(STUDIED).weight), criterion="norm")
    smaller = compact(found.network, {STUDIED: order[int(removed * len(order)) :]})
    names = {"whole": found.network, f"{removed:.0%} of the units gone": smaller}
    return pd.DataFrame({name: _costs(network, found.sets) for name, network in names.items()}).T


def _costs(network: nn.Sequential, sets: Sets) -> dict[str, str]:
    """Weights, memory, time and accuracy of a network as it stands."""
    numbers = list(network.parameters())
    return {
        "weights": f"{sum(each.numel() for each in numbers):,}",
        "memory, KiB": f"{sum(each.numel() * each.element_size() for each in numbers) / 1024:,.0f}",
        "ms a pass": f"{1000 * _seconds(network, sets):.2f}",
        "test accuracy, %": f"{accuracy(network, sets.test):.2f}",
    }


def _seconds(network: nn.Sequential, sets: Sets) -> float:
    times = []
    with engine.one_thread():
        for _ in range(PASSES):
            started = time.perf_counter()
            engine.predict(network, sets.test.images)
            times.append(time.perf_counter() - started)
    return float(np.median(times))
