"""A notebook's parameters: defaults, types, from annotations or else from defaults, and the values that are given.

Pydantic checks values strictly: True is no whole number, and 1.0 is none either; a whole number is taken for a float.
"""

import ast
import contextlib
import dataclasses
import difflib
import functools
import re
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from .documents import read_yaml

Notebook = Any  # an nbformat.NotebookNode; what only plans does without its libraries, which import slowly
MOST_VALUES = 100_000  # of a range
COLLECTIONS, UNIONS = (list, tuple, set), (typing.Union, types.UnionType)
WORDS = {bool: "true or false", int: "a whole number", float: "a finite number", str: "a text", type(None): "None"}


class Defaults(dict[str, Any]):
    """Names and default values; `kinds` has the types of all."""

    def __init__(self, values: dict[str, Any], annotations: dict[str, Any] | None = None) -> None:
        super().__init__(values)
        self.kinds = {name: kind_of(value) for name, value in values.items()} | (annotations or {})


class BadRange(Exception):
    """A range of no values, or of more than anybody means."""


def read_notebook(path: Path) -> Notebook:
    """The notebook at `path` (percent-format text or .ipynb); FileNotFoundError where there is none."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no notebook {path}")
    import jupytext

    try:
        return jupytext.read(path)
    except (ValueError, KeyError, AttributeError, TypeError) as error:  # as a broken one may raise nearly anything
        reason = " ".join(str(error).split())[:100]
        raise ValueError(f"{path} is no whole notebook, .ipynb or text in cells: {reason}") from error


def parameter_defaults(notebook: Notebook) -> Defaults:
    """Names and default values in the cell tagged `parameters`; ValueError for a default that is no plain literal."""
    tagged = (cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    return literals(next(tagged, ""))


def defaults_in(path: Path) -> Defaults:
    """The same of the notebook at a path; of a text only that cell is read, which spares hundreds of others."""
    text = Path(path).read_text(encoding="utf-8") if Path(path).is_file() and Path(path).suffix == ".py" else ""
    cells = re.split(r"^# %%", text, flags=re.MULTILINE)
    parts = (cell.partition("\n") for cell in cells)
    source = next((source for marker, _, source in parts if '"parameters"' in marker), None)
    return parameter_defaults(read_notebook(path)) if source is None else literals(source)


def literals(source: str) -> Defaults:
    """Names and values that a text assigns; ValueError for a value that is no plain literal, and for no Python."""
    values, annotations = {}, {}
    for statement in _statements(source):
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and getattr(statement, "value", None) is not None:
                values[target.id] = _literal(target.id, statement.value)
                with contextlib.suppress(Exception):  # an annotation of the notebook's own: the default has a type too
                    annotations[target.id] = eval(ast.unparse(statement.annotation), vars(typing).copy())
    return Defaults(values, annotations)


def _statements(source: str) -> list[ast.stmt]:
    """The statements of a cell, IPython's magics turned into calls."""
    with contextlib.suppress(SyntaxError):
        return ast.parse(source).body
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(source)).body
    except SyntaxError as error:
        raise ValueError(f"the cell of the parameters is no Python: {error}") from error


def _literal(name: str, value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"the default of {name} must be a plain literal, got {ast.unparse(value)}") from error


def kind_of(default: Any) -> Any:
    """The type of a default: any for None, and for the items of an empty collection."""
    if isinstance(default, dict):
        return dict[_union(default), _union(default.values())]
    if isinstance(default, tuple):
        return tuple[_union(default), ...]
    if isinstance(default, list | set):
        return type(default)[_union(default)]
    return Any if default is None else type(default)


def _union(items: Iterable[Any]) -> Any:
    kinds = [type(None) if item is None else kind_of(item) for item in items]
    return typing.Union[tuple(kinds)] if kinds and set(kinds) != {type(None)} else Any  # noqa: UP007


def default_of(name: str, defaults: dict[str, Any], what: str = "the notebook has no parameter") -> Any:
    """The default of a parameter; ValueError for a name that the notebook lacks, with the nearest that it has."""
    if name in defaults:
        return defaults[name]
    known = {str(own).upper(): own for own in defaults}
    near = difflib.get_close_matches(str(name).upper(), known, n=1)
    hint = f"did you mean {known[near[0]]}?" if near else f"it has {', '.join(defaults) or 'none'}"
    raise ValueError(f"{what} {name}: {hint}")


