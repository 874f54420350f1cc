"""What can be said of the penalty itself: its gradient, the hill of Fig. 2.1, its cost, and what it does to a step."""

import numpy as np
import pandas as pd
import torch

from ..stats import Pairs, Verdict, beyond, combine, not_run, remarked, within
from .penalty import checkpoint_penalty
from .rows import TITLES, against, finished, lacking, lines, on, protocol, pushed, relative

WIDTH = 1000.0  # sigma^2, the published one
FAR = 100.0  # widths of squared distance at which nothing may be left of the push
MINIMUM = 2 / 3  # of Fig. 2.1's function without the hill
HEIGHTS = (0.9, 1.0, 1.5)  # of the hill: around the figure's, where the curvatures of both cancel
COST_MARGIN = 25.0  # % by which the last checkpoints may cost more or less than the first ones
MOST_COST = 2.0  # % of a training step on a GPU that a checkpoint may cost
NEAR_1 = 0.9  # cosine above which a step is not turned
GROWTH = 1.0  # % by which a step counts as enlarged


def penalty_pushes_away(rows: pd.DataFrame) -> Verdict:
    """Claim 1, from the function alone: gradient 0 at the checkpoint, outwards elsewhere, and gone far away."""
    distances = np.concatenate([[0.0], np.geomspace(1e-6, FAR, 97)]) * WIDTH  # squared ones
    forces = np.array([force(distance) for distance in distances])
    outwards = bool((forces[1:-1] > 0).all())
    right = forces[0] == 0 and outwards and forces[-1] < 1e-30
    strongest = distances[forces.argmax()] / WIDTH
    note = (
        f"at the checkpoint {forces[0]:g}, largest {forces.max():.2g} at {strongest:.2f} widths of squared distance, "
        f"{forces[-1]:.1g} at {FAR:g}; from the function itself"
    )
    word = "reproduced" if right else "not reproduced"
    return Verdict(word, None, None, len(distances), "paper", note=note)


def force(squared_distance: float, *, parameters: int = 100) -> float:
    """The push outwards, along the displacement, at a squared distance from the only checkpoint; strength 1."""
    moved = torch.full((parameters,), (squared_distance / parameters) ** 0.5, dtype=torch.float64, requires_grad=True)
    checkpoint_penalty([moved], [[torch.zeros_like(moved)]], width=WIDTH).backward()
    return 0.0 - float(moved.grad.sum()) / parameters**0.5


def hill_removes_the_minimum(rows: pd.DataFrame) -> Verdict:
    """Claim 2, from the figure's function: local minima of `x^3 - x^2` with and without a hill on the one it has."""
    without, lower, figure, higher = (minima(height) for height in (0.0, *HEIGHTS))
    word = "reproduced" if without and not figure else "not reproduced"
    note = (
        f"minima without a hill {len(without)}, with the figure's {len(figure)}, at this height alone: of a hill of "
        f"{HEIGHTS[0]:g} it stays at x = {lower[0]:.2f}, of one of {HEIGHTS[2]:g} it moves to x = {higher[0]:.2f}"
    )
    return Verdict(word, None, None, 1, "paper", note=note)


def minima(height: float) -> list[float]:
    """Local minima of `x^3 - x^2 + height exp(-(x - 2/3)^2)`: where the derivative turns from negative to positive."""
    x = np.linspace(-3, 3, 60_001) + MINIMUM
    derivative = 3 * x**2 - 2 * x - 2 * height * (x - MINIMUM) * np.exp(-((x - MINIMUM) ** 2))
    signs = np.sign(np.where(np.abs(derivative) < 1e-12, 0, derivative))
    places, signs = x[signs != 0], signs[signs != 0]
    return places[1:][(signs[:-1] < 0) & (signs[1:] > 0)].tolist()


def checkpoints_cost_the_same(rows: pd.DataFrame) -> Verdict:
    """Claim 8: the last checkpoints cost as much each as the first; on a GPU at most 2% of a training step."""
    runs = finished(rows, "cost")
    parts = {}
    for network, part in runs.groupby("network") if len(runs) else ():
        first, last = (part.apply(each_costs, axis=1, begin=begin, end=end) for begin, end in ((0, 2), (2, 8)))
        costs = relative(Pairs(first.to_numpy(float), last.to_numpy(float), protocol(part)))
        parts[f"{TITLES[network]}, last against first"] = within(costs, margin=COST_MARGIN, unit="%")
        on_gpu = part[~part.device.str.contains("threads")]  # what a processor's name ends with
        if len(on_gpu):
            share = against(on_gpu, 0.0, percent_of_a_step)
            parts[f"{TITLES[network]}, of a step"] = beyond(share, threshold=MOST_COST, expected=-1, unit="%")
    if not parts:
        return not_run()
    shares = [
        f"{TITLES[network]} {part.apply(percent_of_a_step, axis=1).mean():.2g}% of a step"
        for network, part in runs.groupby("network")
    ]
    return remarked(combine(parts), f"a checkpoint costs {', '.join(shares)} ({'; '.join(sorted(set(runs.device)))})")


def each_costs(row: pd.Series, *, begin: int, end: int) -> float:
    """Seconds of one checkpoint more, between two numbers of them."""
    at = dict(zip(row.counts, row.penalty_seconds, strict=True))
    return (at[end] - at[begin]) / (end - begin)


def percent_of_a_step(row: pd.Series) -> float:
    """Time of a checkpoint in % of a training step's without any."""
    return 100 * each_costs(row, begin=0, end=max(row.counts)) / row.step_seconds


def step_is_enlarged(rows: pd.DataFrame) -> Verdict:
    """Claim 13: after the checkpoint, the full gradient along the loss's (cosine near 1), and longer."""
    parts, remarks = {}, []
    for line in lines(rows):
        runs = on(rows, line, strength=pushed(rows, line))
        if runs.empty:
            continue
        name = f"{line.title}, s = {pushed(rows, line):g}"
        cosines, ratios = (against(runs, level, f"pushed_{key}") for level, key in ((0, "cosine"), (1, "norm_ratio")))
        longer = Pairs(100 * ratios.first, 100 * ratios.second, ratios.protocol)
        parts[f"cosine, {name}"] = beyond(cosines, threshold=NEAR_1, expected=+1, unit="")
        parts[f"length, {name}"] = beyond(longer, threshold=GROWTH, expected=+1, unit="%")
        remarks.append(f"cosine of push and loss gradient {runs.pushed_alignment.mean():+.3f} ({name})")
    return remarked(combine(parts), *remarks, lacking(rows)) if parts else not_run()
