"""Tables 2 and 3, the paper's beside ours, with the counts and tests that belong to them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..stats import bootstrap_interval
from .config import CUTOFFS
from .counting import (
    counted,
    first_seed,
    median_over_seeds,
    published_count,
    published_mean,
    significant,
    with_mcnemar,
)
from .networks import ACTIVATIONS
from .rows import LABELS, PUBLISHED_SEED, by_set, shown, title
from .table import ARCHITECTURES, PUBLISHED_ACCURACY, PUBLISHED_SPECIALISED
from .verdicts import share_test

BLANK = "–"


def table_two(pairs: pd.DataFrame) -> pd.DataFrame:
    """Test accuracy in %, the paper's and ours with one seed: the baseline → class rates."""
    return _beside(pairs, "test_accuracy", PUBLISHED_ACCURACY)


def table_three(pairs: pd.DataFrame) -> pd.DataFrame:
    """Specialised neurons in %, baseline → class rates, with one seed; and the share that could be reached at all."""
    table = _beside(pairs, "specialized", PUBLISHED_SPECIALISED)
    ceilings = {title(name): pairs[pairs.dataset == name].specialized_ceiling_first.iloc[0] for name in shown(pairs)}
    table[("", "ceiling")] = [f"{ceilings[name]:.1f}" if name in ceilings else BLANK for name in table.index]
    return table


def _beside(pairs: pd.DataFrame, metric: str, theirs: dict[str, dict[str, float | None]]) -> pd.DataFrame:
    names = [*ARCHITECTURES, *(name for name in shown(pairs) if name not in ARCHITECTURES)]
    ours = pairs[pairs.seed == PUBLISHED_SEED].set_index(["dataset", "activation"]) if len(pairs) else pairs
    lines = {}
    for name in names:
        line = {}
        for activation in ACTIVATIONS:
            printed = theirs.get(name, {})
            here = ours.loc[(name, activation)] if (name, activation) in ours.index else None
            found = (None, None) if here is None else (here[f"{metric}_first"], here[f"{metric}_second"])
            line[LABELS[activation], "paper"] = arrow(printed.get(activation), printed.get(f"{activation}_rated"))
            line[LABELS[activation], "ours"] = arrow(*found)
        lines[title(name)] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def lined(lines: Mapping[Any, Mapping[str, Any]], *names: str) -> pd.DataFrame:
    """A table of its lines; one that says so where there are none."""
    if not lines:
        return pd.DataFrame({"": ["no records yet"]}, index=[""])
    return pd.DataFrame(lines).T.rename_axis(list(names) or None)


def arrow(first: float | None, second: float | None) -> str:
    """Baseline and class rates in one cell; a dash for what is missing."""
    return BLANK if first is None and second is None else f"{number(first)} → {number(second)}"


def number(value: float | None) -> str:
    """A percentage as the paper prints it."""
    return BLANK if value is None else "100" if value == 100 else f"{value:.2f}"


def counts(pairs: pd.DataFrame) -> pd.DataFrame:
    """Wins, losses, ties and the sign test: the paper's table recounted, and ours with one seed."""
    lines = {}
    for activation in ACTIVATIONS:
        part = pairs[pairs.activation == activation]
        ours, theirs = counted(first_seed(pairs, activation)), published_count(activation)
        for who, found, mean in (
            ("paper", theirs, f"{published_mean(activation):+.2f}"),
            ("ours", ours, f"{first_seed(pairs, activation).difference.mean():+.2f}" if len(part) else BLANK),
        ):
            lines[LABELS[activation], who] = {
                "wins": found.wins,
                "losses": found.losses,
                "ties": found.ties,
                "sets": f"{found.total} of {len(ARCHITECTURES)}",
                "sign test p": f"{found.sign_p:.3f}" if found.total else BLANK,
                "mean difference": mean,
            }
    return pd.DataFrame(lines).T.rename_axis(["activation", "whose"])