def field_of(name: str, config: type[Any]) -> str:
    """The setting of that name, or of a list of it: `DATASETS` is `dataset`; ValueError, with the nearest, for none."""
    fields = {field.name.upper(): field.name for field in dataclasses.fields(config)}
    singular = name.upper().removesuffix("S")
    found = singular if name.upper() not in fields and singular in fields else name.upper()
    return default_of(found, fields, f"a run of {config.word} has no setting")


def checked(parameters: dict[str, Any], defaults: Defaults) -> dict[str, Any]:
    """The values, of their parameters' types; ValueError for a name that is unknown or a value of another type."""
    found = {}
    for name, value in parameters.items():
        default = default_of(name, defaults)
        try:
            found[name] = validated(value, defaults.kinds[name])
        except ValidationError as error:
            raise ValueError(_wanted(name, value, default, defaults.kinds[name])) from error
    return found


def validated(value: Any, kind: Any) -> Any:
    """The value, of that type and finite; a list where a tuple or a set is meant, as YAML has neither."""
    for part in typing.get_args(kind) if typing.get_origin(kind) in UNIONS else (kind,):
        if isinstance(value, list) and typing.get_origin(part) in (tuple, set):
            value = typing.get_origin(part)(value)
    return _adapter(kind).validate_python(value)


@functools.cache
def _adapter(kind: Any) -> TypeAdapter:
    return TypeAdapter(kind, config=ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True))


def _wanted(name: str, value: Any, default: Any, kind: Any) -> str:
    return f"{name} must be {words(kind)}, like its default {default!r}, got {value!r}"


def words(kind: Any) -> str:
    """A type as a reader would say it."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin in UNIONS:
        return " or ".join(map(words, parts))
    if origin in COLLECTIONS:
        return f"a {origin.__name__}" + (f", each {words(parts[0])}" if parts[0] is not Any else "")
    return "a mapping" if dict in (origin, kind) else WORDS.get(kind, "a value" if kind is Any else str(kind))


def parse_choices(text: str, defaults: Defaults) -> tuple[str, list[Any]]:
    """Name and values of NAME=A,B, each a value of the parameter, or of an item where it is a list."""
    return _parsed(text, defaults, lambda kind: kind if typing.get_origin(kind) in COLLECTIONS else list[kind])


def parse_settings(settings: Iterable[str], defaults: Defaults) -> dict[str, Any]:
    """The values of NAME=VALUE texts, `SEEDS=1..5`, `DATASETS=mnist,digits`; ValueError for a name given twice."""
    values: dict[str, Any] = {}
    for text in settings:
        name, value = _parsed(text, defaults, lambda kind: kind)
        if name in values:
            raise ValueError(f"{name} is set twice, to {values[name]!r} and to {value!r}")
        values[name] = value
    return values


def _parsed(text: str, defaults: Defaults, form: Any) -> tuple[str, Any]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise ValueError(f"a parameter is written NAME=VALUE, got {text!r}")
    default = default_of(name, defaults)
    kind = form(defaults.kinds[name])
    try:
        return name, _value(value, kind)
    except BadRange as error:
        raise ValueError(f"{name}: {error}") from error
    except ValueError as error:
        raise ValueError(_wanted(name, value, default, kind)) from error


def _value(text: str, kind: Any) -> Any:
    """What a text stands for: a value as YAML reads it, a list with commas and ranges or of texts, or the text."""
    for read in (read_yaml, _items, lambda text: [word.strip() for word in text.split(",")]) if kind is not str else ():
        with contextlib.suppress(ValueError):
            return validated(read(text), kind)
    return validated(text, kind)


def _items(text: str) -> list[Any]:
    return [item for word in text.split(",") if word.strip() for item in _spanned(word.strip())]


def _spanned(word: str) -> Iterable[Any]:
    span = re.fullmatch(r"(-?\d+)\.\.(-?\d+)", word)
    if not span:
        return [read_yaml(word)]
    first, last = map(int, span.groups())
    if last < first:
        raise BadRange(f"the range {word} is empty")
    if last - first >= MOST_VALUES:
        raise BadRange(f"a range has at most {MOST_VALUES:,} values, and {word} has {last - first + 1:,}")
    return range(first, last + 1)
