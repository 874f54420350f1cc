"""All records of a paper as one tidy table."""

import html
import zipfile
import zlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from . import store
from .config import RunConfig, defaults_of, key


def rows(records: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """One tidy row per record, its config and metrics spread into columns."""
    spread = []
    for record in records:
        about = {name: value for name, value in record.items() if name not in ("config", "metrics")}
        spread.append(escaped(record["config"] | record["metrics"] | about))
    return pd.DataFrame(spread)


def escaped(value: Any) -> Any:
    """The same with &, < and > of its texts escaped: tables and sentences of them become pages."""
    if isinstance(value, dict):
        return {escaped(name): escaped(item) for name, item in value.items()}
    if isinstance(value, list):
        return [escaped(item) for item in value]
    return html.escape(value, quote=False) if isinstance(value, str) else value


def frame(source: str | type[RunConfig]) -> pd.DataFrame:
    """One tidy row per record of a paper: config, metrics, outcome, protocol, data, device, versions, seconds, hash.

    `source` is the paper's word or, better, its `Config`: then a field that is younger than a record has its default,
    the protocol is what the config says of itself today, and the column `settings` holds each run's whole config.
    """
    word = source if isinstance(source, str) else source.word
    found = (record for _, record in store.recorded(word))
    return rows(found if isinstance(source, str) else (completed(record, source) for record in found))


def load_or_run(configs: Sequence[RunConfig], run: store.Run, *, missing: str = "list") -> pd.DataFrame:
    """Tidy rows of the configs that have a record; the others, `missing`, are listed (`list`), or made (`run`)."""
    if missing not in ("list", "run"):
        raise ValueError(f"missing must be 'list' or 'run', got {missing!r}")
    todo = store.unrecorded(configs)
    if todo and missing == "run":
        store.make(todo, run)
    elif todo:
        word = todo[0].word
        print(f"{len(todo)} of the {len(configs)} runs of these parameters have no record.")
        print("To make them, run the notebook again with the same parameters and MISSING=run:")
        print(f"python -m spareparts run notebooks/{word}.py --set MISSING=run")
    found = ((config, store.load(config)) for config in configs)
    return rows(completed(record, type(config)) | {"hash": key(config)} for config, record in found if record)


def varied(runs: pd.DataFrame) -> list[str]:
    """The settings in which some runs differ, the seed apart, in the order of the config."""
    settings = pd.DataFrame(list(runs.settings), index=runs.index)
    return [name for name in settings if name != "seed" and settings[name].map(repr).nunique() > 1]


def completed(record: dict[str, Any], config: type[RunConfig]) -> dict[str, Any]:
    """A record with every field of the config, and as `settings`, and the protocol that the config gives, if it can."""
    settings = {**defaults_of(config), **record["config"]}
    try:
        protocol = config(**settings).protocol
    except (TypeError, ValueError):
        protocol = record["protocol"]
    return record | {"config": settings, "settings": settings, "protocol": protocol}


def arrays(word: str, hash: str) -> dict[str, np.ndarray]:
    """The arrays beside a record; `FileNotFoundError` where it has none, `RecordError` where they are damaged."""
    path = store.find(word, f"{hash}.npz")
    if path is None:
        raise FileNotFoundError(f"no arrays {hash}.npz among the records of {word} in {store.folders()}")
    try:
        with zipfile.ZipFile(path), np.load(path) as found:
            return dict(found)
    except (OSError, ValueError, zlib.error, zipfile.BadZipFile) as error:
        raise store.RecordError(f"{path} cannot be read ({error}); move it and its .json away and run again") from error


def matching(
    rows: pd.DataFrame, config: type[RunConfig], *, free: Collection[str] = ("seed",), **settings: Any
) -> pd.DataFrame:
    """Those rows of `frame(config)` whose settings are the default ones, but for the `free` ones and those given.

    A setting is given as a value, a list of values, or `...` for any. Raises `ValueError` for an unknown setting.
    """
    defaults = defaults_of(config)
    if unknown := settings.keys() - defaults.keys():
        raise ValueError(f"unknown setting {sorted(unknown)[0]!r}; known are {', '.join(defaults)}")
    given = {name: value for name, value in defaults.items() if name not in free} | settings
    wanted = {name: value if isinstance(value, list) else [value] for name, value in given.items() if value is not ...}
    kept = (all(own[name] in values for name, values in wanted.items()) for own in rows.get("settings", ()))
    return rows[list(kept)] if len(rows) else rows


def provenance(rows: pd.DataFrame, *, by: str = "dataset") -> pd.DataFrame:
    """Runs, seeds, protocol, hours and code behind the numbers, one line for each value of `by`."""
    lines = {
        name: {
            "runs": len(part),
            "seeds": f"{part.seed.min()} to {part.seed.max()}",
            "diverged": int((part.outcome == "diverged").sum()),
            "protocol": ", ".join(sorted(set(part.protocol))),
            "hours": f"{part.seconds.sum() / 3600:.2f}",
            "code": ", ".join(sorted(set(part.commit))),
        }
        for name, part in (rows.groupby(by) if len(rows) else ())
    }
    return pd.DataFrame(lines).T.rename_axis(by)
