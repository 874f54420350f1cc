"""Which records, and which of their numbers, the chapter's figures of journeys draw."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from . import author
from .author import Setting
from .config import DATASETS
from .journey_verdicts import FREE
from .rows import TITLES, Line, Measure, arrays, first_distance, line_of, lines, on, protocol, pushed, values

Arrays = dict[str, np.ndarray]
NOT_PUSHED = "not pushed"
MOST = 5  # lines of a figure in which the strengths or widths are told by colours
CHANCE = 10.0  # % of ten classes


def strength_title(strength: float) -> str:
    """What a legend calls journeys of a strength."""
    return f"s = {strength:g}" if strength else NOT_PUSHED


def published(network: str) -> Line:
    """The line of a network's published journey with one checkpoint."""
    return line_of({"network": network, "dataset": DATASETS[network]})


def chosen(rows: pd.DataFrame, network: str, *, longest: bool = False) -> Line:
    """The line of a network with one checkpoint that figures draw: that of most runs, or of most epochs.

    Its published line where none has run.
    """
    own = [line for line in lines(rows) if line.network == network]
    size = {line: len(on(rows, line, free=("strength",))) for line in own}
    return max(own, key=lambda line: (longest * line.length, size[line]), default=published(network))


def marks(line: Line) -> list[int]:
    """Epochs of the checkpoints."""
    return [line.mark * (place + 1) for place in range(line.checkpoints)]


def drawn(runs: pd.DataFrame) -> list[Arrays]:
    """The arrays of each run."""
    return [arrays(name) for name in runs.hash] if len(runs) else []


def by_strength(rows: pd.DataFrame, line: Line, *strengths: float, **settings: Any) -> dict[str, pd.DataFrame]:
    """Runs by the title of their strength, those without any left out; without strengths: none, and what counts."""
    wanted = strengths or (0.0, pushed(rows, line))
    found = {strength_title(each): on(rows, line, free=FREE, strength=each, **settings) for each in wanted}
    return {title: runs for title, runs in found.items() if len(runs)}


def journeys(rows: pd.DataFrame, line: Line, *strengths: float, **settings: Any) -> dict[str, list[Arrays]]:
    """Their arrays."""
    return {name: drawn(runs) for name, runs in by_strength(rows, line, *strengths, **settings).items()}


def one_each(rows: pd.DataFrame, line: Line, **settings: Any) -> dict[str, Arrays]:
    """The journey of the smallest seed of each."""
    return {name: found[0] for name, found in journeys(rows, line, **settings).items()}


def grid(rows: pd.DataFrame, line: Line, name: str) -> dict[float, pd.DataFrame]:
    """Runs by a setting, `strength` or `width`, all others being alike; widths of a journey that is pushed."""
    settings = {"strength": pushed(rows, line)} if name == "width" else {}
    found = on(rows, line, free=(name,), **settings)
    return {float(value): part for value, part in found.groupby(name)} if len(found) else {}


def grids(rows: pd.DataFrame, line: Line) -> dict[str, dict[str, list[Arrays]]]:
    """Arrays of the journeys by strength and by width, by what the legend says."""
    found = {name: grid(rows, line, name) for name in ("strength", "width")}
    return {
        name: {f"{value:g}": drawn(part) for value, part in list(parts.items())[-MOST:]}
        for name, parts in found.items()
        if len(parts) > 1
    }


