"""Where push and weight decay cancel on a flat loss: a shell around the checkpoint, and its mirror image at zero."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from .. import checks
from ..stats import BLANK, Pairs, difference_words, not_yet, said, spread
from . import author
from .config import Config
from .journey_verdicts import named
from .page import Sides, sides_of
from .penalty import Kernel, kernel_of
from .rows import Line, arrays, first_distance, lines, on, protocol, relative, values
from .series import chosen, panel_title, strength_title
from .tables import cells, ordered


def shell(kernel: Kernel, *, weight_decay: float = Config.weight_decay) -> float:
    """Squared distance from a single checkpoint at which the push is as strong as weight decay on what has moved.

    Their gradients are `-2 s / sigma^2 exp(-d / sigma^2)` and `lambda` times the displacement, so that this is
    `d = sigma^2 ln(2 s / (lambda sigma^2))`: 0 where the push is nowhere the stronger, infinite without weight decay.
    """
    steepness = steepness_of(kernel, weight_decay)
    return kernel.spread * math.log(steepness) if steepness > 1 else 0.0


def mirror(length: float, kernel: Kernel, *, weight_decay: float = Config.weight_decay) -> float:
    """Squared distance from a single checkpoint `theta_c` of this length at which push and weight decay cancel.

    Weight decay also acts on `theta_c` itself, so on a flat loss only `theta = (1 - u) theta_c` is at rest, with
    `lambda (u - 1) = 2 s / sigma^2 u exp(-u^2 ||theta_c||^2 / sigma^2)`. That has one solution, and it has u >= 1: on
    the other side of zero. Infinite without weight decay. Raises `ValueError` for a length that is not positive.
    """
    checks.positive(length=length)
    steepness = steepness_of(kernel, weight_decay)
    if math.isinf(steepness):
        return math.inf
    widths = length**2 / kernel.spread

    def excess(u: float) -> float:
        """Weight decay's pull less the push, in units of the decay."""
        return u - 1 - steepness * u * math.exp(-(u**2) * widths)

    beyond = 1 + steepness / math.sqrt(2 * math.e * widths)  # the push is nowhere stronger than there
    return (brentq(excess, 1.0, beyond) if steepness else 1.0) ** 2 * length**2


def steepness_of(kernel: Kernel, weight_decay: float) -> float:
    """How many times as strong as weight decay the push is near the checkpoint: `2 s / (lambda sigma^2)`.

    Raises `ValueError` for a negative weight decay and for settings that make no hill.
    """
    kernel.check()
    checks.at_least(0, weight_decay=weight_decay)
    return 2 * kernel.share(1) / kernel.spread / weight_decay if weight_decay else math.inf


def lengths(row: pd.Series) -> tuple[float, float]:
    """Length of all weights of a journey at its first checkpoint and at its end."""
    found = arrays(row["hash"])
    left = np.isfinite(found["squared_distance"][:, 0]).argmax()
    return float(found["weight_norm"][left]), float(found["weight_norm"][-1])


def shell_of(row: pd.Series) -> float:
    """Squared distance of a journey's shell."""
    return shell(kernel_of(row), weight_decay=row.weight_decay)


def mirror_of(row: pd.Series) -> float:
    """Squared distance of its checkpoint's mirror image."""
    return mirror(lengths(row)[0], kernel_of(row), weight_decay=row.weight_decay)


def cosine(row: pd.Series) -> float:
    """Cosine of all weights at the end and at the first checkpoint; -1: mirrored at zero."""
    begin, end = lengths(row)
    return (begin**2 + end**2 - first_distance(row)) / (2 * begin * end)


def grids(rows: pd.DataFrame) -> Iterator[tuple[Line, str, pd.DataFrame]]:
    """Pushed journeys with one checkpoint at a constant rate: their line, what their push is called, and their runs."""
    for line in lines(rows):
        runs = on(rows, line, free=("strength", "width"))
        for (strength, width), part in runs[runs.strength > 0].groupby(["strength", "width"]):
            yield line, push_title(strength, width), part


