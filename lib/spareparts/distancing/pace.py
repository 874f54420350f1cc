"""How fast the push alone carries a network away from its checkpoint, if the loss were flat."""

import math

import pandas as pd

from ..stats import BLANK
from .config import Config
from .penalty import Kernel
from .rows import Line, lines, pushed
from .series import published
from .setup import HELD_OUT, MOMENTUM

IMAGES = {"mnist": 60_000, "cifar10": 50_000}  # training images, those that are held out included


def growth_per_step(*, strength: float, width: float, learning_rate: float, momentum: float = MOMENTUM) -> float:
    """Factor of the displacement in a step near a single checkpoint: `1 + eta / (1 - alpha) * 2 s / sigma^2`.

    There the gradient of the penalty is `-2 s / sigma^2` times the displacement, and momentum makes the step as long as
    `1 / (1 - alpha)` of plain ones (Eq. 1.12).
    """
    return 1 + learning_rate / (1 - momentum) * 2 * strength / Kernel(strength, width).spread


def steps_after(line: Line) -> int:
    """Training steps from a line's first checkpoint to its end."""
    images = line.train_samples or IMAGES[line.dataset] - HELD_OUT
    return (line.length - line.mark) * (images // Config.batch_size)


def growth(line: Line, strength: float) -> float:
    """Factor from a line's first checkpoint to its end with the published width and rate, were the hill that wide."""
    each = growth_per_step(strength=strength, width=Config.width, learning_rate=Config.learning_rate)
    return math.exp(steps_after(line) * math.log(each))


def felt(rows: pd.DataFrame) -> pd.DataFrame:
    """What each line could feel of the push: steps after the checkpoint, and the factor by strength."""
    theirs = {"published: MobileNetV2": (published("mobilenet_v2"), Config.strength)}
    ours = {line.title: (line, pushed(rows, line)) for line in lines(rows)}
    found = {
        title: {
            "steps after the checkpoint": f"{steps_after(line):,}",
            "s = 1": shown(growth(line, 1.0)),
            "s = 10": shown(growth(line, 10.0)),
            "strength that counts": f"{strength:g}",
        }
        for title, (line, strength) in (theirs | ours).items()
    }
    return pd.DataFrame(found).T.rename_axis("journey")


def shown(factor: float) -> str:
    """A factor as a reader needs it; beyond a million no number says more."""
    if not math.isfinite(factor):
        return BLANK
    return "over a million" if factor > 1e6 else f"{factor:,.3g}"
