"""All records of a paper as one tidy table."""

import dataclasses
import html
import json
import re
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from . import store
from .config import RunConfig, recorded_key

PARTS = ("word", "config", "metrics", "outcome", "protocol", "fingerprint", "seconds")


def row(record: dict[str, Any]) -> dict[str, Any]:
    """One record, its config and metrics spread into columns."""
    about = {name: value for name, value in record.items() if name not in ("config", "metrics")}
    return escaped(record["config"] | record["metrics"] | about)


def escaped(value: Any) -> Any:
    """The same with &, < and > of its texts escaped: tables and sentences of them become pages."""
    if isinstance(value, dict):
        return {escaped(name): escaped(item) for name, item in value.items()}
    if isinstance(value, list):
        return [escaped(item) for item in value]
    return html.escape(value, quote=False) if isinstance(value, str) else value


def rows(records: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """One tidy row per record."""
    return pd.DataFrame([row(record) for record in records])


def read(path: Path) -> dict[str, Any] | None:
    """The record in a file, or None with a warning that names the file where it is truncated, foreign or a copy."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        lacking = [name for name in PARTS if name not in record]
        if lacking:
            raise ValueError(f"lacks {', '.join(lacking)}")
        if not isinstance(record["config"], dict) or not isinstance(record["metrics"], dict):
            raise ValueError("config and metrics must be tables of names and values")
        if record["word"] != path.parent.name:
            raise ValueError(f"belongs to {record['word']!r}")
    except (OSError, ValueError, TypeError) as error:
        warnings.warn(f"skipped {path}: not a whole record ({error})", stacklevel=2)
        return None
    expected = recorded_key(record)
    if path.stem != expected and (expected or not re.fullmatch("[0-9a-f]{16}", path.stem)):
        name = f"{expected}.json, of the run that it holds" if expected else "16 hex digits, the hash of its run"
        warnings.warn(f"skipped {path}: a record's name must be {name}", stacklevel=2)
        return None
    return record | {"hash": path.stem}


def index(word: str) -> dict[str, dict[str, Any]]:
    """A paper's records by their hashes, each file read once: `config`, `seconds`, and whether it is `committed`."""
    found = {path: read(path) for path in _paths(word)}
    return {
        record["hash"]: {
            "config": record["config"],
            "seconds": record["seconds"],
            "committed": path.is_relative_to(store.COMMITTED),
        }
        for path, record in found.items()
        if record
    }


def _paths(word: str) -> list[Path]:
    """The files of a paper's records; one in the first folder covers its namesake in the second."""
    paths = {path.name: path for folder in reversed(store.folders()) for path in sorted((folder / word).glob("*.json"))}
    return list(paths.values())


def frame(source: str | type[RunConfig]) -> pd.DataFrame:
    """One tidy row per record of a paper: config, metrics, outcome, protocol, data, device, versions, seconds, hash.

    `source` is the paper's word or, better, its `Config`: then a field that is younger than a record has its default,
    the protocol is what the config says of itself today, and the column `settings` holds each run's whole config.
    """
    word = source if isinstance(source, str) else source.word
    found = filter(None, map(read, _paths(word)))
    return rows(found if isinstance(source, str) else (completed(record, source) for record in found))


def varied(runs: pd.DataFrame) -> list[str]:
    """The settings in which some runs differ, the seed apart, in the order of the config."""
    settings = pd.DataFrame(list(runs.settings), index=runs.index)
    return [name for name in settings if name != "seed" and settings[name].map(repr).nunique() > 1]


def completed(record: dict[str, Any], config: type[RunConfig]) -> dict[str, Any]:
    """A record with every field of the config, its protocol as the config computes it, and all of it as `settings`.

    A kind of run that the config no longer knows keeps the protocol that was recorded.
    """
    defaults = {field.name: field.default for field in dataclasses.fields(config)}
    settings = defaults | record["config"]
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
    rows: pd.DataFrame,
    config: type[RunConfig],
    *,
    free: Collection[str] = (),
    settings: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Runs of these settings, with every other field of the config but the `free` ones at its default.

    A record that is older than a field has its default.
    """
    for field in dataclasses.fields(config):
        if field.name in rows and (field.name in settings or field.name not in free):
            value, column = settings.get(field.name, field.default), rows[field.name]
            filled = column if field.default is None else column.where(column.notna(), field.default)
            rows = rows[filled.isna() if value is None else filled == value]
    return rows


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
