"""A config of no paper: what the records do must not depend on one."""

import dataclasses
from typing import ClassVar

import numpy as np

from spareparts.records import Result, RunConfig
from spareparts.records.fields import Seed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Toy(RunConfig):
    word: ClassVar[str] = "toy"
    revision: ClassVar[int] = 1
    fingerprint: ClassVar[str] = "f" * 64
    fidelity: ClassVar[str] = "made up"
    protocol: ClassVar[str] = "reduced"

    seed: Seed = 1
    rate: float = 0.5
    samples: int | None = None
    limit: float | None = None
    shuffle: bool = True


def result(value: float = 0.25) -> Result:
    return Result(metrics={"accuracy": value, "curve": [1, 2.5]}, arrays={"points": np.arange(6.0).reshape(2, 3)})
