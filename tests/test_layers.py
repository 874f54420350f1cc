"""Imports point up the list of layers only, and what draws and counts needs no torch."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.util import resolve_name
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parents[1] / "lib"
PACKAGE = LIBRARY / "spareparts"
PAPERS = ("experts", "distancing", "fixed_classifiers", "class_rates", "redundancy")

# What each module may import from the package; the modules that are not named stand on top and may import everything.
ALLOWED: dict[str, set[str]] = {
    "__init__": set(),
    "records": set(),
    "stats": set(),
    "checks": set(),
    "data": {"checks"},
    "models": {"checks"},
    "engine": {"checks", "data", "processor"},
    "drawn": set(),
    "style": {"drawn", "records", "stats"},
    "plots": {"records", "stats", "style"},
    "documents": set(),
    "processor": set(),
    "claims": {"documents", "records", "stats"},
    "results": {"records", "stats", "style"},
} | {paper: {"engine", "models", "data", "checks", "records", "stats"} for paper in PAPERS}
ALLOWED["cross_examination"] = {*PAPERS, *ALLOWED["experts"]}


# SciPy looks torch up in sys.modules, so an entry of None there would break SciPy itself: refuse to find it instead.
WITHOUT_TORCH = """
import sys

class NoTorch:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoTorch)
"""


def imported(source: str, path: Path) -> set[str]:
    """The modules of the package that a file imports, at whatever depth and in whatever form."""
    package, own, names = ".".join(path.relative_to(LIBRARY).parent.parts), path.relative_to(PACKAGE).parts[0], set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = resolve_name("." * node.level + (node.module or ""), package)
            names |= {f"{start}.{alias.name}" for alias in node.names}
    parts = {name.split(".")[1] for name in names if name.startswith("spareparts.")}
    found = {part for part in parts if (PACKAGE / part).is_dir() or (PACKAGE / f"{part}.py").is_file()}
    return found - {own.removesuffix(".py"), "lazily", "whole"}  # which import nothing


def test_a_module_imports_only_from_the_layers_above_it():
    for path in PACKAGE.rglob("*.py"):
        allowed = ALLOWED.get(path.relative_to(PACKAGE).parts[0].removesuffix(".py"))
        assert allowed is None or imported(path.read_text(encoding="utf-8"), path) <= allowed, path


@pytest.mark.parametrize(
    "line",
    [
        "import spareparts.engine",
        "import spareparts.engine.loop as loop",
        "from spareparts import engine",
        "from .. import engine",
        "from ..engine.loop import fit",
        "def later():\n    from ..engine import fit",
    ],
)
def test_no_form_of_import_escapes_the_reader(line):
    source = f"import numpy\nfrom .estimates import bootstrap_interval\n{line}\n"
    assert imported(source, PACKAGE / "stats" / "paired.py") == {"engine"}


def test_every_package_that_is_installed_is_pinned_with_the_hashes_of_its_files():
    root = LIBRARY.parent
    lock = (root / "requirements.lock").read_text()
    locked = {pin for pin in re.findall(r"^(\S+==\S+).*\n    --hash=sha256:[0-9a-f]{64}", lock, re.M)}
    assert len(locked) == len(re.findall(r"^\w", lock, re.M))
    asked = re.findall(r"^\w.*==\S+", (root / "requirements.txt").read_text(), re.M)
    build = tomllib.loads((root / "pyproject.toml").read_text())["build-system"]["requires"]
    assert {pin.lower() for pin in [*asked, *build]} <= locked


def without_torch(program):
    """How a program ends, and what it says, where torch cannot be imported."""
    environment = os.environ | {"PYTHONPATH": str(LIBRARY)}
    words = [sys.executable, "-c", WITHOUT_TORCH + program]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    return done.returncode, done.stderr


PLANNED = f"""
import sys
import spareparts.sweep.command as command
from spareparts.execute import ROOT

for paper in {(*PAPERS, "cross_examination")}:
    assert command.survey(command.from_file(ROOT / "notebooks" / "sweeps" / (paper + ".yaml"))), paper
assert "pandas" not in sys.modules
"""
LISTED = """
import sys
import spareparts.__main__ as commands

commands.list_data()
assert "sklearn" not in sys.modules
"""
IMPORTED = """
import importlib

for name in ("records", "stats", "drawn", "style", "plots", "plots.interactive", "claims", "results"):
    part = importlib.import_module("spareparts." + name)
    for held in getattr(part, "__all__", ()):
        getattr(part, held)
"""


@pytest.mark.parametrize("program", [PLANNED, LISTED, IMPORTED], ids=["plans", "data", "records and pages"])
def test_planning_listing_and_drawing_do_without_torch(program, tmp_path, monkeypatch):
    monkeypatch.setenv("SPAREPARTS_DATA", str(tmp_path) if program is LISTED else os.environ.get("SPAREPARTS_DATA", ""))
    assert without_torch(program) == (0, "")
    assert "No module named 'torch'" in without_torch("import torch.nn")[1]


def test_a_part_named_like_what_it_holds_does_not_take_its_place():
    program = """
import spareparts.class_rates.run
from spareparts import class_rates

assert callable(class_rates.run) and class_rates.run.__module__ == "spareparts.class_rates.run"
assert set(class_rates.__all__) <= set(dir(class_rates))
for name in class_rates.__all__:
    getattr(class_rates, name)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
