"""Tables of what the paper did not try: controls, ablations, a tuned baseline, and how often training diverged."""

import pandas as pd

from ..records import lined
from ..stats import Ranking, holm, ranking
from .config import ACTIVATIONS
from .rows import LABELS, TUNED_RATES, by_set, of_variant, paired, published, side
from .verdicts import CONTROLS, set_test

WHAT = {
    "baseline": "the baseline",
    "tuned_baseline": "the baseline, its learning rate tuned",
    "one_group": "one rate for all classes",
    "shuffled_groups": "shuffled groups",
    "layer_groups": "one rate a layer",
    "cluster_groups": "clusters of inputs as groups",
    "no_reset": "never reset",
    "bottom_half": "only the lower half of the layers",
    "top_half": "only the upper half of the layers",
    "class_form": "squares of class gradients",
    "batch_form": "class gradient times batch gradient",
    "baseline_32": "the baseline, batch 32",
}
ABLATIONS = ("no_reset", "bottom_half", "top_half", "layer_groups", "cluster_groups", "class_form", "batch_form")


def controls(rows: pd.DataFrame) -> pd.DataFrame:
    """Class rates against the baseline, the two controls and the tuned baseline; positive where class rates win."""
    found = {
        (WHAT[name], LABELS.get(activation, "all")): _part(paired(rows, name, "class_rates"), activation)
        for name in ("baseline", *CONTROLS)
        for activation in ("all", *ACTIVATIONS)
    }
    return _compared(found, "against", "activation")


def ablations(rows: pd.DataFrame) -> pd.DataFrame:
    """Each ablation against class rates as published (SELU), and both at batch 32; positive where the former win."""
    found = {(WHAT[name],): _part(paired(rows, "class_rates", name), "selu") for name in ABLATIONS}
    found["upper instead of lower half",] = _part(paired(rows, "bottom_half", "top_half"), "selu")
    found["batch 32: class rates against the baseline",] = _part(paired(rows, "baseline_32", "class_rates_32"), "selu")
    found["batch 128: the same on these sets",] = _same_sets(rows)
    return _compared(found, "what is changed")


def _same_sets(rows: pd.DataFrame) -> pd.DataFrame:
    small = set(_part(paired(rows, "baseline_32", "class_rates_32"), "selu").dataset)
    usual = _part(paired(rows), "selu")
    return usual[usual.dataset.isin(small)]


def _part(pairs: pd.DataFrame, activation: str) -> pd.DataFrame:
    kept = published(pairs)
    return kept if activation == "all" else kept[kept.activation == activation]


def _compared(parts: dict[tuple[str, ...], pd.DataFrame], *names: str) -> pd.DataFrame:
    """Differences over data sets with interval and p; Holm over the lines of the table."""
    tests = {name: test for name, part in parts.items() if (test := set_test(part)) is not None}
    corrected = holm({" ".join(name): test.p for name, test in tests.items()})
    lines = {
        name if len(name) > 1 else name[0]: {
            "difference": f"{test.mean_difference:+.2f}",
            "95% interval": f"{test.interval[0]:+.2f} to {test.interval[1]:+.2f}",
            "sets": test.n,
            "pairs": len(parts[name]),
            "better, worse": f"{int((by_set(parts[name]) > 0).sum())}, {int((by_set(parts[name]) < 0).sum())}",
            "p": f"{test.p:.2g}",
            "Holm p": f"{corrected[' '.join(name)]:.2g}",
        }
        for name, test in tests.items()
    }
    return lined(lines, *names)


def methods(rows: pd.DataFrame, *, tuned: bool = False) -> Ranking | None:
    """Ranks of both arms with each activation, over the sets that have all; the tuned baselines too if asked for."""
    sides = {"": side(rows, "baseline"), " + class rates": side(rows, "class_rates")}
    if tuned:
        sides[" tuned"] = side(rows, "tuned_baseline")
    scores = {
        LABELS[activation] + suffix: part[part.activation == activation].groupby("dataset").test_accuracy.mean()
        for suffix, part in sides.items()
        if len(part)
        for activation in ACTIVATIONS
    }
    table = pd.DataFrame(scores).dropna()
    return ranking(table) if min(table.shape) > 2 else None


def divergence(rows: pd.DataFrame) -> pd.DataFrame:
    """Runs whose alpha_mu had to be divided, runs that diverged, and the largest rate; every variant counted.

    Activations are the columns.
    """
    lines = {}
    for activation in ACTIVATIONS:
        rated = rows[(rows.arm == "class_rates") & (rows.activation == activation)] if len(rows) else rows
        if len(rated):
            lines[LABELS[activation]] = {
                "runs with rates": len(rated),
                "α_μ divided": f"{int((rated.reductions > 0).sum())} ({(rated.reductions > 0).mean():.0%})",
                "at most, times": int(rated.reductions.max()),
                "diverged all the same": int((rated.outcome == "diverged").sum()),
                "largest rate, median run": f"{rated.largest_rate.median():,.0f}",
                "largest rate of all": f"{rated.largest_rate.max():,.0f}",
            }
    return lined(lines).T


def learning_rates(rows: pd.DataFrame) -> pd.DataFrame:
    """The baseline at each learning rate: runs, those that diverged, and how often validation chose it."""
    base, chosen = of_variant(rows, "baseline"), side(rows, "tuned_baseline")
    lines = {
        f"{rate:g}": {
            "runs": len(part),
            "diverged": int((part.outcome == "diverged").sum()),
            "chosen": f"{int((chosen.learning_rate == rate).sum())} of {len(chosen)}" if len(chosen) else "–",
        }
        for rate in TUNED_RATES
        if len(base) and len(part := base[base.learning_rate == rate])
    }
    return lined(lines, "learning rate")
