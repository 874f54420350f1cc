"""What the figures of the penalty itself draw: how far it reaches, and what the number of weights does to it."""

import numpy as np
import pandas as pd

from .. import data, models
from . import author, draft
from .mechanism_verdicts import WIDTH, force
from .penalty import Kernel, Push
from .rows import TITLES, first_distance, lines, on, protocol, pushed, values
from .series import panel_title, strength_title

FEWEST, MOST = 10, 10**8  # weights of a network


def weights() -> dict[str, int]:
    """Weights of the thesis's three networks, by title."""
    draw = data.generator(1)
    networks = {
        "mlp": models.mlp(in_features=784, units=512, features=256, classes=10, generator=draw),
        "resnet_32": models.resnet(32, classes=10, generator=draw),
        "mobilenet_v2": models.mobilenet_v2(classes=10, generator=draw),
    }
    return {TITLES[name]: sum(each.numel() for each in network.parameters()) for name, network in networks.items()}


def dimensions(*, points: int = 80) -> pd.DataFrame:
    """What the same move of every weight leaves of the kernel and its gradient, by their number: see `draft.forces`."""
    return draft.forces(dimensions=np.geomspace(FEWEST, MOST, points).round().astype(int).tolist())


def reach(*, points: int = 200, furthest: float = 6.0) -> pd.DataFrame:
    """The penalty and its push, strength 1, by squared distance in widths: `distance`, `penalty`, `force`."""
    places = np.linspace(0, furthest, points)
    push = Push(Kernel(width=WIDTH))
    return pd.DataFrame(
        {
            "distance": places,
            "penalty": [push.value([place * WIDTH]) for place in places],
            "force": [force(place * WIDTH) for place in places],
        }
    )


def reached(rows: pd.DataFrame) -> dict[str, float]:
    """Mean squared distance in widths at which pushed networks ended, ours and the author's, by title."""
    found = {}
    for line in lines(rows):
        runs = on(rows, line, strength=pushed(rows, line))
        if len(runs):
            title = f"{panel_title(rows, line, protocol(runs))}, {strength_title(pushed(rows, line))}"
            found[title] = values(runs, first_distance).mean() / WIDTH
    for network in author.NETWORKS:
        theirs = author.theirs(network, "baseline_distance").squared_distance_0
        found[author.title(network)] = theirs.mean() / WIDTH
    return found
