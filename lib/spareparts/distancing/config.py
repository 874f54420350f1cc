"""What defines a run of the distancing chapter, and which runs a notebook's parameters name."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Le

from .. import data
from ..data.sets import GREY
from ..records import RunConfig
from ..records.config import check_lists, combinations, given_lists
from ..records.fields import Count, Natural, NonNegative, Positive, Precision, Seed, Several

# train and leave checkpoints; compare two ends; combine networks; time the penalty; several ways from checkpoint to end
EXPERIMENTS = ("journey", "pair", "ensemble", "cost", "ridge")
NETWORKS = ("mlp", "resnet_20", "resnet_32", "mobilenet_v2")
DATASETS = {"mlp": "mnist"} | dict.fromkeys(NETWORKS[1:], "cifar10")  # that the networks are trained on
PUBLISHED = ("resnet_32", "mobilenet_v2")  # the draft names no network for MNIST: that one is ours

USERS = {  # the experiments that use a setting; those that are not named are used by all
    "precision": ("journey", "pair", "ensemble", "ridge"),
    "subset": ("journey",),
    "member": ("journey",),
    "members": ("journey", "ensemble"),
    "kind": ("ensemble",),
    "other": ("pair",),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """One experiment; its settings but `kind`, `members` and `other` are those of the journey that it is about.

    None stands for the published protocol. Raises `ValueError` for values that cannot be run with, and for settings
    that the experiment does not use.
    """

    word: ClassVar[str] = "distancing"
    revision: ClassVar[int] = 1
    source: ClassVar[Any] = data

    experiment: Literal[EXPERIMENTS] = "journey"
    network: Literal[NETWORKS] = "mlp"
    dataset: str = "mnist"
    seed: Seed = 1  #: of the images held out too
    #: of the whole journey; None: 40 (mlp) or 600, 150 after the last of several checkpoints
    epochs: Count | None = None
    checkpoint: Count | None = None  #: epoch of the first; None: 20 (mlp) or 100, 150 where there are several
    checkpoints: Annotated[Count, Le(1000)] = 1  #: how many, at multiples of the first one's epoch
    strength: NonNegative = 1.0  #: s; 0: checkpoints are kept, and nothing pushes away from them
    width: Positive = 1000.0  #: sigma^2
    reduction: Literal["mean", "sum"] = "mean"  #: over checkpoints; Eq. 2.8 has the sum
    halved_exponent: bool = False  #: exp(-d / (2 width)) for a squared distance d, as Eq. 2.3 has it
    weight_decay: NonNegative = 1e-3
    learning_rate: Positive = 0.01  #: at the start of a cycle; the source's too high one is 0.1
    #: step: divided by 10 each third of a cycle; cosine: to 0; both start anew each cycle
    schedule: Literal["constant", "step", "cosine"] = "constant"
    period: Count | None = None  #: epochs of a cycle; None: 150
    per_batch: bool = False  #: the cosine moves with every batch instead of every epoch
    batch_size: Several = 128  #: images
    augment: bool | None = None  #: random crops and flips; None: of colour images
    train_samples: Several | None = None  #: seeded draw from the images that are trained on; None: all of them
    precision: Precision = "float32"  #: of training
    #: of these images: drawn with replacement, or one of as many folds as members
    subset: Literal["whole", "bootstrap", "fold"] = "whole"
    member: Natural = 0  #: of an ensemble: other initial weights, order of batches and subset, the same images held out
    members: Several = 5  #: of an ensemble, and folds
    kind: Literal["snapshots", "independent", "bagging", "k_fold", "architectures"] = "snapshots"  #: of ensemble
    other: Literal["checkpoint", "unpushed", "independent"] = "checkpoint"  #: what the journey's end is compared with

    def __post_init__(self) -> None:
        super().__post_init__()
        data.fingerprint(self.dataset)  # raises for an unknown set
        self._check_users("experiment", USERS)
        self._check_journey()

    def _check_journey(self) -> None:
        """Settings that do not fit each other."""
        if self.marks[-1] >= self.length:
            raise ValueError(f"epochs must be more than {self.marks[-1]}, the last checkpoint's, got {self.length}")
        for name in ("period", "per_batch"):
            if self.schedule == "constant" and getattr(self, name):
                raise ValueError(f"a constant schedule has no {name}, got {getattr(self, name)}")
        if self.schedule == "step" and (self.per_batch or self.cycle % 3):
            raise ValueError(f"schedule step is per epoch, of a period of whole thirds, got {self.cycle}")
        if self.subset == "fold" and self.member >= self.members:
            raise ValueError(f"member must be less than {self.members}, the folds, got {self.member}")
        if self.experiment == "pair" and self.other == "unpushed" and not self.strength:
            raise ValueError("a journey of strength 0 is its own unpushed twin; compare it with another one")
        most = {"snapshots": len(self.marks) + 1, "architectures": len(NETWORKS)}.get(self.kind, self.members)
        if self.experiment == "ensemble" and self.members > most:
            raise ValueError(f"members must be at most {most} for {self.kind} of this journey, got {self.members}")

    @property
    def marks(self) -> tuple[int, ...]:
        """Epochs after which a checkpoint is left."""
        first = self.checkpoint or (20 if self.network == "mlp" else 100 if self.checkpoints == 1 else 150)
        return tuple(first * (place + 1) for place in range(self.checkpoints))

    @property
    def length(self) -> int:
        """Epochs of the whole journey."""
        if self.epochs is not None:
            return self.epochs
        if self.network == "mlp":
            return 20 * (self.checkpoints + 1)
        return 600 if self.checkpoints == 1 else 150 * (self.checkpoints + 1)

    @property
    def cycle(self) -> int:
        """Epochs of a cycle of the schedule."""
        return self.period or 150

    @property
    def augmented(self) -> bool:
        """Whether training images are cropped and flipped at random."""
        return self.dataset not in GREY if self.augment is None else self.augment

    @property
    def protocol(self) -> str:
        """`paper` for a whole journey of a published network on its own data set, else `reduced`."""
        published = self.network in PUBLISHED and self.dataset == DATASETS[self.network]
        usual = dataclasses.replace(self, epochs=None, checkpoint=None)
        whole = (self.marks, self.length) == (usual.marks, usual.length)
        stated = (self.period, self.train_samples, self.batch_size, self.augment) == (None, None, 128, None)
        return "paper" if published and whole and stated and self.precision == "float32" else "reduced"


def journey_of(config: Config, **changes: Any) -> Config:
    """The journey that an experiment is about, with some of its settings changed."""
    unused = {name: getattr(Config, name) for name in ("kind", "members", "other")}
    about = {} if config.experiment == "journey" else {"experiment": "journey"} | unused
    return dataclasses.replace(config, **(about | changes))


def plan(
    *,
    experiments: Sequence[str] = ("journey",),
    networks: Sequence[str] = ("mlp",),
    datasets: Sequence[str] = (),
    seeds: Sequence[int] = (1,),
    **settings: Any,
) -> list[Config]:
    """The configs that a notebook's parameters name: every experiment, network, data set and seed, and every setting.

    Without `datasets` a network has its own. A setting is a field of `Config`, with one value or a list; none or an
    empty list leaves it at its default. Raises `ValueError` for a repeated or empty list and for what the experiment
    does not use, `TypeError` for an unknown setting.
    """
    check_lists({"experiments": experiments, "networks": networks, "seeds": seeds})
    given = given_lists(settings)
    return [
        Config(experiment=experiment, network=network, dataset=dataset, seed=seed, **choice)
        for experiment in experiments
        for network in networks
        for dataset in datasets or (DATASETS.get(network, "mnist"),)
        for choice in combinations(given)
        for seed in seeds
    ]
