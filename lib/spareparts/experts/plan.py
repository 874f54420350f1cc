"""Which runs a notebook's parameters name: both arms, and one factor at a time around them."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..records.grid import check_lists
from .config import ABLATION_SAMPLES, PUBLISHED_STEPS, Config

BOTH = ("baseline", "snnl")
FIGURE_7 = (*np.linspace(-100, 100, 30).tolist(), 0.0)  # the paper's weights leave 0 out
Settings = Mapping[str, Any]


def _levels(name: str, values: Sequence[Any], *, arms: Sequence[str] = ("snnl",)) -> list[dict[str, Any]]:
    return [{"arm": arm, name: value} for value in values for arm in arms]


# Each factor with the settings that it tries beside the standard ones.
FACTORS: dict[str, list[dict[str, Any]]] = {
    "experts": _levels("experts", (2, 3, 4), arms=BOTH),
    "snnl_weight": _levels("snnl_weight", (0.1, 10.0, 100.0)),
    "temperature": _levels("temperature", (0.1, 10.0)) + _levels("temperature_schedule", ("learned", "annealed")),
    "distance": _levels("distance", ("squared_euclidean",)),
    "layers": _levels("layers", ("sum",)),
    "weight_schedule": _levels("weight_schedule", ("rising", "falling")),
    "loss": [
        {"arm": "supcon", "temperature": 0.1},
        {"arm": "simclr", "temperature": 0.1, "augment": True},
        {"arm": "baseline", "augment": True},  # the control of what sees two views
    ],
    "extractor": [
        *_levels("extractor", ("transformer",), arms=BOTH),
        *({"arm": arm, "extractor": "transformer", "peak_learning_rate": 0.01} for arm in BOTH),
    ],
    "filters": _levels("filters", (8, 16, 64), arms=BOTH),
    "gate": [
        {"arm": "balanced"},
        *_levels("balance_weight", (0.1, 1.0), arms=("balanced",)),
        {"arm": "balanced", "balance_weight": 1.0, "normalised_gate": True},
        *_levels("normalised_gate", (True,), arms=("baseline",)),
        {"arm": "ensemble"},
    ],
    "input": [{"arm": "raw"}],
    "learning_rate": _levels("peak_learning_rate", (0.01, 0.03), arms=BOTH),
    "centring": [
        *_levels("centred_gate", (1.0,), arms=BOTH),
        {"arm": "snnl", "centred_gate": 1.0, "temperature_schedule": "learned"},
    ],
    "learned_temperature": _levels("temperature_schedule", ("learned",)),
    "balance": [{"arm": arm, "balance_weight": 1.0, "normalised_gate": True} for arm in ("balanced", "balanced_snnl")],
    "unit_features": _levels("normalised_gate", (True,), arms=BOTH),
    "inference": [{"arm": "inference"}],
    "figure_7": _levels("snnl_weight", FIGURE_7),
}


def plan(
    *,
    datasets: Sequence[str],
    seeds: Sequence[int],
    arms: Sequence[str] = BOTH,
    steps: int = PUBLISHED_STEPS,
    snnl_weights: Sequence[float] = (1.0,),
    factors: Sequence[str] = (),
    **settings: Any,
) -> list[Config]:
    """The configs that a notebook's parameters name: every data set, arm and seed, and every weight in the SNNL arm.

    Each of `factors` adds the settings that it tries, one at a time; `figure_7` draws its own training images.
    Raises `ValueError` for a repeated or empty list or an unknown factor, `TypeError` for an unknown setting.
    """
    check_lists({"datasets": datasets, "arms": arms, "seeds": seeds, "snnl_weights": snnl_weights})
    unknown = [factor for factor in factors if factor not in FACTORS]
    if unknown:
        raise ValueError(f"unknown factors {', '.join(map(repr, unknown))}; known: {', '.join(FACTORS)}")
    return [
        Config(dataset=dataset, seed=seed, steps=steps, **settings | choice)
        for dataset, seed in itertools.product(datasets, seeds)
        for choice in _choices(arms, snnl_weights=snnl_weights, factors=factors)
    ]


def _choices(arms: Sequence[str], *, snnl_weights: Sequence[float], factors: Sequence[str]) -> list[dict[str, Any]]:
    """The settings that each data set and seed is trained with."""
    standard = [
        {"arm": arm} | ({"snnl_weight": weight} if arm == "snnl" else {})
        for arm in arms
        for weight in (snnl_weights if arm == "snnl" else (1.0,))
    ]
    drawn = {"train_samples": ABLATION_SAMPLES}
    tried = [choice | (drawn if factor == "figure_7" else {}) for factor in factors for choice in FACTORS[factor]]
    return standard + tried
