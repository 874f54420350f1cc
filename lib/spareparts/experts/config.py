"""What defines a run of the experts chapter, and which runs a notebook's parameters name."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import ClassVar

from .. import data
from ..records import RunConfig

ARMS = ("baseline", "snnl", "raw", "ensemble")
DATASETS = ("mnist", "fashion_mnist", "cifar10", "cifar100")  # those of Table 1, in its order
PUBLISHED_STEPS = 15_000
ABLATION_SAMPLES = 25_000  # of CIFAR-10, for Fig. 7
STATED = {  # in Sec. 2.1 and 4.2
    "steps": PUBLISHED_STEPS,
    "batch_size": 100,
    "hidden_units": 128,
    "peak_learning_rate": 0.1,
    "momentum": 0.9,
    "weight_decay": 1e-4,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """One network of the paper; the defaults are its protocol where it states one, ours where it does not.

    Raises `ValueError` for values that cannot be trained with, and for SNNL settings in an arm that has no SNNL.
    """

    word: ClassVar[str] = "experts"
    revision: ClassVar[int] = 1

    dataset: str = "mnist"
    arm: str = "baseline"  # baseline, snnl, raw (no extractor) or ensemble (uniform gates)
    seed: int = 1
    steps: int = PUBLISHED_STEPS
    batch_size: int = 100  # images
    train_samples: int | None = None  # seeded stratified draw from the training set; None: all of it
    experts: int = 5  # ours: the paper names none
    hidden_units: int = 128  # of each expert
    snnl_weight: float = 1.0  # alpha of Eq. 7; ours
    temperature: float = 1.0  # of the SNNL; ours
    distance: str = "cosine"  # or squared_euclidean; ours
    layers: str = "minimum"  # of the two blocks' SNNL; or sum
    peak_learning_rate: float = 0.1  # of the one-cycle schedule
    momentum: float = 0.9
    cycle_momentum: bool = False  # ours: PyTorch's schedule would cycle it between 0.85 and 0.95
    weight_decay: float = 1e-4
    precision: str = "float32"  # or bfloat16, tf32

    def __post_init__(self) -> None:
        super().__post_init__()
        data.fingerprint(self.dataset)  # raises for an unknown set
        for name, known in (
            ("arm", ARMS),
            ("distance", ("cosine", "squared_euclidean")),
            ("layers", ("minimum", "sum")),
            ("precision", ("float32", "bfloat16", "tf32")),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")
        for name in ("steps", "experts", "hidden_units"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.batch_size < 2:
            raise ValueError(f"batch_size must be at least 2, got {self.batch_size}: BatchNorm needs two images")
        if self.temperature <= 0:
            raise ValueError(f"temperature must be positive, got {self.temperature}")
        if self.train_samples is not None and self.train_samples < 1:
            raise ValueError(f"train_samples must be at least 1, or None for all, got {self.train_samples}")
        for name in ("seed", "peak_learning_rate", "momentum", "weight_decay"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        self._check_arm()

    def _check_arm(self) -> None:
        """An arm without SNNL has one config, not one for each SNNL setting that it ignores."""
        if self.arm == "snnl":
            return
        for field in dataclasses.fields(self):
            if field.name in ("snnl_weight", "temperature", "distance", "layers"):
                value = getattr(self, field.name)
                if value != field.default:
                    raise ValueError(
                        f"arm {self.arm!r} has no SNNL: {field.name} must stay {field.default}, got {value}"
                    )

    @property
    def fingerprint(self) -> str:
        """Sha256 of the data set's arrays."""
        return data.fingerprint(self.dataset)

    @property
    def fidelity(self) -> str:
        """How the data set relates to the official files."""
        return data.fidelity(self.dataset)

    @property
    def protocol(self) -> str:
        """`paper` where every setting that the paper states is as it states it, else `reduced`."""
        stated = all(
            getattr(self, field.name) == field.default for field in dataclasses.fields(self) if field.name in STATED
        )
        whole = self.train_samples in (None, ABLATION_SAMPLES) and self.dataset in DATASETS
        return "paper" if stated and whole else "reduced"


def plan(
    *,
    datasets: Sequence[str],
    seeds: Sequence[int],
    arms: Sequence[str] = ("baseline", "snnl"),
    steps: int = PUBLISHED_STEPS,
    snnl_weights: Sequence[float] = (1.0,),
    **settings: object,
) -> list[Config]:
    """The configs that a notebook's parameters name: every data set, arm and seed, and every weight in the SNNL arm.

    Raises `ValueError` for a repeated or empty list, `TypeError` for an unknown setting.
    """
    lists = {"datasets": datasets, "arms": arms, "seeds": seeds, "snnl_weights": snnl_weights}
    for name, values in lists.items():
        if not values or len(set(values)) != len(values):
            raise ValueError(f"{name} must name at least one value and none twice, got {list(values)}")
    return [
        Config(dataset=dataset, arm=arm, seed=seed, steps=steps, **extra, **settings)
        for dataset, arm, seed in itertools.product(datasets, arms, seeds)
        for extra in ([{"snnl_weight": weight} for weight in snnl_weights] if arm == "snnl" else [{}])
    ]
