"""What defines a run of the experts chapter, and which runs a notebook's parameters name."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from .. import data
from ..records import RunConfig
from ..records.config import check_lists, given_lists, used_combinations
from ..records.fields import Count, NonNegative, Positive, Precision, Seed, Several, Share

# baseline; with SNNL, or a contrastive loss in its place; raw pixels; uniform gates; balanced top-k gate, without SNNL
# and with it
ARMS = ("baseline", "snnl", "supcon", "simclr", "raw", "ensemble", "balanced", "balanced_snnl")
DATASETS = ("mnist", "fashion_mnist", "cifar10", "cifar100")  # those of Table 1, in its order
PUBLISHED_STEPS = 15_000
ABLATION_SAMPLES = 25_000  # of CIFAR-10, for Fig. 7
STATED = ("steps", "batch_size", "hidden_units", "filters", "peak_learning_rate", "momentum", "weight_decay")
BALANCED = ("balanced", "balanced_snnl")
SNNL = ("snnl", "balanced_snnl")
CONTRASTED = (*SNNL, "supcon", "simclr")
PUBLISHED = ("baseline", "snnl", "raw", "ensemble")  # the arms that the paper speaks of
# what the paper does not speak of, or has not run
OURS = ("normalised_gate", "centred_gate", "gate_learning_rate", "extractor", "augment")
OURS += ("weight_schedule", "temperature_schedule", "precision")
GATED = tuple(arm for arm in ARMS if arm != "ensemble")
EXTRACTED = tuple(arm for arm in ARMS if arm != "raw")
# The arms that use a setting; those that are not named are used by all.
USERS = dict.fromkeys(("snnl_weight", "temperature", "layers"), CONTRASTED)
USERS |= dict.fromkeys(("distance", "weight_schedule", "temperature_schedule"), SNNL)
USERS |= dict.fromkeys(("chosen_experts", "balance_weight"), BALANCED)
USERS |= dict.fromkeys(("normalised_gate", "centred_gate", "gate_learning_rate"), GATED)
USERS |= dict.fromkeys(("extractor", "filters"), EXTRACTED)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """One network of the paper; the defaults are its protocol where it states one, ours where it does not.

    Raises `ValueError` for values that cannot be trained with, and for settings that the arm does not use.
    """

    word: ClassVar[str] = "experts"
    revision: ClassVar[int] = 1
    source: ClassVar[Any] = data

    dataset: str = "mnist"
    arm: Literal[ARMS] = "baseline"
    seed: Seed = 1
    steps: Count = PUBLISHED_STEPS
    batch_size: Several = 100  #: images, for BatchNorm two at least
    train_samples: Count | None = None  #: seeded stratified draw from the training set; None: all of it
    experts: Count = 5  #: ours: the paper names none
    hidden_units: Count = 128  #: of each expert
    snnl_weight: float = 1.0  #: alpha of Eq. 7, of the SNNL or what stands in its place; ours
    temperature: Positive = 1.0  #: of that loss; ours
    distance: Literal["cosine", "squared_euclidean"] = "cosine"  #: between two images' features; ours
    layers: Literal["minimum", "sum"] = "minimum"  #: of the two blocks' losses
    peak_learning_rate: NonNegative = 0.1  #: of the one-cycle schedule
    momentum: NonNegative = 0.9
    cycle_momentum: bool = False  #: ours: PyTorch's schedule would cycle it between 0.85 and 0.95
    weight_decay: NonNegative = 1e-4
    precision: Precision = "float32"
    #: of alpha: from 0 or to 0, linear in the steps
    weight_schedule: Literal["constant", "rising", "falling"] = "constant"
    #: t = 1/(1 + 25 progress)^0.55 where it is annealed; learned by gradient descent
    temperature_schedule: Literal["constant", "annealed", "learned"] = "constant"
    augment: bool = False  #: random crops (4 pixels) and flips of the training images
    extractor: Literal["convolutional", "transformer"] = "convolutional"  #: the latter on patches of 4 x 4 pixels
    filters: Count = 32  #: of the first convolutional block; the second has twice as many
    chosen_experts: Count = 2  #: of the balanced gate: experts that share an image
    balance_weight: NonNegative = 0.01  #: of the balanced gate's auxiliary loss
    normalised_gate: bool = False  #: the gate sees features of length 1, so that a step moves its scores less
    centred_gate: Share = 0.0  #: of the features' running mean, that is subtracted before the gate
    gate_learning_rate: Positive | None = None  #: peak of the gate's own one-cycle schedule; None: peak_learning_rate
    readings: Count = 20  #: of the gate, evenly along the training

    def __post_init__(self) -> None:
        super().__post_init__()
        data.fingerprint(self.dataset)  # raises for an unknown set
        self._check_users("arm", USERS)
        if self.filters != 32 and self.extractor == "transformer":
            raise ValueError(f"filters are of the convolutional extractor and must stay 32, got {self.filters}")
        if self.arm == "simclr" and not self.augment:
            raise ValueError(f"arm 'simclr' compares two augmented views: augment must be True, got {self.augment}")
        if self.arm in BALANCED and self.chosen_experts > self.experts:
            raise ValueError(f"chosen_experts must be at most {self.experts}, the experts, got {self.chosen_experts}")

    @property
    def protocol(self) -> str:
        """`paper` for what the paper describes, with every setting that it states as it states it; else `reduced`."""
        stated = all(getattr(self, name) == getattr(Config, name) for name in (*STATED, *OURS))
        whole = self.train_samples in (None, ABLATION_SAMPLES) and self.dataset in DATASETS
        return "paper" if stated and whole and self.arm in PUBLISHED else "reduced"


BOTH = ("baseline", "snnl")


def plan(*, datasets: Sequence[str], seeds: Sequence[int], arms: Sequence[str] = BOTH, **settings: Any) -> list[Config]:
    """The configs that a notebook's parameters name: every data set, seed and arm, and every setting that the arm uses.

    A setting is a field of `Config`, with one value or a list; none or an empty list leaves it at its default. Raises
    `ValueError` for a repeated or empty list and what no arm uses, `TypeError` for an unknown setting.
    """
    check_lists({"datasets": datasets, "arms": arms, "seeds": seeds})
    choices = used_combinations(arms, given_lists(settings), USERS)
    return [
        Config(dataset=dataset, seed=seed, arm=arm, **choice)
        for dataset, seed, arm in itertools.product(datasets, seeds, arms)
        for choice in choices[arm]
    ]
