"""Small networks trained with one head each before the reader's eyes; nothing of it is recorded."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from .. import engine
from .config import HEAD_USERS, Config
from .images import about_errors, about_head
from .sets import sets_of
from .setup import replica, settings_of
from .training import Readings, evaluate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Followed:
    """What one network showed."""

    config: Config
    outcome: str  # finished or diverged
    accuracy: float  # on all test images, %; NaN where training diverged
    train_accuracy: float
    head_parameters: int  # that were trained
    errors: np.ndarray  # epochs x 2: % of training and of test images, before training and after each epoch
    norms: np.ndarray  # mean norm of the training images' features, at the same times
    epochs: np.ndarray  # of the head's sizes, in parts of epochs
    sizes: np.ndarray  # the scale, or the norm of a head that has none


def follow(config: Config) -> Followed:
    """Train one network and read it along the way."""
    sets = sets_of(config, "cpu")
    trained = replica(config, sets, "cpu")
    epoch, epochs = len(trained.batches), settings_of(config).epochs
    with engine.one_thread():
        readings = Readings(trained.network, sets, epoch=epoch, objective=trained.objective)
        (end,) = engine.fit([trained], steps=epochs * epoch, every=1, callbacks=[readings], progress=False)
        found = {name: evaluate(trained.network, getattr(sets, name), objective=trained.objective) for name in ("train", "test")}
    finished = end.outcome == "finished"
    errors = about_errors(found, sets)
    return Followed(
        config=config,
        outcome=end.outcome,
        accuracy=errors["accuracy"] if finished else float("nan"),
        train_accuracy=errors["train_accuracy"] if finished else float("nan"),
        head_parameters=about_head(trained.network)["head_parameters"],
        errors=np.array(readings.errors),
        norms=np.array([float(norms.mean()) for norms in readings.norms]),
        epochs=np.array(readings.steps) / epoch,
        sizes=np.array(readings.sizes),
    )


def follow_each(heads: Sequence[str], **settings: object) -> list[Followed]:
    """One network with each head, from the same seed; a head goes without a setting that it does not use."""
    found = []
    for head in heads:
        own = {name: value for name, value in settings.items() if head in HEAD_USERS.get(name, (head,))}
        found.append(follow(Config(head=head, dataset="digits", network="mlp", **own)))
    return found


def compared(runs: Sequence[Followed]) -> pd.DataFrame:
    """Accuracies, size and trained parameters of each head; one run a line decides nothing."""
    lines = [
        {
            "head": run.config.head.replace("_", " "),
            "test accuracy, %": f"{run.accuracy:.2f}",
            "training accuracy, %": f"{run.train_accuracy:.2f}",
            "trained parameters of the head": f"{run.head_parameters:,}",
            "scale or norm": f"{run.sizes[-1]:.2f}",
            "norm of the features": f"{run.norms[-1]:.2f}",
            "outcome": run.outcome,
        }
        for run in runs
    ]
    return pd.DataFrame(lines).set_index("head")
