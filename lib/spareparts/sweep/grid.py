"""The cells of a sweep, a notebook each, from options or from a file; `book/sweeps.md` says what stands in that."""

import dataclasses
import functools
import hashlib
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..documents import read_yaml
from ..parameters import COLLECTIONS, Defaults, checked, default_of, defaults_in, parse_choices, parse_settings

Values = dict[str, Any]
MOST_CELLS = 20_000  # of a block
PARTS = ("notebook", "name", "parameters", "grid", "zip", "exclude", "override")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One notebook to execute: its parameters, those that vary, and where the executed notebook goes."""

    notebook: Path
    parameters: Values  #: every one, defaults included
    given: Values = dataclasses.field(default_factory=dict)  #: those that are not left to the notebook
    varied: Values
    output: Path
    pages: bool = False  #: whether the chapter is executed too, or only what makes its runs

    @property
    def name(self) -> str:
        """What tells the cell from others of its sweep: `DATASETS=mnist SEEDS=1`."""
        return " ".join(f"{name}={_short(value)}" for name, value in self.varied.items()) or self.notebook.stem


class Source(NamedTuple):
    """A notebook that is swept, read once however many cells it has."""

    notebook: Path
    text: str  #: as JSON
    defaults: Defaults

    @classmethod
    def read(cls, notebook: Path) -> "Source":
        """The notebook at a path; FileNotFoundError where there is none."""
        defaults = defaults_in(notebook)
        return cls(notebook.resolve(), text=json.dumps(notebook.read_text(encoding="utf-8")), defaults=defaults)


def from_options(notebook: Path, grid: Iterable[str] = (), settings: Iterable[str] = ()) -> list[Cell]:
    """One cell for every combination of `grid` (NAME=a,b), `settings` (NAME=VALUE) in each; ValueError for bad ones."""
    source = Source.read(Path(notebook))
    axes: Values = {}
    for text in grid:
        name, values = parse_choices(text, source.defaults)
        if name in axes:
            raise ValueError(f"{name} stands in two grids; write its values in one, with commas")
        axes[name] = values
    fixed = parse_settings(settings, source.defaults)
    return _distinct(_cells(source, {"grid": axes}, fixed, set()))


def from_file(path: Path, settings: Sequence[str] = ()) -> list[Cell]:
    """The cells of a sweep file, `settings` (NAME=VALUE) in each; ValueError says what in the file is wrong."""
    path, read = Path(path), functools.cache(Source.read)
    if not path.is_file():
        raise FileNotFoundError(f"there is no sweep file {path}")
    cells, entries, met = [], [], set()
    try:
        for block in _blocks(read_yaml(path.read_text(encoding="utf-8"))):
            notebook = block.get("notebook", f"../{path.stem}.py")
            if not isinstance(notebook, str):
                raise ValueError(f"notebook must be a path, got {notebook!r}")
            source = read(path.parent / notebook)
            cells += _cells(source, block, parse_settings(settings, source.defaults), met)
            entries += [*_list(block, "exclude"), *_list(block, "override")]
        if idle := [entry for entry in entries if repr(entry) not in met]:
            raise ValueError(f"what is excluded or overridden must be in some notebook, got {idle[0]}")
        return _distinct(cells)
    except ValueError as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from error


def with_pages(cells: Iterable[Cell]) -> list[Cell]:
    """The same cells with their chapters executed to the end, into files of their own."""
    return [
        dataclasses.replace(cell, pages=True, output=cell.output.parent / "pages" / cell.output.name) for cell in cells
    ]


def _blocks(document: Any) -> Iterator[Values]:
    """Each block with what holds for all of them."""
    if not isinstance(document, dict):
        raise ValueError(f"a sweep file must be a mapping with the parts {', '.join(PARTS)} or blocks")
    common = {part: value for part, value in document.items() if part != "blocks"}
    for block in _list(document, "blocks") or [{}]:
        for part in [*common, *block]:
            if part not in PARTS:
                raise ValueError(f"unknown part {part!r}; there are {', '.join(PARTS)} and blocks")
        both = {part: _mapping(common, part) | _mapping(block, part) for part in ("parameters", "grid")}
        both |= {part: _list(common, part) + _list(block, part) for part in ("zip", "exclude", "override")}
        yield common | block | both


def _cells(source: Source, block: Values, settings: Values, met: set[str]) -> list[Cell]:
    """The cells of one block, every value checked against the notebook's defaults; `met` gets what applied."""
    defaults, fixed = source.defaults, _mapping(block, "parameters") | settings
    axes = _axes(block, defaults, fixed)
    count = math.prod(map(len, axes))
    if count > MOST_CELLS:
        raise ValueError(
            f"a sweep has at most {MOST_CELLS:,} notebooks, and this grid makes {count:,}: give some of its values "
            "together to one notebook, with --set or as a list in a list"
        )
    excluded = [(repr(entry), _matcher(entry, defaults)) for entry in _list(block, "exclude")]
    overrides = [(repr(entry), *_override(entry, defaults)) for entry in _list(block, "override")]
    makes, cells = {"MISSING": "run"} if "MISSING" in defaults else {}, []
    for parts in itertools.product(*axes):
        varied = {name: part[name] for part in parts for name in part}
        given = makes | fixed | varied
        for entry, where, changes in overrides:
            if _matches(defaults | given, where):
                given |= changes
                met.add(entry)
        given = checked(given, defaults)
        left_out = [entry for entry, where in excluded if _matches(defaults | given, where)]
        met.update(left_out)
        cells += [] if left_out else [_cell(source, given, list(varied))]
    if not cells:
        raise ValueError("the exclusions leave no cell")
    return cells


