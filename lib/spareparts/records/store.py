"""Write and read single records: whole or not at all."""

import dataclasses
import datetime
import functools
import hashlib
import importlib.metadata
import io
import json
import math
import os
import platform
import re
import subprocess
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from ..whole import chosen_folder, replacing
from .claim import Claims
from .config import RunConfig, defaults_of, key, recorded_key

COMMITTED = Path(__file__).resolve().parents[3] / "book" / "records"
PAUSE = 1.0  # seconds between looks at what another process makes
PARTS = ("word", "config", "metrics", "outcome", "diverged_step", "protocol", "fingerprint", "seconds")
PARTS += ("device", "versions", "commit")
LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn")


class RecordError(ValueError):
    """A record cannot be written, or is not what its name says."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """What one run found: numbers for the table, arrays for the figures, and how it ended."""

    metrics: dict[str, Any]  #: numbers, or short lists of numbers (curves thinned to what the figures need)
    arrays: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    outcome: str = "finished"  #: or "diverged"
    diverged_step: int | None = None
    seconds: float = 0.0  #: wall time of training and measuring
    device: str = "cpu"


Found = tuple[dict[str, Any], dict[str, np.ndarray]]  # metrics and arrays
Run = Callable[[list[RunConfig]], Iterator[tuple[RunConfig, Result]]]


def folders() -> list[Path]:
    """Folders that records are read from, the first of them being written to."""
    overlay = chosen_folder("SPAREPARTS_RECORDS")
    return [overlay, COMMITTED] if overlay else [COMMITTED]


def cache_folder() -> Path:
    """Where trained weights and other things that can be made again are kept, outside the repository."""
    return chosen_folder("SPAREPARTS_CACHE") or platformdirs.user_cache_path("spareparts", appauthor=False)


def weights_path(config: RunConfig) -> Path:
    """Where the trained weights of a run are cached, under the same hash as its record."""
    return cache_folder() / "weights" / config.word / f"{key(config)}.pt"


def checkpoint_path(configs: Sequence[RunConfig]) -> Path:
    """Where the training of these runs, of one paper, is kept until it is done, for the code alone that began it."""
    keys = sorted(key(config) for config in configs)
    name = keys[0] if len(keys) == 1 else hashlib.sha256(" ".join(keys).encode()).hexdigest()[:16]
    return weights_path(configs[0]).with_name(f"{name}-{code()}.checkpoint")


def find(word: str, name: str) -> Path | None:
    """The file of that name among a paper's records, or None."""
    return next((path for folder in folders() if (path := folder / word / name).exists()), None)


def plain(value: Any) -> Any:
    """The same value in JSON's types; a number that is not finite becomes None."""
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


@functools.cache
def commit() -> str:
    """The code's commit, with `-dirty` where the package differs from it; `unknown` outside a checkout of its own."""
    git = functools.partial(subprocess.check_output, cwd=Path(__file__).parent, text=True, stderr=subprocess.DEVNULL)
    try:
        if Path(git(["git", "rev-parse", "--show-toplevel"]).strip()).resolve() != COMMITTED.parents[1]:
            return "unknown"
        dirty = "-dirty" if git(["git", "status", "--porcelain", "--", ".."]).strip() else ""
        return git(["git", "rev-parse", "--short=12", "HEAD"]).strip() + dirty
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


@functools.cache
def code() -> str:
    """A hash of the package's files: 12 hex digits."""
    total, package = hashlib.sha256(), Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        total.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()[:12]


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that compute results."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in LIBRARIES}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file; on failure nothing is left and `RecordError` says why."""
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise RecordError(f"cannot write {path}: {error.strerror or error}; nothing was left half written") from error


def document(config: RunConfig, result: Result) -> dict[str, Any]:
    """The record of a run as it stands in the file."""
    return plain(
        {
            "word": config.word,
            "revision": config.revision,
            "config": dataclasses.asdict(config),
            "protocol": config.protocol,
            "outcome": result.outcome,
            "diverged_step": result.diverged_step,
            "metrics": result.metrics,
            "fingerprint": config.fingerprint,
            "fidelity": config.fidelity,
            "commit": commit(),
            "device": result.device,
            "versions": versions(),
            "seconds": round(result.seconds, 2),
            "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
    )


def save(config: RunConfig, result: Result) -> Path:
    """Write one record, arrays first, so that a `.json` is there only when all of it is; returns its path."""
    path = folders()[0] / config.word / f"{key(config)}.json"
    if result.arrays:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **result.arrays)
        write_whole(path.with_suffix(".npz"), buffer.getvalue())
    text = json.dumps(document(config, result), indent=None, separators=(",", ":"), allow_nan=False)
    try:
        write_whole(path, text.encode() + b"\n")
    except RecordError:
        if not path.exists():  # arrays without their numbers would be half a record
            path.with_suffix(".npz").unlink(missing_ok=True)
        raise
    return path


def load(config: RunConfig) -> dict[str, Any] | None:
    """The record of a run, or None; `RecordError` where the file under its hash holds another config."""
    path = find(config.word, f"{key(config)}.json")
    if path is None:
        return None
    try:
        record = _parsed(path)
    except (ValueError, TypeError) as error:
        raise RecordError(f"{path} is not a whole record ({error}); move it away and run again") from error
    check_same(config, record["config"])
    return record


