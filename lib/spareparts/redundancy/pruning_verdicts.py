"""What the records say about removing units: curves, training again, tickets."""

import dataclasses

import numpy as np
import pandas as pd

from ..stats import (
    Pairs,
    Verdict,
    beyond,
    bootstrap_interval,
    combine,
    decide_all,
    holm,
    not_run,
    remarked,
    sign,
    within,
)
from .retrain import REMOVED
from .rows import TICKETS, chosen, networks, paired, protocol, ticket_runs
from .tickets import DRAWS

MARGIN = 0.5  # points of accuracy within which two count as equal
ALPHA = 0.05


def smallest_norms_last_longest(rows: pd.DataFrame) -> Verdict:
    """Claim 1, LeNet: norm above frame potential above random, smallest first; largest first below random."""
    runs = networks(rows, "lenet_300_100")
    compared = {
        "norm over frame potential, smallest first": ("area_frame_potential_smallest", "area_norm_smallest", +1),
        "frame potential over random, smallest first": ("area_random", "area_frame_potential_smallest", +1),
        "norm against random, largest first": ("area_random", "area_norm_largest", -1),
        "frame potential against random, largest first": ("area_random", "area_frame_potential_largest", -1),
    }
    return combine(
        decide_all(
            {
                name: sign(paired(runs, first, second), expected, unit="points")
                for name, (first, second, expected) in compared.items()
            }
        )
    )


def criteria_agree(rows: pd.DataFrame) -> Verdict:
    """Claim 2, Conv-2, up to half the units: norm and frame potential equal, both above random by more than that."""
    runs = networks(rows, "conv_2")
    norm, potential, random = "half_area_norm_smallest", "half_area_frame_potential_smallest", "half_area_random"
    return combine(
        {
            "frame potential against norm": within(paired(runs, norm, potential), margin=MARGIN, unit="points"),
            "norm over random": _over(paired(runs, random, norm)),
            "frame potential over random": _over(paired(runs, random, potential)),
        }
    )


def _over(pairs: Pairs) -> Verdict:
    return beyond(pairs, threshold=MARGIN, expected=+1, unit="points")


def retrained_accuracy(row: pd.Series, choice: str, place: int) -> float:
    """Test accuracy (%) after pruning and training on, of a record of `retrain`."""
    return row.retrained_accuracy[choice][place]


def largest_first_is_no_worse(rows: pd.DataFrame) -> Verdict:
    """Claim 10, LeNet: after training on, largest norms removed not lower than smallest ones, at each share."""
    runs = chosen(rows, experiment="retrain")
    parts = {}
    for place, share in enumerate(REMOVED):
        pairs = paired(
            runs,
            lambda row, place=place: retrained_accuracy(row, "norm_smallest", place),
            lambda row, place=place: retrained_accuracy(row, "norm_largest", place),
        )
        parts[f"{share:.0%} removed"] = beyond(pairs, threshold=-MARGIN, expected=+1, unit="points")
    if runs.empty:
        return combine(parts)
    helped = [
        float(np.max([retrained_accuracy(row, "norm_largest", place) for place in range(len(REMOVED))]))
        - row.unpruned_accuracy
        for _, row in runs.iterrows()
    ]
    remark = f"at its best share largest first ends {np.mean(helped):+.2f} points from the unpruned network trained on"
    return remarked(combine(parts), remark)


def units_hold_no_tickets(rows: pd.DataFrame) -> Verdict:
    """Claim 8: rewound and drawn anew, whole units equal, and single weights, the positive control, not.

    Means over the shares kept. A control that shows no effect leaves nothing to compare, and decides nothing.
    """
    parts = {}
    for group in TICKETS:
        units, weights = (ticket_runs(rows, experiment, group) for experiment in ("unit_tickets", "tickets"))
        parts[f"units, {group}"] = within(begun(units), margin=MARGIN, unit="points")
        control = beyond(begun(weights), threshold=MARGIN, expected=+1, unit="points")
        if control.verdict == "not reproduced":
            control = dataclasses.replace(
                control, verdict="undecided", note=f"{control.note}; no effect in the control"
            )
        parts[f"weights, {group}"] = control
    return combine(parts)


def begun(runs: pd.DataFrame) -> Pairs:
    """Accuracies of tickets drawn anew and rewound, each the mean over the shares kept."""
    return paired(runs, lambda row: float(np.mean(row.resampled)), lambda row: float(np.mean(row.rewound)))


def survivors(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a layer of each smallest ticket of weights: dispersion of survivors over units, its p, empty units."""
    lines = []
    for group in TICKETS:
        for _, row in ticket_runs(rows, "tickets", group).iterrows():
            for layer in ("fc1", "fc2"):
                read = {
                    name: row[f"{layer}_{name}"][-1] for name in ("dispersion", "p_value", "empty", "expected_empty")
                }
                about = {"group": group, "seed": row.seed, "layer": layer, "kept": row.kept[-1]}
                lines.append(about | read | {"protocol": row.protocol})
    return pd.DataFrame(lines)


def winning_weights_gather(rows: pd.DataFrame) -> Verdict:
    """Claim 13: surviving weights more dispersed over units than the hypergeometric null, in every layer and ticket."""
    found = survivors(rows)
    if found.empty:
        return not_run()
    names = found.group + found.layer + found.seed.astype(str)
    more = holm(dict(zip(names, found.p_value, strict=True)))
    least = 1 / (1 + DRAWS)
    less = holm({name: min(1.0, 1 - p + least) for name, p in zip(names, found.p_value, strict=True)})
    gathered, spread = (sum(p < ALPHA for p in found.values()) for found in (more, less))
    word = "reproduced" if gathered == len(found) else "not reproduced" if spread == len(found) else "undecided"
    each = found.groupby(["group", "seed"]).dispersion.mean().to_numpy(float)
    interval = bootstrap_interval(each).interval if len(each) > 1 and np.isfinite(each).all() else None
    note = (
        f"more dispersed than chance in {gathered} of {len(found)} layers, Holm-corrected, with {found.kept.min():.2%} "
        f"of the weights left; units without any {found['empty'].mean():.1%}, by chance "
        f"{found.expected_empty.mean():.1%}"
    )
    effect = float(each.mean()) if np.isfinite(each).all() else None
    return Verdict(word, effect, interval, len(each), protocol(found), "times the variance of chance", note, level=True)
