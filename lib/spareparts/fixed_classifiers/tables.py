"""Small tables of the chapter on trained networks: accuracies, scales, growth, speed, prices."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from .. import records
from ..records import lined
from ..stats import BLANK, spread
from .config import Config
from .images import ACCURACIES
from .points import HEADS, HELD, HUNDRED, LOSSES, OTHERS, Kinds, alike, by_features, by_likeness, by_number
from .rows import FIXED, LEARNED, Measure, against, compared, measured, protocol
from .titles import DATASET_TITLES, NETWORK_TITLES, SHAPE_TITLES
from .training_verdicts import LEAST

# Network and data set: learned and fixed accuracy in %, as they are commonly quoted from the paper's Table 1, which our
# copy of the text has lost; those of the first two stand among the claims.
QUOTED = {
    ("resnet_56", "cifar10"): (93.03, 93.14),
    ("densenet_bc_100_12", "cifar100"): (77.73, 77.67),
    ("resnet_50", "imagenet"): (75.3, 75.3),
    ("densenet_169", "imagenet"): (76.2, 76.0),
    ("shufflenet", "imagenet"): (65.9, 65.4),
}
ERRORS = {  # column to what is computed of a run
    "test error, %": lambda row: 100 - row.accuracy,
    "training error, %": lambda row: 100 - row.train_accuracy,
}


def line(runs: pd.DataFrame, columns: Mapping[str, Measure], *, digits: int = 2) -> dict[str, Any]:
    """Mean (SD) of some measures over the runs, with n and protocol."""
    cells = {name: spread(against(runs, 0.0, measure).second, digits=digits) for name, measure in columns.items()}
    return cells | {"n": len(runs), "protocol": protocol(runs)}


def table_one(rows: pd.DataFrame) -> pd.DataFrame:
    """Table 1: test accuracies (%) with a learned and a fixed head, the paper's as quoted beside ours."""
    lines = {}
    for network, dataset in [("resnet_20", "cifar10"), *QUOTED]:
        pairs = compared(rows, LEARNED, FIXED, dataset=dataset, network=network, how=HOW_ELSE)
        theirs = [f"{value:.2f}" for value in QUOTED.get((network, dataset), ())] or [BLANK] * 2
        about: dict[str, Any] = dict(zip(("theirs: learned", "theirs: fixed"), theirs, strict=True))
        both = measured(pairs, "accuracy")
        about |= {f"ours: {side}": spread(part) for side, part in zip(("learned", "fixed"), both[:2], strict=True)}
        about |= {"ours: difference": spread(both.second - both.first)}
        about |= {"n": len(pairs), "protocol": protocol(pairs) if len(pairs) else "not run"}
        lines[NETWORK_TITLES[network], DATASET_TITLES[dataset]] = about
    return lined(lines, "network", "data")


HOW_ELSE = ("shortcut", "epochs", "train_samples", "learning_rate", "batch_size", "augment", "precision")


def kinds(rows: pd.DataFrame, which: Kinds, **settings: Any) -> pd.DataFrame:
    """Errors (%) of each kind of run, trained alike, and its test accuracy less the first kind's, seed by seed."""
    found = alike(rows, which, **settings)
    first = next(iter(found.values()), None)
    lines = {}
    for title, part in found.items():
        lines[title] = line(part, ERRORS)
        own = part.merge(first, on="seed", suffixes=("", "_first"))
        lines[title]["accuracy against the first"] = (
            BLANK if part is first else spread(own.accuracy - own.accuracy_first)
        )
    return (
        lined(lines, "").reindex(columns=[*ERRORS, "accuracy against the first", "n", "protocol"])
        if lines
        else lined({})
    )


def heads(rows: pd.DataFrame) -> pd.DataFrame:
    """The four heads on CIFAR-10."""
    return kinds(rows, HEADS, dataset="cifar10")


def hundred(rows: pd.DataFrame) -> pd.DataFrame:
    """Three heads, and the cosine loss, on the hundred classes of CIFAR-100."""
    return kinds(rows, HUNDRED, dataset="cifar100")


def scales(rows: pd.DataFrame) -> pd.DataFrame:
    """A learned scale and scales that are held, on CIFAR-10 (Figure 3)."""
    return kinds(rows, HELD, dataset="cifar10")


def losses(rows: pd.DataFrame) -> pd.DataFrame:
    """Cross entropy and the cosine losses, on CIFAR-10."""
    return kinds(rows, LOSSES, dataset="cifar10")


def others(rows: pd.DataFrame) -> pd.DataFrame:
    """Every head that was tried on CIFAR-10, with the parameters that are trained of it."""
    found = kinds(rows, OTHERS, dataset="cifar10")
    if "n" in found:
        trained = {title: part for title, part in alike(rows, OTHERS, dataset="cifar10").items()}
        column = [f"{part.head_parameters.iloc[0]:,.0f}" for part in trained.values()]
        found.insert(0, "trained parameters of the head", column)
    return found