def _parsed(path: Path) -> dict[str, Any]:
    record = json.loads(path.read_text(encoding="utf-8"))
    if lacking := [name for name in PARTS if name not in record]:
        raise ValueError(f"lacks {', '.join(lacking)}")
    if not isinstance(record["config"], dict) or not isinstance(record["metrics"], dict):
        raise ValueError("config and metrics must be tables of names and values")
    if not isinstance(record["seconds"], int | float):
        raise ValueError(f"seconds must be a number, got {record['seconds']!r}")
    return record


def read(path: Path) -> dict[str, Any] | None:
    """The record in a file, or None with a warning that names the file where it is truncated, foreign or a copy."""
    try:
        record = _parsed(path)
        if record["word"] != path.parent.name:
            raise ValueError(f"belongs to {record['word']!r}")
        expected = recorded_key(record)
    except (OSError, ValueError, TypeError) as error:
        warnings.warn(f"skipped {path}: not a whole record ({error})", stacklevel=2)
        return None
    if path.stem != expected and (expected or not re.fullmatch("[0-9a-f]{16}", path.stem)):
        name = f"{expected}.json, of the run that it holds" if expected else "16 hex digits, the hash of its run"
        warnings.warn(f"skipped {path}: a record's name must be {name}", stacklevel=2)
        return None
    return record | {"hash": path.stem}


def recorded(word: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A paper's whole records and their files; one in the first folder covers its namesake in the second."""
    paths = {path.name: path for folder in reversed(folders()) for path in sorted((folder / word).glob("*.json"))}
    for path in paths.values():
        if record := read(path):
            yield path, record


def index(word: str) -> dict[str, dict[str, Any]]:
    """A paper's records by their hashes, each file read once: `config`, `seconds`, and whether it is `committed`."""
    found = ((record, path.is_relative_to(COMMITTED)) for path, record in recorded(word))
    return {
        record["hash"]: {"config": record["config"], "seconds": record["seconds"], "committed": committed}
        for record, committed in found
    }


def check_same(config: RunConfig, stored: Mapping[str, Any]) -> None:
    """`RecordError` unless these are the settings of a config; a field that is not stored had its default."""
    pairs = {name: (getattr(config, name), stored.get(name, own)) for name, own in defaults_of(type(config)).items()}
    # the first comparison spares nearly all the second
    changed = [name for name, (value, held) in pairs.items() if value != held and plain(value) != plain(held)]
    if changed:
        name = f"{config.word}/{key(config)}.json"
        raise RecordError(f"{name} holds another value of {', '.join(changed)}: was a default changed?")


def unrecorded(configs: Iterable[RunConfig]) -> list[RunConfig]:
    """The configs that have no record, each once, in order."""
    unique = {key(config): config for config in configs}
    return [config for config in unique.values() if load(config) is None]


def lock_path(config: RunConfig) -> Path:
    """The file that says who makes a run."""
    return folders()[0] / config.word / f".{key(config)}.lock"


def check_writable(words: Iterable[str]) -> None:
    """`RecordError` unless records of these papers can be written."""
    for word in words:
        probe = folders()[0] / word / f".probe-{platform.node()}-{os.getpid()}"
        write_whole(probe, b"")
        probe.unlink()


def make(configs: Sequence[RunConfig], run: Run) -> None:
    """Run and record what has no record; others' runs are waited for. `RecordError` first if none can be written."""
    check_writable({config.word for config in configs})
    waiting, tried = False, set()
    with Claims() as held:
        while todo := [config for config in unrecorded(configs) if config not in tried]:
            # Looked at again once they are ours: their last owner may have recorded them in between.
            if own := unrecorded([config for config in todo if held.acquire(lock_path(config))]):
                tried.update(own)
                for config, result in run(own):
                    save(config, result)
                    held.release(lock_path(config))
                continue
            if not waiting:
                print(f"another process makes {len(todo)} of these runs: waiting for it", flush=True)
            waiting = True
            time.sleep(PAUSE)


# From a measurement to its result: timed, with numbers of few digits, or diverged

DIGITS = 5  # significant ones, of the numbers in a record


class Diverged(Exception):
    """Training stopped being finite; carries the step, from 1."""

    def __init__(self, step: int) -> None:
        super().__init__(f"training diverged at step {step}")
        self.step = step


def measured(work: Callable[[], Found], *, device: str) -> Result:
    """The metrics and arrays of work on a device, and the seconds that it took; a run that diverged is a result too."""
    started, ended = time.perf_counter(), {}
    try:
        metrics, arrays = work()
    except Diverged as error:
        metrics, arrays, ended = {}, {}, {"outcome": "diverged", "diverged_step": error.step}
    seconds = time.perf_counter() - started
    return Result(metrics=rounded(metrics), arrays=arrays, seconds=seconds, device=device, **ended)


def rounded(value: Any) -> Any:
    """The same with floats of few digits, in lists and tables too."""
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{DIGITS}g}")
    return value
