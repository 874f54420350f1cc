"""What the records say about the cost of a Hadamard head: bytes, time and accuracy."""

import pandas as pd

from ..stats import Verdict, combine, not_run, too_few
from .crossover import crossover
from .decisions import equal
from .hadamard import CROSSOVER
from .rows import HADAMARD, LEARNED, compared, measured, runs

BATCH = 256  # rows of features in a timed pass; the default
OPEN = 4096  # features and classes where the config leaves them open
FEWEST_SIZES = 3  # between which a crossover is looked for
PHASES = ("training", "inference")


def hadamard_is_cheap(rows: pd.DataFrame) -> Verdict:
    """Claim 7: no bytes of weights, faster than a learned head from some size on, and equal accuracy on CIFAR-10."""
    pairs = compared(rows, LEARNED, HADAMARD, dataset="cifar10")
    parts = {"bytes": nothing_is_stored(rows)} | {f"time in {phase}": faster(rows, phase) for phase in PHASES}
    return combine(parts | {"accuracy": equal(measured(pairs, "accuracy"))})


def sizes(rows: pd.DataFrame, head: str, phase: str) -> pd.DataFrame:
    """Measured heads with the usual batch, with whole numbers of `features` and `classes`, on the commonest device."""
    found = runs(rows, free=("features", "classes", "batch_size"), how=(), experiment="heads", head=head, phase=phase)
    if found.empty:
        return found
    found = found[[what[2] in (None, BATCH) for what in found.what]]
    for place, name in enumerate(("features", "classes")):
        found[name] = [int(what[place] or OPEN) for what in found.what]
    return found[found.device == found.device.mode()[0]] if len(found) else found


def nothing_is_stored(rows: pd.DataFrame) -> Verdict:
    """Whether a Hadamard head stores no byte of a matrix, wherever it works by the transform."""
    found = pd.concat([sizes(rows, "hadamard", phase) for phase in PHASES])
    if found.empty:
        return not_run()
    found = found[found.features * found.classes >= CROSSOVER]
    if found.empty:
        return too_few(len(found), "paper")
    most = float(found.matrix_bytes.max())
    note = f"heads of up to {found.features.max():,} features and {found.classes.max():,} classes"
    return Verdict(
        "not reproduced" if most else "reproduced", most, None, len(found), "paper", "bytes", note, level=True
    )


def milliseconds(rows: pd.DataFrame, head: str, phase: str) -> pd.Series:
    """Median time of a pass by the number of features, of heads with as many classes; the shortest over seeds."""
    found = sizes(rows, head, phase)
    if found.empty:
        return pd.Series(dtype=float)
    return found[found.features == found.classes].groupby("features").median_milliseconds.min()


def faster(rows: pd.DataFrame, phase: str) -> Verdict:
    """Whether there is a size from which a Hadamard head takes less time than a learned one at all larger sizes."""
    times = pd.DataFrame({head: milliseconds(rows, head, phase) for head in ("learned", "hadamard")}).dropna()
    if len(times) < FEWEST_SIZES:
        return too_few(len(times), "paper")
    start = crossover(times.index.to_list(), times.learned.to_list(), times.hadamard.to_list())
    last = times.iloc[-1]
    device = sizes(rows, "hadamard", phase).device.iloc[0]
    note = f"at {times.index[-1]:,} features and classes {last.hadamard / last.learned:.2g} times a learned head's time"
    note += f"; batch {BATCH}, {device}"
    if start is None:
        return Verdict("not reproduced", None, None, len(times), "paper", note=note)
    unit = "features and classes from which it is faster"
    return Verdict("reproduced", start, None, len(times), "paper", unit, note, level=True)
