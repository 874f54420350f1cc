"""Lottery tickets of whole units: is a unit's own initialization worth anything once the others are gone?"""

import copy
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from .. import data, engine
from .compact import compact
from .config import Config
from .frames import pruning_order, unit_rows
from .parts import weighted
from .setup import build, sets_of, settings_of
from .tickets import DRAW_SEED, train_to_end
from .training import accuracy

KEPT = (0.5, 0.25, 0.1)  # of the units of each layer but the last


def choose_units(
    network: nn.Sequential, *, share: float, criterion: str, generator: torch.Generator
) -> dict[str, Int[Tensor, " kept"]]:
    """The units of every layer but the last that a criterion keeps: at least one, in the order of the layer."""
    kept = {}
    for name in weighted(network)[:-1]:
        rows = unit_rows(network.get_submodule(name).weight)
        order = pruning_order(rows, criterion=criterion, generator=generator)
        kept[name] = order[len(rows) - max(1, round(share * len(rows))) :].sort().values
    return kept


def unit_tickets(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Train, keep a share of the units, and train what is left again from its own or from new weights.

    Test accuracies (%) of the unpruned network and, for each share, of the smaller one `rewound` to its initialization,
    to the weights of step `rewind` where that is given (`late`), and `resampled`: drawn anew from the same
    distribution. All see the same batches and are trained for as many steps in all. Raises `Diverged`.
    """
    sets, settings = sets_of(config, engine.choose_device()), settings_of(config)
    common = {"seed": config.seed, "name": f"unit tickets seed {config.seed}", "progress": progress}
    network = build(config, sets, generator=data.generator(config.seed))
    redrawn = build(config, sets, generator=data.generator(config.seed + DRAW_SEED))
    initial, late = copy.deepcopy(network), copy.deepcopy(network)
    late.load_state_dict(train_to_end(network, sets, settings=settings, keep=config.rewind or 0, **common))
    starts = {"rewound": initial, "resampled": redrawn} | ({"late": late} if config.rewind else {})
    shares = KEPT if config.kept_fraction is None else (config.kept_fraction,)
    found: dict[str, list[float]] = {name: [] for name in starts}
    stream = data.generator(config.seed)
    for share in shares:
        units = choose_units(network, share=share, criterion=config.criterion, generator=stream)
        for name, start in starts.items():
            smaller = compact(start, units)
            steps = settings.iterations - (config.rewind if name == "late" else 0)
            train_to_end(smaller, sets, settings=settings._replace(iterations=max(1, steps)), **common)
            found[name].append(accuracy(smaller, sets.test))
    return {"accuracy": accuracy(network, sets.test), "kept": list(shares), **found}, {}
