"""Lottery tickets (Frankle and Carbin): of single weights, the positive control, and of whole units."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from .. import data, engine
from ..engine import accuracy
from ..records.store import Found
from ..runs import fit
from .config import Config
from .pruning import compact, pruning_order, unit_rows, weighted
from .training import Sets, Settings, build, replica_of, sets_of, settings_of

# Single weights

KEPT = 1 / 32  # of the weights, after the last round
ROUND = 0.5  # of the weights left stay in each round; ours: four fifths would take three times as many rounds
DRAW_SEED = 20_000  # added to the seed: new weights must not be the ones that the ticket was drawn with
DRAWS = 999  # of survivors without any preference
Masks = Mapping[str, Bool[Tensor, "units fan_in"]]


def train_to_end(
    network: nn.Sequential,
    sets: Sets,
    *,
    settings: Settings,
    seed: int,
    masks: Masks | None = None,
    keep: int = 0,
    name: str = "ticket",
    progress: bool = True,
) -> dict[str, Tensor]:
    """Train a network in place, masked weights staying as they are; gives its weights of step `keep`, 0 the start.

    The seed alone orders the batches. Raises `ValueError` for a step that is never reached, and `Diverged`.
    """
    if keep >= settings.iterations:
        raise ValueError(f"rewind must be less than {settings.iterations}, the iterations, got {keep}")
    kept = {0: copy.deepcopy(network.state_dict())}

    def keep_weights(progress: engine.Progress) -> None:
        if progress.step == keep:
            kept[keep] = copy.deepcopy(progress.replica.network.state_dict())

    adjust = None if masks is None else lambda trained: mask_gradients(trained, masks)
    more = {"name": name, "adjust": adjust, "callbacks": (keep_weights,)}
    replica = replica_of(network, sets.train, settings=settings, stream=data.generator(seed), **more)
    fit(replica, steps=settings.iterations, every=keep or settings.iterations, progress=progress)
    return kept[keep]


def mask_gradients(network: nn.Sequential, masks: Masks) -> None:
    """No gradient for pruned weights: neither SGD's momentum nor Adam then moves them from 0."""
    for name, mask in masks.items():
        gradient = network.get_submodule(name).weight.grad
        gradient.mul_(mask.view_as(gradient))


@torch.no_grad()
def masked_copy(network: nn.Sequential, masks: Masks) -> nn.Sequential:
    """A copy of the network with the pruned weights 0."""
    pruned = copy.deepcopy(network)
    for name, mask in masks.items():
        weight = pruned.get_submodule(name).weight
        weight.mul_(mask.view_as(weight))
    return pruned


def prune_weights(network: nn.Sequential, masks: Masks, *, share: float) -> dict[str, Tensor]:
    """Masks that keep a share of the weights that the given ones keep: the largest magnitudes of each layer.

    The last layer loses half as large a part, as in Frankle and Carbin.
    """
    smaller, last = {}, weighted(network)[-1]
    for name, mask in masks.items():
        own = (1 + share) / 2 if name == last else share
        magnitudes = unit_rows(network.get_submodule(name).weight).abs()[mask]
        count = max(1, round(own * len(magnitudes)))
        chosen = torch.zeros_like(magnitudes, dtype=torch.bool)
        chosen[magnitudes.argsort(stable=True, descending=True)[:count]] = True
        smaller[name] = mask.clone()
        smaller[name][mask] = chosen
    return smaller


def concentration(survivors: Int[np.ndarray, " units"], *, fan_in: int, seed: int = 0) -> dict[str, float]:
    """Do surviving weights gather in few units? Their counts against a draw without replacement from all weights.

    `dispersion`: variance of the counts over that of the multivariate hypergeometric null,
    `K p (1 - p) (N - K) / (N - 1)` for K survivors of N weights and a unit's share p of them; 1 expected, infinite
    where nothing is left to chance. `p_value`: how often a draw has as large a variance, one-sided. `empty`: units
    without any survivor, and `expected_empty`.
    """
    units, kept = len(survivors), int(survivors.sum())
    total, part = units * fan_in, 1 / units
    null = kept * part * (1 - part) * (total - kept) / max(1, total - 1)
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(
        np.full(units, fan_in), kept, size=DRAWS, method="marginals"
    )
    squares, variance = np.square(drawn).sum(1), float(np.square(survivors - kept * part).mean())
    return {
        "dispersion": variance / null if null > 0 else float("inf"),
        "p_value": float((1 + (squares >= np.square(survivors).sum()).sum()) / (1 + DRAWS)),
        "empty": float((survivors == 0).mean()),
        "expected_empty": float((drawn == 0).mean()),
    }


