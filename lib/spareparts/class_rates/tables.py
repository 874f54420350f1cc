"""Tables 2 and 3, the paper's beside ours, and what stands beside each data set."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats

from ..records import lined
from ..stats import BLANK
from .config import ACTIVATIONS, CUTOFFS
from .counting import chance, median_over_seeds, with_mcnemar
from .rows import KEYS, LABELS, PUBLISHED_SEED, by_set, of_variant, published, shown, side, title, with_official
from .table import ARCHITECTURES, ATTAINABLE, PUBLISHED_ACCURACY, PUBLISHED_SPECIALISED
from .verdicts import share_test


def table_two(pairs: pd.DataFrame) -> pd.DataFrame:
    """Test accuracy in %, the paper's and ours with one seed: the baseline → class rates; and what chance gives.

    Chance is the share of the largest class.
    """
    table = _beside(pairs, "test_accuracy", PUBLISHED_ACCURACY)
    shares = {title(name): 100 * chance(name) for name in ATTAINABLE}
    table[("", "chance")] = [number(shares.get(name)) for name in table.index]
    return table


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


def arrow(first: float | None, second: float | None) -> str:
    """Baseline and class rates in one cell; a dash for what is missing."""
    return BLANK if first is None and second is None else f"{number(first)} → {number(second)}"


def number(value: float | None) -> str:
    """A percentage as the paper prints it."""
    return BLANK if value is None else "100" if value == 100 else f"{value:.2f}"


def signed(value: float) -> str:
    """A difference with its sign and two decimals; zero is +0.00."""
    return f"{round(value, 2) + 0.0:+.2f}"


def spread(interval: Iterable[float]) -> str:
    """An interval of differences."""
    return " to ".join(map(signed, interval))


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
                    "difference": signed(found.mean()),
                    "95% interval": student(found),
                    "seeds": len(found),
                    "McNemar p": f"{test.p:.2g}",
                    "Holm p": f"{test.holm:.2g}",
                    "test rows": int(part.test_samples_first.iloc[0]),
                }
    return lined(lines, "data set", "activation")


def student(values: np.ndarray) -> str:
    """Student's 95% interval of a mean; a dash with fewer than three values, of which it would say nothing."""
    if len(values) < 3:
        return BLANK
    if np.allclose(values, values[0]):
        return f"{signed(values[0])} each time"
    return spread(stats.ttest_1samp(values, 0).confidence_interval(0.95))


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
    found = with_official(pairs)
    for name in shown(found):
        for activation in ACTIVATIONS:
            part = found[(found.dataset == name) & (found.activation == activation)]
            if len(part):
                lines[title(name), LABELS[activation]] = {
                    "baseline, half": number(part.test_accuracy_first.mean()),
                    "difference": signed(part.difference.mean()),
                    "baseline, official": number(part.official_accuracy_first.mean()),
                    "difference, official": signed(part.official.mean()),
                    "seeds": len(part),
                }
    return lined(lines, "data set", "activation")


def chosen_cutoffs(rows: pd.DataFrame) -> pd.DataFrame:
    """How often each cutoff was chosen, and in how many choices two or three cutoffs shared the best accuracy."""
    chosen, runs = published(side(rows, "class_rates")), of_variant(rows, "class_rates")
    lines = {}
    for activation in ACTIVATIONS:
        own = chosen[chosen.activation == activation] if len(chosen) else chosen
        if len(own):
            best = own.set_index(KEYS).validation_accuracy
            found = runs.set_index(KEYS).validation_accuracy
            equal = (found == best.reindex(found.index)).groupby(level=KEYS).sum()
            lines[LABELS[activation]] = {f"{cutoff} epochs": int((own.cutoff == cutoff).sum()) for cutoff in CUTOFFS}
            lines[LABELS[activation]] |= {"choices": len(own), "tied": int((equal > 1).sum())}
    return lined(lines)
