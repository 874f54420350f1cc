"""The recorded runs of a paper in a table: a line for those that differ in their seed, or in a file a row for each."""

import html
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import get_type_hints

import pandas as pd
from pandas.api.types import is_list_like, is_number
from rich import box
from rich.table import Table

from . import records
from .execute import check_output
from .parameters import Defaults, default_of, field_of, parse_choices
from .records import RunConfig
from .records.config import defaults_of

SHOWN, MENTIONED = 4, 20  # metrics on a terminal, unless others are asked for
SUFFIXES = (".csv", ".parquet", ".json")
ABOUT = "word revision protocol outcome diverged_step fingerprint fidelity commit device versions seconds written hash"


def select(config: type[RunConfig], where: Iterable[str]) -> pd.DataFrame:
    """A row for each recorded run with settings among the values of NAME=A,B; ValueError where there is none."""
    runs, defaults = records.frame(config), Defaults(dict(defaults_of(config)), get_type_hints(config))
    for text in where:
        name, equals, values = text.partition("=")
        field, choices = parse_choices(f"{field_of(name.strip(), config)}{equals}{values}", defaults)
        there = [settings[field] for settings in runs.settings] if len(runs) else []
        runs = runs[[value in choices for value in there]] if there else runs
        if runs.empty:
            known = ", ".join(sorted(set(map(str, there)))) or "nothing"
            raise ValueError(f"no recorded run of {config.word} has {text}: there is {known}")
    if runs.empty:
        raise ValueError(f"no run of {config.word} has a record in {' or '.join(map(str, records.folders()))}")
    return runs


def metrics_of(runs: pd.DataFrame) -> list[str]:
    """The metrics that are one number, first those that all runs have, of them accuracies."""
    others = {name for values in runs.settings for name in values} | {*ABOUT.split(), "settings"}
    there = {name: runs[name].dropna() for name in runs if name not in others}
    numbers = {name: part for name, part in there.items() if len(part) and part.map(is_number).all()}
    return sorted(numbers, key=lambda name: (len(numbers[name]) < len(runs), "accuracy" not in name))


def summary(runs: pd.DataFrame, by: Sequence[str], metrics: Sequence[str]) -> Table:
    """A line for each combination of settings: how many runs, and mean (SD) of the metrics over those that finished."""
    table = Table(box=box.SIMPLE)
    for name in (*by, "runs", *metrics):
        table.add_column(name.replace("_", " "), overflow="fold", justify="left" if name in by else "right")
    for values, part in runs.groupby(list(by), sort=True, dropna=False) if by else [((), runs)]:
        done = part[part.outcome == "finished"]
        lost = f", {len(part) - len(done)} diverged" if len(done) < len(part) else ""
        cells = [f"{len(part)}{lost}", *(_mean(done[name]) for name in metrics)]
        table.add_row(*("none" if pd.isna(value) else str(value) for value in values), *cells)
    return table


def _mean(values: pd.Series) -> str:
    values = pd.to_numeric(values).dropna()
    deviation = f" ({values.std():.2g})" if len(values) > 1 else ""
    return f"{values.mean():.4g}{deviation}" if len(values) else "–"


def write(runs: pd.DataFrame, path: Path) -> None:
    """A row a run: its settings and metrics, how it ended, its seconds, and the versions that made it."""
    versions = pd.DataFrame(list(runs.versions), index=runs.index).add_prefix("version_")
    flat = runs.drop(columns=["settings", "versions"]).join(versions)
    flat = flat.map(lambda value: html.unescape(value) if isinstance(value, str) else value)  # as it was for pages
    if path.suffix == ".json":
        flat.to_json(path, orient="records", indent=1)
    elif path.suffix == ".parquet":
        flat.apply(_of_one_kind).to_parquet(path, index=False)
    else:
        flat.map(lambda value: json.dumps(value) if is_list_like(value) else value).to_csv(path, index=False)


def _of_one_kind(column: pd.Series) -> pd.Series:
    """As it is, or as text where some runs have a list and others a number."""
    nested = column.dropna().map(is_list_like)
    return column.map(json.dumps, na_action="ignore") if nested.any() and not nested.all() else column


def command(
    config: type[RunConfig], *, where: Sequence[str], by: Sequence[str], metrics: Sequence[str], output: Path | None
) -> Iterable[Table | str]:
    """What is shown of the runs, which go to the file first; ValueError for what is unknown."""
    if output is not None:
        check_output(output, *SUFFIXES)
    runs = select(config, where)
    names, known = [field_of(name, config) for name in by] or records.varied(runs), metrics_of(runs)
    chosen = list(metrics) or known[:SHOWN]
    for name in chosen:
        default_of(name, dict.fromkeys(known), f"a run of {config.word} has no metric")
    if output is not None:
        write(runs, output)
    yield summary(runs, names, chosen)
    merged = [name for name in records.varied(runs) if name not in names]
    if merged:
        yield f"Each line is over several values of {', '.join(merged)}: --by {','.join([*names, *merged])}"
    if others := [name for name in known if name not in chosen]:
        more = f" and {len(others) - MENTIONED} more" if len(others) > MENTIONED else ""
        yield f"Other metrics, for --metrics NAME,NAME: {', '.join(others[:MENTIONED])}{more}"
    yield f"{len(runs)} runs, written to {output}" if output else "A row a run, with everything: --output runs.csv"
