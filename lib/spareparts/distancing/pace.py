"""How fast the push alone carries a network away from its checkpoint, if the loss were flat."""

import math

import pandas as pd

from ..stats import BLANK
from .config import Config
from .rows import SCALED, lines, pushed
from .series import published


def felt(rows: pd.DataFrame) -> pd.DataFrame:
    """What each line could feel of the push: steps after the checkpoint, and the factor by strength."""
    theirs = {"published: MobileNetV2": (published("mobilenet_v2"), Config.strength)}
    ours = {line.title: (line, pushed(rows, line)) for line in lines(rows)}
    found = {
        title: {
            "steps after the checkpoint": f"{line.steps:,}",
            f"s = {Config.strength:g}": shown(line.growth(Config.strength)),
            f"s = {SCALED:g}": shown(line.growth(SCALED)),
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
