"""What defines a run of the redundancy chapter, and which runs a notebook's parameters name."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .. import data
from ..records import RunConfig
from ..records.config import check_lists, combinations, given_lists

# what is done: measure a trained network; prune it and train on; re-draw its classifier; and the theories of section 2
EXPERIMENTS = (
    "network",
    "retrain",
    "resample",
    "tickets",
    "unit_tickets",
    "width",
    "filters",
    "xord",
    "teacher_student",
)
GENERATED = ("xord", "teacher_student")  # draw their own data
IMAGES = tuple(name for name in EXPERIMENTS if name not in GENERATED)
MODELS = ("lenet_300_100", "conv_2", "conv_4", "conv_6", "vgg_19", "vgg_19_bn")
DATASETS = {"lenet_300_100": "mnist"} | dict.fromkeys(MODELS[1:], "cifar10")  # that Figure 1's networks are trained on

STATED = {  # what the draft and the final report say of the experiments that they describe; all else is ours
    "initialization": "glorot",
    "iterations": None,
    "optimizer": None,
    "learning_rate": None,
    "train_samples": None,
    "shuffled_labels": False,
    "classes": None,
    "width": None,
    "precision": "float32",
    "studied": "best",
}
DESCRIBED = ("network", "resample")

USERS = {  # the experiments that use a setting; those that are not named are used by all
    "model": ("network", "retrain", "resample", "tickets", "unit_tickets"),
    "dataset": IMAGES,
    "initialization": IMAGES,
    "shuffled_labels": ("network",),
    "classes": ("network",),
    "width": ("network", "width", "filters"),
    "optimizer": ("network", "retrain", "tickets", "unit_tickets", "width", "filters"),
    "learning_rate": EXPERIMENTS,
    "precision": ("network", "retrain", "resample"),
    "units": GENERATED,
    "train_samples": (*IMAGES, "xord"),
    "layers": ("teacher_student",),
    "noise": ("teacher_student",),
    "criterion": ("unit_tickets",),
    "kept_fraction": ("tickets", "unit_tickets"),
    "rewind": ("tickets", "unit_tickets"),
    "studied": ("network",),
    "diverse": ("xord",),
}
NAMES = {  # what a setting may be called
    "experiment": EXPERIMENTS,
    "model": MODELS,
    "initialization": ("glorot", "pytorch"),
    "optimizer": (None, "sgd", "adam"),
    "precision": ("float32", "bfloat16", "tf32"),
    "layers": ("both", "first"),
    "criterion": ("norm", "frame_potential", "random"),
    "studied": ("best", "last"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """One experiment; None stands for what Figure 1 states, or for the experiment's own choice.

    Raises `ValueError` for values that cannot be run with, and for settings that the experiment does not use.
    """

    word: ClassVar[str] = "redundancy"
    revision: ClassVar[int] = 1

    experiment: str = "network"  # one of EXPERIMENTS
    model: str = "lenet_300_100"  # one of MODELS
    dataset: str = "mnist"
    seed: int = 1
    iterations: int | None = None  # steps of training
    initialization: str = "glorot"  # Gaussian; or pytorch, as the authors' code had it
    shuffled_labels: bool = False  # all labels, those of the held-out images too
    classes: int | None = None  # the first so many only; None: all
    train_samples: int | None = None  # seeded draw from the images that are trained on; None: all of them
    width: int | None = None  # units of LeNet's first layer; None: 300, or the experiment's own
    optimizer: str | None = None  # sgd (momentum 0.9) or adam
    learning_rate: float | None = None
    units: int | None = None  # filters of each sign (xord), units of the student (teacher_student)
    layers: str = "both"  # that the student trains; or first
    noise: float = 0.0  # standard deviation on the teacher's outputs
    criterion: str = "norm"  # by which units are chosen
    kept_fraction: float | None = None  # of units or weights
    rewind: int | None = None  # step to whose weights a ticket is rewound; None: the initialization
    precision: str = "float32"  # of training; or bfloat16, tf32
    studied: str = "best"  # weights, those of smallest validation loss; or last (always, with shuffled labels)
    diverse: float = 0.5  # share of XORD's inputs that hold both patterns of a sign

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_names(NAMES)
        for name, least in (("iterations", 1), ("width", 1), ("units", 1), ("train_samples", 1), ("classes", 2)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} must be at least {least}, or None, got {value}")
        for name in ("seed", "noise", "rewind"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if self.learning_rate is not None and self.learning_rate <= 0:
            raise ValueError(f"learning_rate must be positive, or None, got {self.learning_rate}")
        if self.kept_fraction is not None and not 0 < self.kept_fraction <= 1:
            raise ValueError(f"kept_fraction must lie in (0, 1], got {self.kept_fraction}")
        if not 0 <= self.diverse <= 1:
            raise ValueError(f"diverse must lie in [0, 1], got {self.diverse}")
        self._check_experiment()

    def _check_experiment(self) -> None:
        """Settings that the experiment, its network or its data do not have."""
        self._check_users("experiment", USERS)
        if self.width is not None and self.model != "lenet_300_100":
            raise ValueError(f"width is of LeNet and must stay None for {self.model}, got {self.width}")
        if self.experiment in IMAGES:
            data.fingerprint(self.dataset)  # raises for an unknown set
            if self.classes is not None and self.classes > len(data.classes(self.dataset)):
                raise ValueError(f"{self.dataset} has {len(data.classes(self.dataset))} classes, got {self.classes}")

    @property
    def fingerprint(self) -> str:
        """Sha256 of the data set's arrays, or of the words that say what is drawn."""
        if self.experiment in GENERATED:
            return hashlib.sha256(f"{self.experiment}, version 1".encode()).hexdigest()
        return data.fingerprint(self.dataset)

    @property
    def fidelity(self) -> str:
        """How the data relate to the official files."""
        if self.experiment in GENERATED:
            return "drawn from the published definition"
        return data.fidelity(self.dataset)

    @property
    def protocol(self) -> str:
        """`paper` for a described experiment on the model's own data set with all that is `STATED`; else `reduced`."""
        stated = all(getattr(self, name) == value for name, value in STATED.items())
        described = self.experiment in DESCRIBED and self.dataset == DATASETS[self.model]
        return "paper" if stated and described else "reduced"


