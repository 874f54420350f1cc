"""Makes random records again and compares every metric: to the last bit on the record's processor with its versions,
elsewhere within a tolerance, as rounding may differ there, and training amplifies it.
"""

import dataclasses
import datetime
import json
import math
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from rich.console import Console
from rich.table import Table

from . import processor, records
from .data import DataMissing
from .execute import ROOT, check_output
from .records.config import defaults_of
from .records.store import commit, plain, versions, write_whole
from .sweep.survey import in_bfloat16, paper_module, show_duration

AUDIT = ROOT / "book" / "audit.json"
RELATIVE, ABSOLUTE = 0.05, 0.02  # tolerance where the processor or the versions differ, whichever is more


@dataclasses.dataclass(frozen=True, kw_only=True)
class Check:
    """How one record fared: `agrees`, `differs` (where, and by how much) or `skipped` (why)."""

    word: str
    hash: str
    settings: dict[str, Any]  #: the data set, and those that differ from their default
    criterion: str = ""  #: `last bit` or `tolerance`
    outcome: str = "skipped"
    note: str
    metrics: int = 0  #: how many were compared
    recorded_seconds: float
    seconds: float = 0.0


def papers(folder: Path = ROOT / "notebooks") -> list[str]:
    """The words of all papers that have a notebook and a module."""
    return [path.stem for path in sorted(folder.glob("*.py")) if paper_module(path.stem)]


def paper_config(word: str) -> type[records.RunConfig]:
    """The `Config` of a paper; ValueError for an unknown one."""
    module = paper_module(word)
    if module is None:
        raise ValueError(f"there is no paper {word!r}; there are {', '.join(papers())}")
    return module.Config


def sample(words: Sequence[str], *, size: int, seed: int, budget: float) -> list[dict[str, Any]]:
    """Random records, the papers in turn, which share the budget, in seconds here, equally."""
    if size < 1:
        raise ValueError(f"the sample must be at least 1 record, got {size}")
    draw, left = random.Random(seed), {word: budget / len(words) for word in words}
    rows = {word: records.frame(word).sort_values("hash").to_dict("records") for word in words}
    queues = {word: draw.sample(own, len(own)) for word, own in rows.items()}
    chosen: list[dict[str, Any]] = []
    while any(queues.values()):
        for word, queue in queues.items():
            queues[word] = queue = [row for row in queue if _cost(row) <= left[word]]
            if queue:
                chosen.append(queue.pop(0))
                left[word] -= _cost(chosen[-1])
    return chosen[:size]


def _cost(row: Mapping[str, Any]) -> float:
    """Seconds that a run takes here, by those that were recorded where bfloat16 has instructions."""
    return row["seconds"] * (processor.SLOWDOWN if in_bfloat16(row) and processor.lacks_bfloat16() else 1)


def verify(rows: Iterable[dict[str, Any]], *, budget: float) -> Iterator[Check]:
    """Run each record's config again, none being started after `budget` seconds; trained weights are not reused."""
    end = time.monotonic() + budget
    for row in rows:
        record = json.loads(records.store.find(row["word"], f"{row['hash']}.json").read_text(encoding="utf-8"))
        if time.monotonic() > end:
            yield _check(row["hash"], record, note="the budget was spent")
        else:
            yield _again(row["hash"], record)


def _again(hash: str, record: dict[str, Any]) -> Check:
    module = paper_module(record["word"])
    try:
        config = module.Config(**record["config"])
    except (TypeError, ValueError) as error:
        return _check(hash, record, note=f"its config is of the past: {error}")
    if records.key(config) != hash:
        return _check(hash, record, note="made by an earlier revision, or on other data")
    started = time.monotonic()
    try:
        # a weights' cache of its own: an audit that finds trained weights would not train
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, SPAREPARTS_CACHE=folder):
            ((_, result),) = module.run([config])
    except DataMissing as error:
        return _check(hash, record, note=str(error))
    return _compare(hash, record, result, seconds=time.monotonic() - started)


