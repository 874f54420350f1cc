"""What defines a run of the cross-examination, and which runs a notebook's parameters name."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from .. import data
from ..records import RunConfig
from ..records.config import check_lists, given_lists, used_combinations
from ..records.fields import Count, NonNegative, Positive, Seed

# Every arm beside the one that it is held against: the same but for the cure. The first two show what chance does.
CONTROLS = {
    "another_order": "control",  # the same initial weights, other batches
    "another_seed": "control",  # other weights, other batches
    "pushed": "control",
    "fixed_head": "control",
    "class_rates": "control",
    "mixture": "control",
    "mixture_snnl": "mixture",
    "centred": "mixture",
    "centred_snnl": "centred",
}
ARMS = ("control", *CONTROLS)
MIXTURES = ("mixture", "mixture_snnl", "centred", "centred_snnl")
CENTRED = ("centred", "centred_snnl")
SNNL = ("mixture_snnl", "centred_snnl")
USERS = {  # the arms that use a setting; those that are not named are used by all
    "strength": ("pushed",),
    "kernel_width": ("pushed",),
    "initial_scale": ("fixed_head",),
    "rate_learning_rate": ("class_rates",),
    "experts": MIXTURES,
    "snnl_weight": SNNL,
    "temperature": SNNL,
}
MOST_SAMPLES = 20_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """One network, trained and examined. Raises `ValueError` for values that cannot be trained with."""

    word: ClassVar[str] = "cross_examination"
    revision: ClassVar[int] = 1
    source: ClassVar[Any] = data
    experiment: ClassVar[str] = "examine"  # the only one

    dataset: str = "mnist"
    arm: Literal[ARMS] = "control"
    seed: Seed = 1  #: of images held out, weights, batches and all that is drawn
    epochs: Count = 12
    train_samples: int | None = None  #: None: 20,000, or as many as there are
    batch_size: Count = 64
    learning_rate: Positive = 0.1  #: of plain gradient descent, since class rates know no momentum
    width: Count = 300  #: units of the first layer, which is examined
    hidden_units: Count = 100  #: of the second layer, or of all experts together
    strength: NonNegative = 10.0  #: s of the push
    kernel_width: Positive = 1000.0  #: sigma^2
    initial_scale: Positive = 10.0  #: of the fixed head
    rate_learning_rate: Positive = 30.0  #: alpha_mu
    experts: Count = 5
    snnl_weight: float = 1.0
    temperature: Positive = 1.0  #: of the SNNL

    def __post_init__(self) -> None:
        super().__post_init__()
        data.fingerprint(self.dataset)  # raises for an unknown set
        if self.train_samples is not None and self.train_samples < self.batch_size:
            raise ValueError(f"train_samples must fill a batch of {self.batch_size}, got {self.train_samples}")
        if self.arm in MIXTURES and self.hidden_units % self.experts:
            raise ValueError(f"hidden_units must be shared by {self.experts} experts, got {self.hidden_units}")
        self._check_users("arm", USERS)

    @property
    def protocol(self) -> str:
        """Always `reduced`: the networks are smaller and trained for less long than those of any of the five papers."""
        return "reduced"

    @property
    def reference(self) -> "Config | None":
        """The config that this one is held against: all settings but those of its own cure. None for the control."""
        if self.arm == "control":
            return None
        arm = CONTROLS[self.arm]
        unused = {name: getattr(Config, name) for name, arms in USERS.items() if arm not in arms}
        return dataclasses.replace(self, arm=arm, **unused)


def plan(
    *,
    datasets: Sequence[str] = ("mnist", "fashion_mnist"),
    arms: Sequence[str] = (),
    seeds: Sequence[int] = (1,),
    **settings: Any,
) -> list[Config]:
    """The configs that a notebook's parameters name: every data set, arm and seed, and every setting.

    No arms are all of them. A setting, one value or a list, is given to the arms that use it. Raises `ValueError` for a
    repeated or empty list, and a setting that none of the arms uses; `TypeError` for an unknown one.
    """
    arms = tuple(arms) or ARMS
    check_lists({"datasets": datasets, "arms": arms, "seeds": seeds})
    choices = used_combinations(arms, given_lists(settings), USERS)
    return [
        Config(dataset=dataset, arm=arm, seed=seed, **choice)
        for dataset in datasets
        for arm in arms
        for choice in choices[arm]
        for seed in seeds
    ]
