"""The identity of a run: a frozen config, and the hash of all that can change its result."""

import dataclasses
import functools
import hashlib
import itertools
import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, get_args, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

Config = TypeVar("Config", bound="RunConfig")


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Base of every paper's `Config`: all values that can change a result, with units in comments.

    Raises `TypeError` for a value of another type than its field's, `ValueError` for NaN, infinity, and a number or a
    word that the field's type excludes; a whole number is taken for a float.
    """

    word: ClassVar[str]  # the paper's word: names its module, notebook, records folder and claims
    revision: ClassVar[int]  # raised whenever the mechanism changes what a config gives
    source: ClassVar[Any]  # what knows the fingerprint and the fidelity of a `dataset`

    def __post_init__(self) -> None:
        for name, (kind, adapter) in _kinds(type(self)).items():
            value = getattr(self, name)
            try:
                object.__setattr__(self, name, adapter.validate_python(value))
            except ValidationError as error:
                raise _refusal(name, value, kind, error.errors()[0]) from error

    def _check_users(self, kind: str, users: Mapping[str, Collection[Any]]) -> None:
        """`ValueError` for a setting away from its default that this kind of run (a field's value) does not use.

        So a kind has one config, not one for each setting that it ignores; all use the fields that `users` leaves out.
        """
        own = getattr(self, kind)
        for name, default in defaults_of(type(self)).items():
            value = getattr(self, name)
            if name in users and own not in users[name] and value != default:
                raise ValueError(f"{kind} {own!r} does not use {name}, which must stay {default}, got {value}")

    @property
    def fingerprint(self) -> str:
        """Sha256 of the data that the run reads."""
        return self.source.fingerprint(self.dataset)

    @property
    def fidelity(self) -> str:
        """How the data relate to the official files."""
        return self.source.fidelity(self.dataset)

    @property
    def protocol(self) -> str:
        """`paper` where the run follows the published protocol, else `reduced`."""
        raise NotImplementedError


@functools.cache
def _kinds(config: type[RunConfig]) -> dict[str, tuple[Any, TypeAdapter]]:
    """The type of each field and what checks it; looked up once, as plans make thousands of configs."""
    hints, whole = get_type_hints(config), get_type_hints(config, include_extras=True)
    strict = ConfigDict(strict=True, allow_inf_nan=False)
    fields = [field.name for field in dataclasses.fields(config)]
    return {name: (hints[name], TypeAdapter(whole[name], config=strict)) for name in fields}


def _refusal(name: str, value: Any, kind: Any, wrong: Mapping[str, Any]) -> Exception:
    """The error for a value that pydantic refuses for this reason."""
    if isinstance(value, float) and not math.isfinite(value):
        return ValueError(f"{name} must be finite, got {value}")
    bound = str(next(iter(wrong.get("ctx", {}).values()), "")).removesuffix(".0")
    wanted = {
        "greater_than": "positive",
        "less_than": f"less than {bound}",
        "literal_error": f"one of {', '.join(map(str, get_args(kind)))}",
    }
    wanted |= {"greater_than_equal": f"at least {bound}", "less_than_equal": f"at most {bound}"}
    if wrong["type"] in wanted:
        return ValueError(f"{name} must be {wanted[wrong['type']]}, got {value!r}")
    return TypeError(f"{name} must be of type {getattr(kind, '__name__', kind)}, got {value!r}")


@functools.cache
def defaults_of(config: type[RunConfig]) -> Mapping[str, Any]:
    """The default of each setting; looked up once, as every record needs it."""
    return {field.name: field.default for field in dataclasses.fields(config)}


def key(config: RunConfig) -> str:
    """Hash of a run, 16 hex digits: its config, its data's fingerprint and its module's revision.

    A field at its default is left out, so that a field added later changes no hash. Defaults therefore never change.
    """
    values = {name: getattr(config, name) for name in defaults_of(type(config))}
    return _hash(type(config), values, revision=config.revision, fingerprint=config.fingerprint)


def recorded_key(record: Mapping[str, Any]) -> str | None:
    """The hash of a record by what it holds; None where no config that is imported has all of its settings."""
    kind = next((kind for kind in RunConfig.__subclasses__() if getattr(kind, "word", None) == record["word"]), None)
    if kind is None or record["config"].keys() - defaults_of(kind).keys():
        return None
    return _hash(kind, record["config"], revision=record.get("revision"), fingerprint=record["fingerprint"])


def _hash(kind: type[RunConfig], values: Mapping[str, Any], *, revision: Any, fingerprint: Any) -> str:
    defaults = defaults_of(kind)
    settings = {name: value for name, value in values.items() if value != defaults.get(name, dataclasses.MISSING)}
    identity = {"word": kind.word, "revision": revision, "fingerprint": fingerprint, "settings": settings}
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def groups(configs: Iterable[Config], *, free: Collection[str], most: int) -> Iterator[list[Config]]:
    """Configs that differ in these fields only, together, at most so many at once."""
    alike: dict[Config, list[Config]] = {}
    for config in configs:
        shared = {name: default for name, default in defaults_of(type(config)).items() if name in free}
        alike.setdefault(dataclasses.replace(config, **shared), []).append(config)
    for together in alike.values():
        yield from (together[start : start + most] for start in range(0, len(together), most))


# From lists of settings to every combination: what the papers' `plan` have in common


def check_lists(lists: Mapping[str, Sequence[Any]]) -> None:
    """Raise `ValueError` for a list that names nothing, or something twice."""
    for name, values in lists.items():
        if not values or len(set(values)) != len(values):
            raise ValueError(f"{name} must name at least one value and none twice, got {list(values)}")


def given_lists(settings: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The settings that are given, each as a list, none twice: None and an empty list leave a setting open."""
    lists = {
        name: list(value) if isinstance(value, list | tuple | range) else [value]
        for name, value in settings.items()
        if value is not None and value != []
    }
    check_lists(lists)
    return lists


def combinations(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the settings, the last one changing fastest."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def used_combinations(
    kinds: Sequence[str], given: Mapping[str, Sequence[Any]], users: Mapping[str, Collection[str]]
) -> dict[str, list[dict[str, Any]]]:
    """Of each kind of run every combination of what it uses, all that `users` lacks; ValueError for what none uses."""
    used = {name: [kind for kind in kinds if kind in users.get(name, kinds)] for name in given}
    if useless := [name for name, own in used.items() if not own]:
        raise ValueError(f"{useless[0]} is used by none of {', '.join(kinds)}, got {list(given[useless[0]])}")
    return {kind: combinations({name: given[name] for name in given if kind in used[name]}) for kind in kinds}
