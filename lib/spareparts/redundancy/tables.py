"""Small tables of the chapter on trained networks: areas, retraining, rank 10, elbows, clusters, labels, twins."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from .. import records
from ..records import lined
from ..stats import BLANK, spread
from .config import GENERATED, Config
from .points import twins as twin_runs
from .pruning_verdicts import retrained_accuracy
from .retrain import CHOICES, REMOVED
from .rows import TITLES, Measure, by_classes, by_labels, chosen, networks, protocol, values
from .subspace_verdicts import REPORT, at_rank, lost

ORDERS = {  # column of an area -> what is removed
    "norm_smallest": "smallest norm first",
    "norm_largest": "largest norm first",
    "frame_potential_smallest": "smallest contribution first",
    "frame_potential_largest": "largest contribution first",
    "random": "random",
}


def line(runs: pd.DataFrame, columns: Mapping[str, Measure], *, digits: int = 2) -> dict[str, Any]:
    """Mean (SD) of some measures over the runs, with n and protocol."""
    cells = {name: spread(values(runs, measure), digits=digits) for name, measure in columns.items()}
    return cells | {"n": len(runs), "protocol": protocol(runs)}


def measured(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Titles of the models that have a measured network, and their runs."""
    found = {model: networks(rows, model) for model in TITLES}
    return {TITLES[model]: runs for model, runs in found.items() if len(runs)}


def areas(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy (%) under each pruning curve of fc1: of all units, of the first half, and with biases kept."""
    lines = {}
    for title, runs in measured(rows).items():
        for order, name in ORDERS.items():
            kinds = {"all units": "area", "first half": "half_area", "bias kept": "unmasked_area"}
            lines[title, name] = line(runs, {shown: f"{kind}_{order}" for shown, kind in kinds.items()})
    return lined(lines, "network", "removed")


def retraining(rows: pd.DataFrame, *, model: str = "lenet_300_100") -> pd.DataFrame:
    """Test accuracy (%) after pruning a share of fc1 at once and training on, and that of the unpruned network."""
    runs = chosen(rows, experiment="retrain", model=model)
    if runs.empty:
        return lined({})
    lines = {}
    for choice in CHOICES:
        columns = {
            f"{share:.0%}": lambda row, choice=choice, place=place: retrained_accuracy(row, choice, place)
            for place, share in enumerate(REMOVED)
        }
        lines[ORDERS[choice]] = line(runs, columns)
    lines["nothing"] = line(runs, {f"{REMOVED[0]:.0%}": "unpruned_accuracy"}) | dict.fromkeys(
        [f"{share:.0%}" for share in REMOVED[1:]], BLANK
    )
    return lined(lines, "removed")


def rank_ten(rows: pd.DataFrame) -> pd.DataFrame:
    """Norm that the ten largest directions of fc1 keep and accuracy that they lose, the final report's beside ours."""
    lines = {}
    for model, title in TITLES.items():
        runs = networks(rows, model)
        if len(runs) or model in REPORT:
            norm, points = (f"{value:.2f}" for value in REPORT[model]) if model in REPORT else (BLANK, BLANK)
            lines[title] = {"report: norm kept, %": norm, "report: accuracy lost": points} | line(
                runs, {"ours: norm kept, %": "weights_kept_norm_10", "ours: accuracy lost": lost}
            )
            lines[title]["protocol"] = protocol(runs) if len(runs) else "not run"
    return lined(lines, "network")


def directions(rows: pd.DataFrame, *, rank: int = 16) -> pd.DataFrame:
    """What the largest directions of W - Z carry: accuracy (%), and the norm of what is removed, over that of all."""
    columns: dict[str, Measure] = {
        "accuracy, %": "accuracy",
        f"with {rank} directions": lambda row: at_rank(row, "update_rank_accuracy", rank),
        "spectral norm removed, share": lambda row: row[f"update_residual_norm_{rank}"] / row.update_spectral_norm,
        "effective rank": "update_effective_rank",
    }
    return lined({title: line(runs, columns) for title, runs in measured(rows).items()}, "network")


def elbows(rows: pd.DataFrame) -> pd.DataFrame:
    """Elbow of the spectrum of fc1 against the number of classes, of W - Z and of W."""
    runs = by_classes(rows)
    columns = {"elbow of W - Z": "update_elbow", "elbow of W": "weights_elbow", "accuracy, %": "accuracy"}
    parts = runs.groupby("classes") if len(runs) else ()
    return lined({int(classes): line(part, columns, digits=1) for classes, part in parts}, "classes")


def clusters(rows: pd.DataFrame) -> pd.DataFrame:
    """Frame potential and mean cosine to the nearest unit, beside what each null gives."""
    lines = {}
    for title, runs in measured(rows).items():
        for name, statistic, digits in (("frame potential", "potential", 0), ("nearest cosine", "nearest", 3)):
            columns = {
                "untrained": f"initial_{statistic}",
                "trained": f"final_{statistic}",
                "random rows": f"random_{statistic}",
                "same spectrum": f"spectrum_{statistic}",
                "mean removed": f"final_centred_{statistic}",
                "random, mean removed": f"centred_random_{statistic}",
            }
            lines[title, name] = line(runs, columns, digits=digits)
    return lined(lines, "network", "measure")


def noise(rows: pd.DataFrame) -> pd.DataFrame:
    """Outliers beyond the Marchenko-Pastur edge and noise variance (x 1000) of fc1, untrained and trained."""
    columns: dict[str, Measure] = {
        "outliers, untrained": "initial_outliers",
        "outliers, trained": "final_outliers",
        "noise variance x 1000, untrained": lambda row: 1000 * row.initial_noise_variance,
        "noise variance x 1000, trained": lambda row: 1000 * row.final_noise_variance,
    }
    return lined({title: line(runs, columns) for title, runs in measured(rows).items()}, "network")


def labels(rows: pd.DataFrame) -> pd.DataFrame:
    """LeNets that learned true and shuffled labels of the same images."""
    columns = {
        "training accuracy, %": "train_accuracy",
        "effective rank of W - Z": "update_effective_rank",
        "stable rank of W - Z": "update_stable_rank",
        "frame potential": "final_potential",
        "mean training accuracy, smallest norms first, %": "train_area_norm_smallest",
    }
    sides = dict(zip(("true", "shuffled"), by_labels(rows), strict=True))
    return lined({name: line(runs, columns) for name, runs in sides.items() if len(runs)}, "labels")


def twins(rows: pd.DataFrame) -> pd.DataFrame:
    """Layers kept when the classifier is drawn anew: likeness to the twin and to an independent network, matched."""
    lines = {}
    for title, runs in twin_runs(rows).items():
        for place, layer in enumerate(runs.kept_layers.iloc[0]):
            for kind, name in (("output", "outputs (correlation)"), ("weight", "weights (cosine)")):
                columns = {
                    other: lambda row, column=f"{other}_{kind}_matched", place=place: row[column][place]
                    for other in ("twin", "independent")
                }
                lines[title, layer, name] = line(runs, columns)
    return lined(lines, "network", "layer", "compared")


def asked(rows: pd.DataFrame, configs: Sequence[Config]) -> pd.DataFrame:
    """What a notebook's parameters ask for, how much of it has a record, and the test accuracy (%) of that."""
    told = {"accuracy, %": lambda found: spread(found.get("accuracy", ()))}
    return records.asked(rows, configs, about=_about, told=told)


def _about(config: Config) -> dict[str, str]:
    drawn = config.experiment in GENERATED
    network, images = (BLANK, "drawn") if drawn else (TITLES[config.model], config.dataset)
    return {"experiment": config.experiment, "network": network, "data": images}
