"""How fast the push alone carries a network away from its checkpoint, and weight decay, which it works against."""

import math

import pandas as pd

from ..stats import BLANK, not_yet, said
from .config import Config
from .penalty import Kernel
from .rows import SCALED, lines, on, protocol, pushed, values
from .series import NOT_PUSHED, chosen, published, strength_title


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


def decay_found(rows: pd.DataFrame, *, network: str = "mlp") -> str:
    """The push against weight decay near the checkpoint, and what training without either of them gives."""
    outwards = 2 * Config.strength / Kernel(Config.strength, Config.width).spread
    share = (
        f"There is another way to see the push. Near the checkpoint it takes {outwards:g} times the displacement off "
        f"the gradient, where weight decay adds {Config.weight_decay:g} times the weights. So it is a weight decay of "
        f"the opposite sign, {outwards / Config.weight_decay:g} times as strong, on what the weights have travelled "
        "since the checkpoint, and one would like to know what less weight decay does by itself."
    )
    line = chosen(rows, network)
    still, runs = (on(rows, line, strength=each) for each in (0.0, pushed(rows, line)))
    free = on(rows, line, strength=0.0, weight_decay=0.0)
    if still.empty or runs.empty or free.empty:
        return said(share, not_yet("journeys without weight decay beside the others"))
    titles = (NOT_PUSHED, strength_title(pushed(rows, line)), f"{NOT_PUSHED}, without weight decay")
    ends = [f"{title} {end_of(part)}" for title, part in zip(titles, (still, runs, free), strict=True)]
    how = protocol(pd.concat([still, runs, free]))
    return said(
        share, f"**{line.title}** ({how} protocol), training loss and test accuracy at the end: {'; '.join(ends)}."
    )


def end_of(runs: pd.DataFrame) -> str:
    """Mean training loss and late test accuracy, with n."""
    loss, accuracy = (values(runs, name).mean() for name in ("train_loss", "late_accuracy"))
    return f"{loss:.4f} nats, {accuracy:.2f}% (n = {len(runs)})"
