"""Pruning curves of a trained network's layer for its record: all criteria, both directions, five random orders."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .curves import area, pruning_curves
from .frames import CRITERIA, DIRECTIONS, pruning_order, unit_rows
from .parts import cut
from .setup import Part

RANDOM_ORDERS = 5
GREEDY = tuple(f"{criterion}_{first}" for criterion in CRITERIA[:2] for first in DIRECTIONS)
ORDERS = (*GREEDY, *(f"random_{number}" for number in range(1, RANDOM_ORDERS + 1)))  # the rows of a record's curves


def orders_of(rows: Float[Tensor, "units features"], *, generator: torch.Generator) -> dict[str, Int[Tensor, " units"]]:
    """An order for each name of `ORDERS`."""
    found = {
        f"{criterion}_{first}": pruning_order(rows, criterion=criterion, first=first)
        for criterion in CRITERIA[:2]
        for first in DIRECTIONS
    }
    for name in ORDERS[len(GREEDY) :]:
        found[name] = pruning_order(rows, criterion="random", generator=generator)
    return found


def measure_pruning(
    network: nn.Sequential, part: Part, *, layer: str, generator: torch.Generator, masked_bias: bool = True
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Areas under accuracy (%, of the whole curve and of its first half), and counts of correct images.

    The curves have a row for each of `ORDERS`; divide by the number of images. Random orders are given as their mean
    and standard deviation.
    """
    rows = unit_rows(cut(network, layer).layer.weight)
    orders = orders_of(rows, generator=generator)
    counts = pruning_curves(network, *part, list(orders.values()), layer=layer, masked_bias=masked_bias)
    curves, images = counts.cpu().numpy(), len(part.labels)
    metrics: dict[str, Any] = {}
    for prefix, share in (("area", 1.0), ("half_area", 0.5)):
        areas = area(curves, images=images, share=share)
        random = areas[len(GREEDY) :]
        metrics |= {f"{prefix}_{name}": float(value) for name, value in zip(GREEDY, areas, strict=False)}
        metrics |= {f"{prefix}_random": float(random.mean()), f"{prefix}_random_deviation": float(random.std(ddof=1))}
    kind = np.uint16 if images < 2**16 else np.uint32
    return metrics, {"curves": curves.astype(kind)}