def _axes(block: Values, defaults: Defaults, fixed: Values) -> list[list[Values]]:
    """Each axis of the grid: the choices that it offers, each a mapping of names and values."""
    grid = {name: _choices(name, values, defaults) for name, values in _mapping(block, "grid").items()}
    axes = [[{name: value} for value in values] for name, values in grid.items()]
    for group in _list(block, "zip"):
        lists = {name: _choices(name, values, defaults, repeated=True) for name, values in group.items()}
        if len({len(values) for values in lists.values()}) != 1:
            lengths = ", ".join(f"{name} {len(values)}" for name, values in lists.items())
            raise ValueError(f"lists that are zipped must be equally long, got {lengths}")
        axes.append([dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)])
    names = Counter([*fixed, *(name for axis in axes for name in axis[0])])
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"{twice[0]} is given twice: a parameter is fixed, in the grid or zipped")
    return axes


def _choices(name: str, values: Any, defaults: Defaults, *, repeated: bool = False) -> list[Any]:
    """The values of one parameter, one a cell, of the parameter's own type."""
    if isinstance(values, str):
        values = parse_choices(f"{name}={values}", defaults)[1]
    is_list = isinstance(default_of(name, defaults), COLLECTIONS)
    choices = values if isinstance(values, COLLECTIONS) else [values]
    choices = [[choice] if is_list and not isinstance(choice, COLLECTIONS) else choice for choice in choices]
    choices = [checked({name: choice}, defaults)[name] for choice in choices]
    if not choices or not (repeated or len(set(map(repr, choices))) == len(choices)):
        raise ValueError(f"{name} must offer at least one value and none twice, got {values}")
    return choices


def _matcher(entry: Any, defaults: Defaults) -> Values:
    if not isinstance(entry, dict) or not entry:
        raise ValueError(f"what is excluded or overridden is a mapping of names and values, got {entry!r}")
    return {name: _choices(name, values, defaults) for name, values in entry.items()}


def _override(entry: Any, defaults: Defaults) -> tuple[Values, Values]:
    if not isinstance(entry, dict) or set(entry) != {"where", "parameters"}:
        raise ValueError(f"an override has the parts where and parameters, got {entry!r}")
    changes = checked(_mapping(entry, "parameters"), defaults)
    return _matcher(entry["where"], defaults), changes


def _matches(parameters: Values, where: Values) -> bool:
    return all(parameters.get(name) in choices for name, choices in where.items())


def _cell(source: Source, given: Values, names: Sequence[str]) -> Cell:
    notebook, parameters, varied = source.notebook, source.defaults | given, {name: given[name] for name in names}
    ordered = json.dumps(parameters, sort_keys=True, default=lambda values: sorted(values, key=repr))  # of a set
    digest = hashlib.sha256(f"[{source.text}, {ordered}]".encode()).hexdigest()[:8]
    text = "-".join(f"{name}={_short(value)}" for name, value in varied.items())
    file = f"{re.sub(r'[^A-Za-z0-9_=.,-]', '_', text)[:80]}-{digest}.ipynb"
    output = Path("_build", "sweeps", notebook.stem, file.lstrip("-")).resolve()
    return Cell(notebook=notebook, parameters=parameters, given=given, varied=varied, output=output)


def _distinct(cells: list[Cell]) -> list[Cell]:
    seen: set[Path] = set()
    for cell in cells:
        if cell.output in seen:
            raise ValueError(f"two cells have the same parameters: {cell.name}")
        seen.add(cell.output)
    return cells


def _mapping(block: Values, part: str) -> Values:
    found = block.get(part) or {}
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise ValueError(f"{part} must be a mapping of names and values, got {found!r}")
    return found


def _list(block: Values, part: str) -> list[Any]:
    found = block.get(part) or []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise ValueError(f"{part} must be a list of mappings, got {found!r}")
    return found


def _short(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, COLLECTIONS) else str(value)