# Plan

LENET = "lenet_300_100"
# What an experiment is run with where nothing else is asked for.
GRIDS: dict[str, Mapping[str, Sequence[Any]]] = {
    "xord": {"units": (2, 4, 8, 16, 60, 120), "train_samples": (6, 12, 25, 100)},
    "width": {
        "width": (30, 100, 300, 1000, 3000),
        "train_samples": (1_000,),
        "learning_rate": (0.03,),
        "iterations": (3_000,),  # at most: training stops once all images are fitted
    },
    "teacher_student": {"units": (2, 3, 4, 6, 8, 10), "layers": ("first", "both"), "noise": (0.1,)},
}


def plan(
    *,
    experiments: Sequence[str] = ("network",),
    models: Sequence[str] = (LENET,),
    datasets: Sequence[str] = (),
    seeds: Sequence[int] = (1,),
    **settings: Any,
) -> list[Config]:
    """The configs that a notebook's parameters name: every experiment, model, data set and seed, and every setting.

    Without `datasets` a model has that of Figure 1. A setting is a field of `Config`, with one value or a list; none or
    an empty list leaves it to the experiment. Raises `ValueError` for a repeated or empty list and for what the
    experiment does not use, `TypeError` for an unknown setting.
    """
    check_lists({"experiments": experiments, "models": models, "seeds": seeds})
    unknown = [name for name in experiments if name not in EXPERIMENTS]
    if unknown:
        raise ValueError(f"unknown experiments {', '.join(map(repr, unknown))}; known: {', '.join(EXPERIMENTS)}")
    given = given_lists(settings)
    return [
        Config(experiment=experiment, seed=seed, **data, **choice)
        for experiment in experiments
        for data in _data(experiment, models, datasets)
        for choice in combinations(dict(GRIDS.get(experiment, {})) | given)
        for seed in seeds
    ]


def _data(experiment: str, models: Sequence[str], datasets: Sequence[str]) -> list[dict[str, Any]]:
    """Models with their data sets; an experiment that has networks or data of its own takes those."""
    chosen = models if experiment in USERS["model"] else (LENET,)
    if experiment not in IMAGES:
        return [{}]
    return [{"model": model, "dataset": name} for model in chosen for name in datasets or (DATASETS[model],)]