INITIAL: Kinds = {
    "initial scale 1": FIXED,
    "initial scale 10": FIXED | {"initial_scale": 10.0},
    "initial scale 1, weight decay 0.0001 on it": FIXED | {"scale_decay": 1e-4},
}


STARTS: Kinds = {
    "learned head": LEARNED,
    "orthonormal, initial scale 1": FIXED,
    "orthonormal, initial scale 10": FIXED | {"initial_scale": 10.0},
}


def starts(rows: pd.DataFrame) -> pd.DataFrame:
    """Whether the first value of the scale matters more with the hundred classes of CIFAR-100."""
    return kinds(rows, STARTS, dataset="cifar100")


def initial_scales(rows: pd.DataFrame) -> pd.DataFrame:
    """Where the scale begins, and weight decay on it: errors, and where it ends."""
    found = kinds(rows, INITIAL, dataset="cifar10")
    if "n" in found:
        found.insert(
            2, "final scale", [spread(part.final_scale) for part in alike(rows, INITIAL, dataset="cifar10").values()]
        )
    return found


def growth(rows: pd.DataFrame) -> pd.DataFrame:
    """Share of the variance of a head's size that each curve explains, over all steps and before the first drop."""
    lines = {}
    for title, part in alike(rows, HEADS, dataset="cifar10").items():
        for name, words in (("growth", "all steps"), ("growth_before_drop", "before the first drop")):
            cells = {
                column: spread([own[shape] for own in part[name]], digits=3) for shape, column in SHAPE_TITLES.items()
            }
            lines[title, words] = cells | {"n": len(part), "protocol": protocol(part)}
    return lined(lines, "head", "over")


def speed(rows: pd.DataFrame) -> pd.DataFrame:
    """Epochs to the first reading of given test accuracies, mean (SD) over the runs that reached them, and how many."""
    found = alike(rows, HEADS, dataset="cifar10")
    lines = {}
    for title, part in found.items():
        cells = {}
        for accuracy in ACCURACIES[ACCURACIES.index(LEAST) :]:
            epochs = [own[str(accuracy)] for own in part.epochs_to if str(accuracy) in own]
            if any(str(accuracy) in own for each in found.values() for own in each.epochs_to):
                short = "" if len(epochs) == len(part) else f", {len(epochs)} runs"
                cells[f"{accuracy}%"] = f"{spread(epochs, digits=1)}{short}" if epochs else BLANK
        lines[title] = cells | {"n": len(part), "protocol": protocol(part)}
    return lined(lines, "head")


def class_prices(rows: pd.DataFrame) -> pd.DataFrame:
    """Test accuracies on CIFAR-100 and what fixing costs of them, by the number and the choice of classes."""
    columns = {"learned, %": "learned", "fixed, %": "fixed", "price, points": "price"}
    parts = {("drawn", int(classes)): part for classes, part in _grouped(by_number(rows), "classes")}
    parts |= {(choice, int(part.classes.iloc[0])): part for choice, part in _grouped(by_likeness(rows), "choice")}
    lines = {name: {"chance, %": f"{100 / name[1]:g}"} | line(part, columns) for name, part in parts.items()}
    return lined(lines, "choice", "classes")


def features(rows: pd.DataFrame) -> pd.DataFrame:
    """Accuracies (%) with all classes of CIFAR-100 by the number of features."""
    columns = {"learned": "learned", "fixed": "fixed", "difference": lambda row: row.fixed - row.learned}
    parts = {int(number): part for number, part in _grouped(by_features(rows), "features")}
    return lined({number: line(part, columns) for number, part in sorted(parts.items(), reverse=True)}, "features")


REMEDIES: Kinds = {
    "learned": LEARNED,
    "orthonormal columns": FIXED,
    "Hadamard": {"head": "hadamard"},
    "Hadamard, scattered": {"head": "hadamard", "coordinates": "scattered"},
    "tight frame": {"head": "tight_frame"},
}


def remedies(rows: pd.DataFrame) -> pd.DataFrame:
    """100 classes on 64 features: largest |cosine| of two rows, classes that share a row, and accuracy."""
    columns = {
        "largest |cosine|": "max_coherence",
        "classes that share a row": "coinciding_classes",
        "test accuracy, %": "accuracy",
    }
    found = alike(rows, REMEDIES, dataset="cifar100")
    return lined({title: line(part, columns) for title, part in found.items()}, "head")


def _grouped(found: pd.DataFrame, name: str) -> Iterable[tuple[Any, pd.DataFrame]]:
    return found.groupby(name) if len(found) else ()


def asked(rows: pd.DataFrame, configs: Sequence[Config]) -> pd.DataFrame:
    """What a notebook's parameters ask for, how much of it has a record, and the test accuracy (%) of that."""
    told = {"accuracy, %": lambda found: spread(found.get("accuracy", ()))}
    return records.asked(rows, configs, about=_about, told=told)


def _about(config: Config) -> dict[str, str]:
    trained = config.experiment == "images"
    network, images = (NETWORK_TITLES[config.network], config.dataset) if trained else (BLANK, BLANK)
    return {"experiment": config.experiment, "network": network, "data": images}
