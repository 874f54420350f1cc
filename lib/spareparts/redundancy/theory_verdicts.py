"""What the records say about the theories: filters, width, XORD, teacher and student."""

import numpy as np
import pandas as pd

from ..stats import Pairs, Verdict, beyond, combine, decide_all, remarked, sign, trend
from .rows import arrays, by_width, chosen, paired, protocol, student_runs, values, xord_runs
from .theory_rows import students, xord_layers

SMALL, LARGE = 2, 120  # filters of each sign on XORD: as few as fit, and the seed's large layer
GAP_MARGIN = 0.5  # points that the gap may grow for every tenfold of the width
GROWTH_MARGIN = 0.1  # power of the width with which an error that does not grow may rise
KINDS = ("removable", "repeated")


def filters_turn_to_centres(rows: pd.DataFrame) -> Verdict:
    """Claim 4: angles to the nearest of four centres smaller than untrained ones, with means removed too."""
    runs = chosen(rows, experiment="filters")
    plans = {
        "trained against untrained": sign(paired(runs, "untrained_angle", "trained_angle"), -1, unit="degrees"),
        "the same, means removed": sign(paired(runs, "untrained_centred_angle", "centred_angle"), -1, unit="degrees"),
    }
    beside = paired(runs, "spectrum_angle", "trained_angle")
    verdict = combine(decide_all(plans))
    if runs.empty:
        return verdict
    beside = (runs.trained_angle - runs.spectrum_angle).mean()
    remark = "random filters of the trained spectrum share its few directions but no clusters: trained less these"
    return remarked(verdict, f"{remark} {beside:+.2f} degrees")


def share(row: pd.Series, state: str, kind: str) -> float:
    """Share of removable or repeated units, mean over all thresholds."""
    return float(np.mean(row[f"{state}_{kind}"]))


def redundant_units_emerge(rows: pd.DataFrame) -> Verdict:
    """Claim 7: shares of removable and of repeated units rise with width, and by more than those of untrained units.

    Shares are means over the thresholds; every network counts once.
    """
    runs = by_width(rows)
    plans = {}
    for kind in KINDS:
        rising = paired(runs, "width", lambda row, kind=kind: share(row, "trained", kind))
        excess = paired(
            runs, "width", lambda row, kind=kind: share(row, "trained", kind) - share(row, "untrained", kind)
        )
        plans[f"{kind} units"] = trend(rising, +1)
        plans[f"{kind} units less untrained ones"] = trend(excess, +1)
    return combine(decide_all(plans))


def large_layers_find_patterns(rows: pd.DataFrame) -> Verdict:
    """Claim 9: of layers that fit the same inputs, the large one errs less on others and has found more patterns."""
    runs = xord_runs(rows)
    pairs = xord_pairs(rows)
    means = pairs.groupby(["seed", "replica"]).mean(numeric_only=True) if len(pairs) else pairs
    read = protocol(runs)
    plans = {
        "test error": sign(_sides(means, "test_error", read), -1, unit="points"),
        "patterns found": sign(_sides(means, "found", read), +1, unit="of 4"),
    }
    verdict = combine(decide_all(plans))
    if pairs.empty:
        return verdict
    missed = int((pairs.test_error_small > 0).sum())
    return remarked(
        verdict,
        f"k = {LARGE} against {SMALL}, means over training set sizes at which both fit",
        f"of {len(pairs)} small layers that fit {missed} err on other inputs",
        f"patterns near some filter before training {pairs.explored_small.mean():.2f} and "
        f"{pairs.explored_large.mean():.2f} of 4",
    )


def xord_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Small and large layers on XORD that both fit the same training set, one pair a row."""
    layers = xord_layers(xord_runs(rows), arrays=arrays)
    if layers.empty:
        return layers
    sides = [layers[(layers.units == units) & layers.fitted] for units in (SMALL, LARGE)]
    return sides[0].merge(sides[1], on=["seed", "train_samples", "replica"], suffixes=("_small", "_large"))


def _sides(means: pd.DataFrame, column: str, protocol: str) -> Pairs:
    if means.empty:
        return Pairs(np.empty(0), np.empty(0), protocol)
    return Pairs(*(means[f"{column}_{side}"].to_numpy(float) for side in ("small", "large")), protocol)


def wide_networks_stay_near(rows: pd.DataFrame) -> Verdict:
    """Claim 11: of networks that fit, the distance from initialization falls with width, and the gap does not rise.

    The gap's rise is the slope of a line through each seed's widths, in points for every tenfold of the width.
    """
    runs = by_width(rows)
    fitted = runs[runs.train_error == 0] if len(runs) else runs
    slopes = power(fitted, "gap", base=10) if len(fitted) else np.empty(0)
    gaps = Pairs(np.zeros(len(slopes)), slopes, protocol(fitted))
    parts = decide_all({"distance of fc1": trend(paired(fitted, "width", "fc1_distance"), -1)})
    parts["gap"] = beyond(gaps, threshold=GAP_MARGIN, expected=-1, unit="points for a tenfold width")
    if runs.empty:
        return combine(parts)
    per_unit = paired(fitted, "width", "fc1_unit_distance")
    remarks = [f"{len(fitted)} of {len(runs)} networks fit"]
    if trend(per_unit, -1).test is not None:
        remarks.append(f"distance of a unit: rho {trend(per_unit, -1).test.rho:+.2f}")
    return remarked(combine(parts), *remarks)


def power(runs: pd.DataFrame, column: str, *, base: float) -> np.ndarray:
    """Slope of a column against the logarithm of the width, one a seed that has three widths."""
    slopes = []
    for _, part in runs.groupby("seed"):
        if part.width.nunique() > 2:
            slopes.append(np.polyfit(np.log(part.width.astype(float)) / np.log(base), values(part, column), 1)[0])
    return np.array(slopes)


def wide_students_average(rows: pd.DataFrame) -> Verdict:
    """Claim 12: with width the error grows where the first layer alone is trained, not where both are.

    And units share a teacher unit's work more evenly. Slopes of logarithms, one a teacher: powers of the width.
    """
    table = students(student_runs(rows), arrays=arrays)
    read = protocol(student_runs(rows))
    first, both = (growth(table, layers=layers, column="error") for layers in ("first", "both"))
    sharing = growth(table, layers="both", column="averaging")
    parts = decide_all(
        {
            "error, first layer alone": sign(_against_zero(first, read), +1, unit="as power of the width"),
            "units that share, both layers": sign(_against_zero(sharing, read), +1, unit="as power of the width"),
        }
    )
    parts["error, both layers"] = beyond(
        _against_zero(both, read), threshold=GROWTH_MARGIN, expected=-1, unit="as power of the width"
    )
    return combine(parts)


def growth(table: pd.DataFrame, *, layers: str, column: str) -> np.ndarray:
    """Slope of a column's logarithm against that of the width, for each teacher whose students have three widths."""
    part = table[table.layers == layers] if len(table) else table
    slopes = []
    for _, own in part.groupby(["seed", "replica"]) if len(part) else ():
        if own.units.nunique() > 2:
            heights = np.log(own[column].astype(float).clip(lower=1e-12))
            slopes.append(np.polyfit(np.log(own.units.astype(float)), heights, 1)[0])
    return np.array(slopes)


def _against_zero(slopes: np.ndarray, protocol: str) -> Pairs:
    return Pairs(np.zeros(len(slopes)), slopes, protocol)
