"""Short journeys on the digits, for the reader to change; nothing of them is recorded."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from .. import engine
from ..records import Diverged
from .config import Config
from .journey import travel
from .setup import sets_of

SHOWN = ("epoch", "accuracy", "train_loss", "squared_distance", "penalty", "cosine", "norm_ratio")


def demonstration(
    *,
    strengths: Sequence[float] = (0.0, 10.0, 100.0),
    listeners: tuple[Callable[[dict[str, Any]], None], ...] = (),
    **settings: Any,
) -> pd.DataFrame:
    """One journey for each strength, all alike up to the checkpoint: one row a reading, none where training diverged.

    Columns are the strength, the epoch, test accuracy (%), training loss (nats), squared distance to the checkpoint,
    and what the penalty did to the gradient. A few hundred steps feel only large strengths. Settings are those of
    `Config`; without them 20 epochs, a checkpoint, 20 more.
    """
    parts = []
    for strength in strengths:
        config = Config(strength=strength, **({"dataset": "digits", "epochs": 40, "checkpoint": 20} | settings))
        sets = sets_of(config, engine.choose_device())
        try:
            with engine.one_thread():
                _, watch, _ = travel(config, sets, listeners=listeners, progress=False)
        except Diverged:
            continue
        curves = {name: values if values.ndim == 1 else values[:, 0] for name, values in watch.curves().items()}
        parts.append(pd.DataFrame({name: curves[name] for name in SHOWN}).assign(strength=strength))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*SHOWN, "strength"])
