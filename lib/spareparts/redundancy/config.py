"""What defines a run of the redundancy chapter, and which runs a notebook's parameters name."""

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from .. import data
from ..records import RunConfig
from ..records.config import check_lists, combinations, given_lists
from ..records.fields import Count, Fraction, Natural, NonNegative, Positive, Precision, Seed, Several, Share

# what is done: measure a trained network; prune it and train on; re-draw its classifier; and the theories of section 2
TRAINED = ("network", "retrain", "resample", "tickets", "unit_tickets")  # one of MODELS
GENERATED = ("xord", "teacher_student")  # draw their own data
IMAGES = (*TRAINED, "width", "filters")
EXPERIMENTS = (*IMAGES, *GENERATED)
LENET = "lenet_300_100"
MODELS = (LENET, "conv_2", "conv_4", "conv_6", "vgg_19", "vgg_19_bn")
DATASETS = {LENET: "mnist"} | dict.fromkeys(MODELS[1:], "cifar10")  # that Figure 1's networks are trained on

# what the draft and the final report state of the experiments that they describe, as it is by default; all else is ours
STATED = ("initialization", "iterations", "optimizer", "learning_rate", "train_samples", "shuffled_labels", "classes")
STATED += ("width", "precision", "studied")
DESCRIBED = ("network", "resample")

USERS = {  # the experiments that use a setting; those that are not named are used by all
    "model": TRAINED,
    "dataset": IMAGES,
    "initialization": IMAGES,
    "shuffled_labels": ("network",),
    "classes": ("network",),
    "width": ("network", "width", "filters"),
    "optimizer": ("network", "retrain", "tickets", "unit_tickets", "width", "filters"),
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """One experiment; None stands for what Figure 1 states, or for the experiment's own choice.

    Raises `ValueError` for values that cannot be run with, and for settings that the experiment does not use.
    """

    word: ClassVar[str] = "redundancy"
    revision: ClassVar[int] = 1
    source: ClassVar[Any] = data

    experiment: Literal[EXPERIMENTS] = "network"
    model: Literal[MODELS] = LENET
    dataset: str = "mnist"
    seed: Seed = 1
    iterations: Count | None = None  #: steps of training
    initialization: Literal["glorot", "pytorch"] = "glorot"  #: Gaussian; or PyTorch's, as the authors' code had it
    shuffled_labels: bool = False  #: all labels, those of the held-out images too
    classes: Several | None = None  #: the first so many only; None: all
    train_samples: Count | None = None  #: seeded draw from the images that are trained on; None: all of them
    width: Count | None = None  #: units of LeNet's first layer; None: 300, or the experiment's own
    optimizer: Literal[None, "sgd", "adam"] = None  #: the former with momentum 0.9
    learning_rate: Positive | None = None
    units: Count | None = None  #: filters of each sign (xord), units of the student (teacher_student)
    layers: Literal["both", "first"] = "both"  #: that the student trains
    noise: NonNegative = 0.0  #: standard deviation on the teacher's outputs
    criterion: Literal["norm", "frame_potential", "random"] = "norm"  #: by which units are chosen
    kept_fraction: Fraction | None = None  #: of units; of weights at least so much, after halvings
    rewind: Natural | None = None  #: step to whose weights a ticket is rewound; None: the initialization
    precision: Precision = "float32"  #: of training
    studied: Literal["best", "last"] = "best"  #: weights, by validation loss; always the last with shuffled labels
    diverse: Share = 0.5  #: share of XORD's inputs that hold both patterns of a sign

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_users("experiment", USERS)
        if self.width is not None and self.model != LENET:
            raise ValueError(f"width is of LeNet and must stay None for {self.model}, got {self.width}")
        if self.experiment == "tickets" and (self.kept_fraction or 0) > 0.5:
            raise ValueError(f"kept_fraction of weights must be at most 0.5, one halving, got {self.kept_fraction}")
        if self.iterations is not None and (self.rewind or 0) >= self.iterations:
            raise ValueError(f"rewind must be less than {self.iterations}, the iterations, got {self.rewind}")
        if self.experiment in IMAGES:
            data.fingerprint(self.dataset)  # raises for an unknown set
            if self.classes is not None and self.classes > len(data.classes(self.dataset)):
                raise ValueError(f"{self.dataset} has {len(data.classes(self.dataset))} classes, got {self.classes}")

    @property
    def fingerprint(self) -> str:
        """Sha256 of the data set's arrays, or of the words that say what is drawn."""
        drawn = self.experiment in GENERATED
        return hashlib.sha256(f"{self.experiment}, version 1".encode()).hexdigest() if drawn else super().fingerprint

    @property
    def fidelity(self) -> str:
        """How the data relate to the official files."""
        return "drawn from the published definition" if self.experiment in GENERATED else super().fidelity

    @property
    def protocol(self) -> str:
        """`paper` for a described experiment on the model's own data set with all that is `STATED`; else `reduced`."""
        stated = all(getattr(self, name) == getattr(Config, name) for name in STATED)
        described = self.experiment in DESCRIBED and self.dataset == DATASETS[self.model]
        return "paper" if stated and described else "reduced"


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
    given = given_lists(settings)
    return [
        Config(experiment=experiment, model=model, dataset=dataset, seed=seed, **choice)
        for experiment in experiments
        for model in (models if experiment in TRAINED else (LENET,))
        for dataset in (datasets if experiment in IMAGES else ()) or (DATASETS.get(model, "mnist"),)
        for choice in combinations(given)
        for seed in seeds
    ]