def repeatable(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics that a run gives again: all but its times, whose names end in `seconds`."""
    return {name: value for name, value in metrics.items() if not name.endswith("seconds")}


def _compare(hash: str, record: dict[str, Any], result: records.Result, *, seconds: float) -> Check:
    exact = record["device"] == result.device and record["versions"] == versions()
    old = repeatable(record["metrics"])
    before = old | {"outcome": record["outcome"], "diverged_step": record["diverged_step"]}
    now = repeatable(plain(result.metrics)) | {"outcome": result.outcome, "diverged_step": result.diverged_step}
    apart, gone = differences(before, now, exact=exact), sorted(old.keys() - now.keys())
    compared = len(old) - len(gone)
    return _check(
        hash,
        record,
        criterion="last bit" if exact else "tolerance",
        outcome="differs" if apart or (old and not compared) else "agrees",
        note="; ".join(apart + [f"no longer measured: {', '.join(gone)}"] * bool(gone)),
        metrics=compared,
        seconds=round(seconds, 2),
    )


def _check(hash: str, record: dict[str, Any], **found: Any) -> Check:
    """How a record fared: skipped, unless it is told what was found."""
    default, config = plain(dict(defaults_of(paper_module(record["word"]).Config))), record["config"]
    changed = {name: value for name, value in config.items() if name == "dataset" or default.get(name) != value}
    identity = {"word": record["word"], "hash": hash, "settings": changed, "recorded_seconds": record["seconds"]}
    return Check(**identity, **found)


def differences(before: dict[str, Any], now: dict[str, Any], *, exact: bool) -> list[str]:
    """What does not agree, each as `name: recorded, now`, of the metrics that both have: others came or went later."""
    both = {name: (before[name], now[name]) for name in sorted(before.keys() & now.keys())}
    apart = {name: (old, new) for name, (old, new) in both.items() if old != new and (exact or not _close(old, new))}
    return [f"{name}: recorded {old}, now {new}" for name, (old, new) in apart.items()]


def _close(old: Any, new: Any) -> bool:
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_close, old, new))
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_close(value, new[name]) for name, value in old.items())
    numbers = all(isinstance(value, int | float) for value in (old, new))
    return math.isclose(old, new, rel_tol=RELATIVE, abs_tol=ABSOLUTE) if numbers else old == new


def write(checks: list[Check], path: Path, **asked: Any) -> None:
    """Keep an audit, with what was asked for, for the page that shows the last one."""
    about = {
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "versions": versions(),
        "asked": asked,
        "tolerance": {"relative": RELATIVE, "absolute": ABSOLUTE},
    }
    audit = about | {"checks": [dataclasses.asdict(check) for check in checks]}
    write_whole(path, json.dumps(audit, indent=1, ensure_ascii=False).encode() + b"\n")


def command(*, size: int, words: list[str], seed: int, budget: float, output: Path) -> int:
    """Audit and show; exit status 0 if records were compared and all agree, else 1."""
    check_output(output, ".json")
    for word in words:
        paper_config(word)
    console, words = Console(), words or papers()
    rows = sample(words, size=size, seed=seed, budget=budget)
    rows.sort(key=_cost)  # the longest last: on a busy machine it alone may find the budget spent
    if not rows:
        raise ValueError(f"no record of {', '.join(words)} took less than {show_duration(budget)}: nothing to verify")
    checks = []
    for check in verify(rows, budget=budget):
        checks.append(check)
        console.print(f"{len(checks)} of {len(rows)}: {check.word} {check.hash} {check.outcome}", highlight=False)
        if kept := any(check.outcome != "skipped" for check in checks):  # after each, as the next may be interrupted
            write(checks, output, sample=size, papers=words, seed=seed, budget=budget)
    console.print(table(checks))
    outcomes = Counter(check.outcome for check in checks)
    told = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
    console.print(f"{told}. {f'Written to {output}' if kept else 'Nothing was compared, and nothing written'}")
    return 0 if outcomes["agrees"] and not outcomes["differs"] else 1


def table(checks: list[Check]) -> Table:
    """One line a record: what it is, how it was compared and how it fared."""
    drawn = Table("paper", "run", "metrics", "equal within", "outcome", "time, then and now", "note")
    for check in checks:
        run = " ".join(f"{name}={value}" for name, value in check.settings.items())
        times = f"{show_duration(check.recorded_seconds)}, {show_duration(check.seconds) if check.seconds else '-'}"
        drawn.add_row(check.word, run, str(check.metrics), check.criterion, check.outcome, times, check.note)
    return drawn
