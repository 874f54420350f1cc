"""Arrays of made-up records of the redundancy chapter, for its figures; small, and without any meaning."""

import functools

import numpy as np
import torch

from spareparts.data import generator
from spareparts.redundancy.layer import over_training
from spareparts.redundancy.points import ANGLES, LAYERS

UNITS = 20


@functools.cache
def layer_arrays():
    """Of a layer to which two directions are added."""
    draw = generator(1)
    initial = 0.1 * torch.randn(UNITS, 30, generator=draw)
    signal = torch.randn(UNITS, 2, generator=draw) @ torch.randn(2, 30, generator=draw)
    signal[:12] = 0
    snapshots = torch.stack([initial + 0.3 * epoch * signal for epoch in range(3)])
    return over_training(snapshots, epochs=[0, 1, 2], outputs=torch.eye(UNITS).expand(3, UNITS, UNITS), generator=draw)[
        1
    ]


def curves():
    """Counts of 10,000 images, of nine orders, that fall in a straight line."""
    return np.linspace(9_800, 1_000, UNITS + 1)[None, :].repeat(9, 0).astype(np.uint16)


def arrays_of(row):
    """What a record of this row's experiment has beside it."""
    draw = np.random.default_rng(int(row.seed))
    if row.experiment == "network":
        names = ("curves", "unmasked_curves", "train_curves")
        return layer_arrays() | {name: curves() for name in names}
    if row.experiment == "resample":
        graph = {name: values for name, values in layer_arrays().items() if name.startswith("graph")}
        return graph | {f"{name}_angles": np.sort(90 * draw.random(10)) for name in ("twin", "independent", "random")}
    if row.experiment == "filters":
        return {f"{kind}_angles": 90 * draw.random(UNITS) for kind in ANGLES}
    if row.experiment == "tickets":
        return {f"{layer}_survivors": draw.integers(0, 20, (2, UNITS)) for layer in LAYERS}
    return {}


def save_arrays(rows, folder):
    """Write the arrays of all rows below the folder; those that a row already has stay."""
    for _, row in rows.iterrows():
        path = folder / "redundancy" / f"{row.hash}.npz"
        if not path.exists() and (arrays := arrays_of(row)):
            np.savez(path, **arrays)