def grid_points(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """One row a run, ours and the author's: `line`, `value` of the setting, `distance` at the end and `gain`.

    The gain is accuracy (late readings, in points) over the mean of the line's journeys that were not pushed.
    """
    parts = []
    for line in lines(rows):
        found, still = grid(rows, line, name), on(rows, line, strength=0.0)
        if len(found) < 3:
            continue
        level = values(still, "late_accuracy").mean()
        for value, part in found.items():
            gain, distance = values(part, "late_accuracy") - level, values(part, first_distance)
            parts.append(grid_part(panel_title(rows, line, protocol(part)), value, distance, gain))
    for network in author.NETWORKS:
        experiments = {"strength": author.STRENGTHS, "width": author.WIDTHS}[name]
        level = author.theirs(network, author.STRENGTHS[0.0]).validation_accuracy.mean()
        for value, experiment in experiments.items():
            part = author.theirs(network, experiment)
            # the widths ran for longer than any journey of his that was not pushed at all
            gain = part.validation_accuracy - (level if name == "strength" else np.nan)
            parts.append(grid_part(author.title(network), value, part.squared_distance_0, gain))
    found = pd.concat(parts, ignore_index=True)
    return found[found.value > 0].reset_index(drop=True)


def grid_part(line: str, value: float, distance: pd.Series, gain: pd.Series) -> pd.DataFrame:
    """Rows of `grid_points` of one line and value."""
    columns = {"value": value, "distance": distance.to_numpy(float), "gain": gain.to_numpy(float)}
    return pd.DataFrame(columns).assign(line=line)


def panel_title(rows: pd.DataFrame, line: Line, how: str) -> str:
    """What a figure calls a line: its network, its epochs where others of the network have run, and how it ran."""
    alone = sum(other.network == line.network for other in lines(rows)) < 2
    length = "" if alone else f", {line.length} epochs"
    return f"{TITLES[line.network]}{length}{'' if how == 'paper' else ', reduced'}"


def pushed_and_not(
    rows: pd.DataFrame, settings: Sequence[Setting], measure: Measure, *, their_measure: str
) -> pd.DataFrame:
    """One row a run: `network`, `setting`, whether `pushed`, `value` of the measure, and `source` (ours or author).

    Of lines on which more than one of the settings has run.
    """
    parts = []
    for line in lines(rows, several=None):
        found = [(each, by_pushed(rows, line, each.settings)) for each in settings]
        if sum(any(map(len, sides.values())) for _, sides in found) < 2:
            continue
        how = protocol(pd.concat([side for _, sides in found for side in sides.values()]))
        title = panel_title(rows, line, how)
        parts += [
            told(title, each.title, side, values(runs, measure), "ours")
            for each, sides in found
            for side, runs in sides.items()
        ]
    for network in author.NETWORKS:
        parts += [
            told(author.title(network), title, side, runs[their_measure], "author")
            for (title, side), runs in author.of_settings(network, settings).items()
        ]
    return pd.concat(parts, ignore_index=True)


def ends(rows: pd.DataFrame, measure: Measure, *, their_measure: str) -> pd.DataFrame:
    """Journeys with one checkpoint at a constant rate, ours and the author's, as `pushed_and_not` has them."""
    parts = []
    for line in lines(rows):
        sides = by_pushed(rows, line, {})
        if not all(map(len, sides.values())):
            continue
        how = "" if protocol(pd.concat(list(sides.values()))) == "paper" else "reduced, "
        setting = f"{line.title.removeprefix(f'{TITLES[line.network]}, ')},\n{how}{strength_title(pushed(rows, line))}"
        parts += [
            told(TITLES[line.network], setting, side, values(runs, measure), "ours") for side, runs in sides.items()
        ]
    for network in author.NETWORKS:
        sides = {side: author.theirs(network, *names) for side, names in author.PLAIN.theirs.items()}
        setting = f"{sides[True].epochs.max():g} epochs,\n{strength_title(sides[True].strength.max())}"
        parts += [
            told(author.title(network), setting, side, runs[their_measure], "author") for side, runs in sides.items()
        ]
    return pd.concat(parts, ignore_index=True)


def by_pushed(rows: pd.DataFrame, line: Line, settings: Mapping[str, Any]) -> dict[bool, pd.DataFrame]:
    """Runs of a line that were not pushed, and that were."""
    return {
        strength > 0: on(rows, line, free=FREE, strength=strength, **settings) for strength in (0.0, pushed(rows, line))
    }


def told(network: str, setting: str, side: bool, found: pd.Series, source: str) -> pd.DataFrame:
    """Rows of `pushed_and_not` of one setting and side."""
    columns = {"network": network, "setting": setting, "pushed": side, "value": found.dropna().to_numpy(float)}
    return pd.DataFrame(columns).assign(source=source)


def checkpoint_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Squared distance from the first checkpoint with one and with several, as `pushed_and_not` has it."""
    parts = []
    for line in lines(rows, several=True):
        still, several = by_pushed(rows, line, {}).values()
        one = on(rows, line._replace(checkpoints=1), strength=pushed(rows, line))
        title = panel_title(rows, line, protocol(several))
        for count, runs in ((1, one), (line.checkpoints, several)):
            # what is left without pushing away from it changes nothing: one journey serves for any number
            for side, found in ((False, still), (True, runs)):
                parts.append(told(title, several_words(count), side, values(found, first_distance), "ours"))
    for network in author.NETWORKS:
        for several, side, name in ((1, False, "baseline"), (1, True, "baseline_distance"), (3, True, "multiple")):
            found = author.theirs(network, name).squared_distance_0
            parts.append(told(author.title(network), several_words(several), side, found, "author"))
    return pd.concat(parts, ignore_index=True)


def several_words(count: int) -> str:
    """How many checkpoints."""
    return "1 checkpoint" if count == 1 else f"{count} checkpoints"