def tickets(config: Config, *, progress: bool = True) -> Found:
    """Iterative magnitude pruning: half the weights left go in each round, what stays is rewound and trained again.

    After every round test accuracies (%) of the rewound ticket and of the same weights drawn anew, and how the
    survivors of each layer are spread over its units. Raises `Diverged`.
    """
    sets, settings = sets_of(config, engine.choose_device()), settings_of(config)
    common = {"seed": config.seed, "name": f"tickets seed {config.seed}", "progress": progress}
    network, redrawn = untrained(config, sets)
    start, rewind = copy.deepcopy(network), config.rewind or 0
    start.load_state_dict(train_to_end(network, sets, settings=settings, keep=rewind, **common))
    after = settings._replace(iterations=settings.iterations - rewind)
    rows = {name: unit_rows(network.get_submodule(name).weight) for name in weighted(network)}
    masks = {name: torch.ones_like(own, dtype=torch.bool) for name, own in rows.items()}
    metrics: dict[str, Any] = {"accuracy": accuracy(network, sets.test), "kept": [], "rewound": [], "resampled": []}
    kept, least = 1.0, config.kept_fraction or KEPT
    while (kept := kept * ROUND) >= 0.999 * least:
        masks = prune_weights(network, masks, share=ROUND)
        network, again = (masked_copy(each, masks) for each in (start, redrawn))
        train_to_end(network, sets, settings=after, masks=masks, **common)
        train_to_end(again, sets, settings=settings, masks=masks, **common)
        found = {"kept": kept, "rewound": accuracy(network, sets.test), "resampled": accuracy(again, sets.test)}
        for name in weighted(network)[:-1]:
            counts = masks[name].sum(1).cpu().numpy()
            spread = concentration(counts, fan_in=masks[name].shape[1], seed=config.seed)
            found |= {f"{name}_{key}": value for key, value in spread.items()}
        for name, value in found.items():
            metrics.setdefault(name, []).append(value)
    return metrics, {}


def untrained(config: Config, sets: Sets) -> list[nn.Sequential]:
    """The network of a config as it begins, and one of weights drawn anew from the same distribution."""
    return [build(config, sets, generator=data.generator(config.seed + shift)) for shift in (0, DRAW_SEED)]


# Whole units

UNITS_KEPT = (0.5, 0.25, 0.1)  # of the units of each layer but the last


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


def unit_tickets(config: Config, *, progress: bool = True) -> Found:
    """Train, keep a share of the units, and train what is left again from its own or from new weights.

    Test accuracies (%) of the unpruned network and, for each share, of the smaller one `rewound` to its initialization,
    to the weights of step `rewind` where that is given (`late`), and `resampled`. All see the same batches and are
    trained for as many steps in all. Raises `Diverged`.
    """
    sets, settings = sets_of(config, engine.choose_device()), settings_of(config)
    common = {"seed": config.seed, "name": f"unit tickets seed {config.seed}", "progress": progress}
    network, redrawn = untrained(config, sets)
    initial, late = copy.deepcopy(network), copy.deepcopy(network)
    late.load_state_dict(train_to_end(network, sets, settings=settings, keep=config.rewind or 0, **common))
    starts = {"rewound": initial, "resampled": redrawn} | ({"late": late} if config.rewind else {})
    shares = UNITS_KEPT if config.kept_fraction is None else (config.kept_fraction,)
    found: dict[str, list[float]] = {name: [] for name in starts}
    stream = data.generator(config.seed)
    for share in shares:
        units = choose_units(network, share=share, criterion=config.criterion, generator=stream)
        for name, start in starts.items():
            smaller = compact(start, units)
            steps = settings.iterations - (config.rewind if name == "late" else 0)
            train_to_end(smaller, sets, settings=settings._replace(iterations=steps), **common)
            found[name].append(accuracy(smaller, sets.test))
    return {"accuracy": accuracy(network, sets.test), "kept": list(shares), **found}, {}