def mean_differences(pairs: pd.DataFrame) -> pd.DataFrame:
    """Mean difference over sets, each set the mean of its seeds, with interval; and how many McNemar tests decide.

    Activations are the columns.
    """
    tests = with_mcnemar(pairs)
    lines = {}
    for activation in ACTIVATIONS:
        part, means = tests[tests.activation == activation], by_set(pairs[pairs.activation == activation])
        if len(means) < 2:
            continue
        estimate, medians, first = bootstrap_interval(means), median_over_seeds(part), first_seed(part, activation)
        lines[LABELS[activation]] = {
            "mean difference": f"{estimate.mean:+.2f}",
            "95% interval": f"{estimate.interval[0]:+.2f} to {estimate.interval[1]:+.2f}",
            "median": f"{means.median():+.2f}",
            "sets": len(means),
            "runs": len(part),
            "McNemar, one seed": str(significant(first)),
            "Holm": str(significant(first, "holm")),
            "median p": str(significant(medians)),
            "Holm on it": str(significant(medians, "holm")),
        }
    return lined(lines).T


def set_by_set(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each set's mean difference over seeds with Student's interval, and McNemar's median p, raw and Holm."""
    medians = median_over_seeds(with_mcnemar(pairs)).set_index(["dataset", "activation"])
    lines = {}
    for name in shown(pairs):
        for activation in ACTIVATIONS:
            part = pairs[(pairs.dataset == name) & (pairs.activation == activation)]
            if len(part):
                found, test = part.difference.to_numpy(float), medians.loc[(name, activation)]
                lines[title(name), LABELS[activation]] = {
                    "difference": f"{found.mean():+.2f}",
                    "95% interval": student(found),
                    "seeds": len(found),
                    "McNemar p": f"{test.p:.2g}",
                    "Holm p": f"{test.holm:.2g}",
                }
    return lined(lines, "data set", "activation")


def student(values: np.ndarray) -> str:
    """Student's 95% interval of a mean; a dash with fewer than two values."""
    if len(values) < 2:
        return BLANK
    if np.ptp(values) == 0:
        return f"{values[0]:+.2f} each time"
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    return f"{low:+.2f} to {high:+.2f}"


def shares(pairs: pd.DataFrame) -> pd.DataFrame:
    """Mean share of specialised neurons in both arms, the difference, and the test of equivalence."""
    lines = {}
    for activation in ACTIVATIONS:
        test, part = share_test(pairs, activation)
        if test is not None:
            apart = by_set(part, "specialized_second") - by_set(part, "specialized_first")
            lines[LABELS[activation]] = {
                "baseline, %": f"{by_set(part, 'specialized_first').mean():.1f}",
                "class rates, %": f"{by_set(part, 'specialized_second').mean():.1f}",
                "difference": f"{test.mean_difference:+.2f}",
                "95% interval": f"{test.outer_interval[0]:+.2f} to {test.outer_interval[1]:+.2f}",
                f"sets beyond {test.margin:g} points": f"{int((apart.abs() > test.margin).sum())} of {test.n}",
                "TOST p": f"{test.p:.2g}",
            }
    return lined(lines)


def official(pairs: pd.DataFrame) -> pd.DataFrame:
    """Sets with an official test file: difference on half of the training file, and on that file; means over seeds."""
    lines = {}
    found = pairs.dropna(subset=["official_accuracy_first"]) if "official_accuracy_first" in pairs else pairs[:0]
    found = (
        found.assign(official=found.official_accuracy_second - found.official_accuracy_first) if len(found) else found
    )
    for name in shown(found):
        for activation in ACTIVATIONS:
            part = found[(found.dataset == name) & (found.activation == activation)]
            if len(part):
                lines[title(name), LABELS[activation]] = {
                    "baseline, half": number(part.test_accuracy_first.mean()),
                    "difference": f"{part.difference.mean():+.2f}",
                    "baseline, official": number(part.official_accuracy_first.mean()),
                    "difference, official": f"{part.official.mean():+.2f}",
                    "seeds": len(part),
                }
    return lined(lines, "data set", "activation")


def chosen_cutoffs(pairs: pd.DataFrame) -> pd.DataFrame:
    """How often each cutoff was chosen, and how often all three did equally well on validation."""
    table = pd.crosstab(pairs.activation, pairs.cutoff_second) if len(pairs) else pd.DataFrame()
    table = table.reindex(index=list(ACTIVATIONS), columns=list(CUTOFFS), fill_value=0)
    return table.rename(index=LABELS, columns="after {} epochs".format).rename_axis(index=None, columns=None)
