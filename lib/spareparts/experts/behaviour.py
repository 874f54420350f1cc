"""Tables of what the experts and their gate do: load, similarity beside chance, routing, clusters of the features."""

import pandas as pd

from ..stats import BLANK, paired_wilcoxon, spread
from .rows import paired
from .tables import arms, heading, shown, table

CLUSTERS = {
    "silhouette": "silhouette",
    "10-NN purity": "neighbour_purity",
    "within / total": "class_variance",
}


def loads(rows: pd.DataFrame) -> pd.DataFrame:
    """Live experts, and the largest load, by data set and arm: mean over seeds, with the range of live experts."""
    lines = {
        (heading(rows, dataset), arm): {
            "live experts, mean": f"{part.live_experts.mean():.1f}",
            "range": f"{part.live_experts.min():.0f} to {part.live_experts.max():.0f}",
            "largest load, mean %": f"{100 * part.load.map(max).mean():.1f}",
            "runs with one live expert": f"{(part.live_experts == 1).sum()} of {len(part)}",
        }
        for dataset, arm, part in arms(rows)
    }
    return table(lines, "data set", "arm")


def similarity_table(rows: pd.DataFrame) -> pd.DataFrame:
    """SIM x100 in both arms beside its two chance levels, and SIM with rows matched; means over seeds."""
    lines = {}
    for dataset, arm, part in arms(rows):
        live = part[part.live_experts > 1]
        lines[heading(rows, dataset), arm] = {
            "SIM, all": spread(100 * part.similarity, digits=2),
            "SD if dead": f"{100 * part.null_dead_deviation.mean():.2f}",
            "runs with 2+ live": f"{len(live)} of {len(part)}",
            "SIM, live": spread(100 * live.live_similarity, digits=2) if len(live) else BLANK,
            "rows shuffled": spread(100 * live.null_live_mean, digits=2) if len(live) else BLANK,
            "rows matched, live": spread(100 * live.live_matched_similarity, digits=2) if len(live) else BLANK,
            "CKA, live": spread(live.live_alignment, digits=2) if len(live) else BLANK,
        }
    return table(lines, "data set", "arm")


def routing_table(rows: pd.DataFrame) -> pd.DataFrame:
    """ENT, its companions, and its largest value; means (SD) over seeds."""
    lines = {
        (heading(rows, dataset), arm): {
            "ENT, nats": spread(part.entropy, digits=3),
            "entropy per image, nats": spread(part.sample_entropy, digits=3),
            "largest possible": f"{part.max_entropy.mean():.3f}",
            "information of expert about class, nats": spread(part.mutual_information, digits=3),
            "n": len(part),
        }
        for dataset, arm, part in arms(rows)
    }
    return table(lines, "data set", "arm")


def clusters(rows: pd.DataFrame) -> pd.DataFrame:
    """Silhouette, purity of ten neighbours, and variance within classes: mean (SD) of both arms, and the difference."""
    lines = {}
    for dataset in shown(rows):
        for name, metric in CLUSTERS.items():
            first, second, _ = paired(rows, metric, dataset)
            if len(first) > 1:
                test = paired_wilcoxon(first, second)
                lines[heading(rows, dataset), name] = {
                    "baseline": spread(first, digits=3),
                    "SNNL": spread(second, digits=3),
                    "difference": f"{test.mean_difference:+.3f}",
                    "95% interval": f"{test.interval[0]:+.3f} to {test.interval[1]:+.3f}",
                    "n": test.n,
                    "Wilcoxon p": f"{test.p:.3g}",
                }
    return table(lines, "data set", "measure")
