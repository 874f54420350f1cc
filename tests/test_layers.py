"""Imports point up the list of layers only, and what draws and counts needs no torch."""

import json
import os
import re
import subprocess
import sys
import tomllib
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
    "runs": {"data", "engine", "records"},
    "drawn": set(),
    "style": {"drawn", "records", "stats"},
    "plots": {"records", "stats", "style"},
    "documents": set(),
    "processor": set(),
    "claims": {"documents", "records", "stats"},
    "results": {"records", "stats", "style"},
} | {paper: {"engine", "models", "data", "checks", "records", "runs", "stats"} for paper in PAPERS}
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


def test_a_module_imports_only_from_the_layers_above_it():
    """At whatever depth and in whatever form it imports them."""
    words = [Path(sys.executable).with_name("ruff"), "analyze", "graph", PACKAGE.name]
    done = subprocess.run(words, cwd=LIBRARY, capture_output=True, text=True, check=True)
    graph = {
        path: {part_of(other) for other in others} - {part_of(path), "__init__", "lazily", "whole"}
        for path, others in json.loads(done.stdout).items()
    }
    assert graph.keys() == {str(path.relative_to(LIBRARY)) for path in PACKAGE.rglob("*.py")}
    assert "engine" in graph["spareparts/redundancy/training.py"]
    for path, imported in graph.items():
        assert imported <= ALLOWED.get(part_of(path), imported), path


def part_of(path: str) -> str:
    """The module of the package that a file is, or belongs to."""
    return Path(path).parts[1].removesuffix(".py")


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
import spareparts.__main__ as commands

commands.list_data()
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
