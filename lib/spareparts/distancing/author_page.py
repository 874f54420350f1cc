"""Sentences on the author's own runs, whose every number is computed from them."""

import pandas as pd

from . import author
from .config import Config
from .rows import TITLES


def finals_own_findings() -> str:
    """What the author's runs say against the idea, which his final text says too."""
    parts = []
    for network in author.NETWORKS:
        plain, pushed_ones = (author.theirs(network, *names) for names in author.COSINE.theirs.values())
        first, second = plain.validation_accuracy, pushed_ones.validation_accuracy
        counts = f"n = {len(first)} and {len(second)}"
        parts.append(f"{TITLES[network]} {first.mean():.2f}% without the push and {second.mean():.2f}% with ({counts})")
    ensembles = [author.theirs("mobilenet_v2", name) for name in author.ENSEMBLES.values()]
    gains = [
        f"{title} {runs.ensemble_accuracy.mean():.2f}%" for title, runs in zip(author.ENSEMBLES, ensembles, strict=True)
    ]
    counts = " to ".join(str(each) for each in sorted({len(runs) for runs in ensembles}))
    return (
        "The author's final text is sober about its own idea, and his runs show why. With cosine restarts the push "
        f"lowers accuracy: {'; '.join(parts)}. Ensembles of pushed snapshots hardly gain over ordinary ones, and stay "
        f"behind snapshots taken before restarts, of MobileNetV2: {'; '.join(gains)} (n = {counts}, five members each)."
    )


def several_in_his_runs() -> str:
    """What several checkpoints did to distance and accuracy in his runs, at the strength of his single one."""
    parts = []
    for network in author.NETWORKS:
        one, several = (author.theirs(network, name) for name in ("baseline_distance", author.SEVERAL[Config.strength]))
        parts.append(
            f"{TITLES[network]} ended at a squared distance of {mean(several, 'squared_distance_0'):,.0f} from the "
            f"first of several checkpoints and of {mean(one, 'squared_distance_0'):,.0f} from a single one, with an "
            f"accuracy of {mean(several, 'validation_accuracy'):.2f}% and {mean(one, 'validation_accuracy'):.2f}% "
            f"(n = {len(several)} and {len(one)})"
        )
    return (
        f"In the author's own runs several checkpoints of the same strength, s = {Config.strength:g}, did not lead "
        f"further: {'; '.join(parts)}. His first of several stands later in the journey than his single one, and each "
        "pushes with its share of the strength; only with larger strengths do his distances grow beyond."
    )


def mean(runs: pd.DataFrame, name: str) -> float:
    """Mean of a column."""
    return float(runs[name].mean())