def push_title(strength: float, width: float) -> str:
    """What tables and figures call a push; the usual width is not said."""
    return strength_title(strength) + ("" if width == Config.width else f", width {width:,g}")


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a pushed journey, ours and the author's by strength: `title`, `push`, `source`, and squared distances.

    Those are the `shell`, the `mirror` image (not known of the author's) and the `end`.
    """
    measures = {"shell": shell_of, "mirror": mirror_of, "end": first_distance}
    ours = [
        pd.DataFrame({name: values(part, measure) for name, measure in measures.items()}).assign(
            title=panel_title(rows, line, protocol(part)), push=push, source="ours"
        )
        for line, push, part in grids(rows)
    ]
    return pd.concat([*ours, author_points()], ignore_index=True)


def author_points() -> pd.DataFrame:
    """The same of the author's journeys by strength."""
    parts = [
        pd.DataFrame({"end": author.theirs(network, experiment).squared_distance_0}).assign(
            shell=shell(Kernel(strength)), mirror=np.nan, title=author.title(network), push=strength_title(strength)
        )
        for network in author.NETWORKS
        for strength, experiment in author.STRENGTHS.items()
        if strength
    ]
    return pd.concat(parts).assign(source="author")


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Squared distance of the shell, the mirror image and the end, and the cosine of the weights with the checkpoint's.

    The author's beside them, whose lengths of the weights are not known.
    """
    columns = {"end": (first_distance, 0), "mirror image": (mirror_of, 0), "cosine with the checkpoint": (cosine, 3)}
    ours = {
        (line.title, push): {"shell": written(values(part, shell_of))} | cells(part, columns)
        for line, push, part in grids(rows)
    }
    theirs = {
        name: {
            "shell": written(part.shell),
            "end": spread(part.end, digits=0),
            "n": len(part),
            "protocol": "the author's",
        }
        for name, part in author_points().groupby(["title", "push"], sort=False)
    }
    return ordered(ours | theirs, "network", "push")


def written(shells: pd.Series) -> str:
    """The shell that journeys with the same settings share; a dash where there is none."""
    return f"{shells.iloc[0]:,.0f}" if shells.iloc[0] else BLANK


def longest(rows: pd.DataFrame, network: str) -> tuple[Line, Sides | None]:
    """The longest line of a network, and its runs without the push and with it."""
    line = chosen(rows, network, longest=True)
    return line, sides_of(rows, line)


def headline(rows: pd.DataFrame, *, network: str = "mlp") -> str:
    """What becomes of the weights on the longest journey, in short; nothing without one."""
    line, sides = longest(rows, network)
    if sides is None:
        return ""
    still, runs = sides
    return (
        f"After {line.length} epochs, the checkpoint at {line.mark}, its weights have a cosine of "
        f"**{values(runs, cosine).mean():.2f}** with those at the checkpoint, without the push of "
        f"{values(still, cosine).mean():.2f} (n = {len(runs)} and {len(still)}; {protocol(pd.concat(sides))} "
        "protocol). Where a pushed network comes to rest can be computed: where the hill and weight decay cancel."
    )


def found(rows: pd.DataFrame, *, network: str = "mlp") -> str:
    """Whether the longest journey ends at the mirror image, and where the others end."""
    line, sides = longest(rows, network)
    if sides is None:
        return not_yet("a pushed journey beside one that was not")
    still, runs = sides
    apart = Pairs(values(runs, mirror_of).to_numpy(), values(runs, first_distance).to_numpy(), protocol(runs))
    return said(
        f"**{named(rows, line)}** ({protocol(pd.concat(sides))} protocol). The mirror image lies at a squared distance "
        f"of **{apart.first.mean():,.0f}**, and the networks ended at **{apart.second.mean():,.0f}**: a difference of "
        f"{difference_words(relative(apart), digits=1)} %. All weights together have a cosine of "
        f"**{values(runs, cosine).mean():.2f}** with those at the checkpoint; not pushed, of "
        f"{values(still, cosine).mean():.2f} (n = {len(still)}).",
        arrivals(rows),
    )


def arrivals(rows: pd.DataFrame) -> str:
    """Which journeys reach their shell, and which do not or have none."""
    told: dict[str, list[str]] = {}
    for line, push, part in grids(rows):
        border, end = values(part, shell_of).mean(), values(part, first_distance).mean()
        reached = "Short of the shell" if end < border else "At the shell or beyond it"
        place = reached if border else "Without a shell, since weight decay is the stronger everywhere"
        about = f"shell {border:,.0f}, " if border else ""
        title = panel_title(rows, line, protocol(part))
        told.setdefault(place, []).append(f"{title}, {push} at {end:,.0f} ({about}n = {len(part)})")
    return said(*(f"{place}: {'; '.join(each)}." for place, each in told.items()), of_the_author())


def of_the_author() -> str:
    """How many of the author's strengths led past their shell."""
    theirs = author_points()
    means = theirs[theirs.shell > 0].groupby(["title", "push"])[["shell", "end"]].mean()
    return f"Of the author's {len(means)} pushes with a shell, {int((means.end >= means.shell).sum())} ended beyond it."
