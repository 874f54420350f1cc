import itertools
from pathlib import Path

import pytest
import yaml

from spareparts.sweep.grid import from_file, from_options
from spareparts.sweep.survey import parse_duration, show_duration

NOTEBOOK = """\
# %% tags=["parameters"]
DATASETS = ["mnist"]
SEEDS = [1]
STEPS = 10
RATE = 0.1
MISSING = "list"
# %%
print(STEPS)
"""


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweeps").mkdir()
    path = tmp_path / "tiny.py"
    path.write_text(NOTEBOOK)
    return path


def parameters(document, notebook):
    path = notebook.parent / "sweeps" / "tiny.yaml"
    path.write_text(yaml.safe_dump(document))
    return [cell.parameters for cell in from_file(path)]


def test_a_grid_has_one_cell_for_every_combination_and_each_an_output_of_its_own(notebook):
    cells = from_options(notebook, ["DATASETS=mnist,fashion_mnist", "SEEDS=1..5"])
    combinations = itertools.product(["mnist", "fashion_mnist"], range(1, 6))
    assert [(cell.parameters["DATASETS"], cell.parameters["SEEDS"]) for cell in cells] == [
        ([dataset], [seed]) for dataset, seed in combinations
    ]
    assert len({cell.output for cell in cells}) == 10
    assert cells[0].name == "DATASETS=mnist SEEDS=1"
    before = from_options(notebook, ["SEEDS=1"])[0].output
    assert before == from_options(notebook, ["SEEDS=1"])[0].output
    assert before != from_options(notebook, ["SEEDS=1"], ["STEPS=11"])[0].output
    notebook.write_text(NOTEBOOK.replace("print(STEPS)", "print(-STEPS)"))
    assert before != from_options(notebook, ["SEEDS=1"])[0].output


def test_what_is_set_keeps_its_list_a_grid_of_no_list_has_single_values_and_what_is_missing_is_made(notebook):
    cells = from_options(notebook, ["STEPS=5,10", "RATE=1e-3"], ["SEEDS=1..5"])
    found = [[cell.parameters[name] for name in ("SEEDS", "STEPS", "RATE", "MISSING")] for cell in cells]
    assert found == [[[1, 2, 3, 4, 5], 5, 0.001, "run"], [[1, 2, 3, 4, 5], 10, 0.001, "run"]]
    assert from_options(notebook, settings=["MISSING=list"])[0].parameters["MISSING"] == "list"
    assert from_options(notebook, ["STEPS=5"])[0].given == {"STEPS": 5, "MISSING": "run"}


def test_excluded_cells_are_left_out_and_others_that_match_get_other_values(notebook):
    grid = {"DATASETS": ["mnist", "digits"], "SEEDS": "1..4"}
    cells = parameters({"grid": grid, "exclude": [{"DATASETS": "digits", "SEEDS": "2..4"}]}, notebook)
    found = [(cell["DATASETS"][0], cell["SEEDS"][0]) for cell in cells]
    assert found == [("mnist", 1), ("mnist", 2), ("mnist", 3), ("mnist", 4), ("digits", 1)]
    override = [{"where": {"DATASETS": "digits"}, "parameters": {"STEPS": 99}}]
    document = {"parameters": {"STEPS": 7}, "grid": {"DATASETS": ["mnist", "digits"]}, "override": override}
    assert [cell["STEPS"] for cell in parameters(document, notebook)] == [7, 99]
    override = [{"where": {"SEEDS": 1}, "parameters": {"STEPS": 2}}]
    document = {"grid": {"DATASETS": "digits"}, "override": override}
    assert [cell["STEPS"] for cell in parameters(document, notebook)] == [2]
    document = {"grid": {"DATASETS": "mnist,digits"}, "exclude": [{"RATE": 0.1, "DATASETS": "mnist"}]}
    assert [cell["DATASETS"] for cell in parameters(document, notebook)] == [["digits"]]


@pytest.mark.parametrize(
    ("document", "cells"),
    [
        (  # zipped lists go along together
            {"grid": {"SEEDS": "1..2"}, "zip": [{"STEPS": [5, 10], "RATE": [0.1, 0.2]}]},
            [([1], 5, 0.1), ([1], 10, 0.2), ([2], 5, 0.1), ([2], 10, 0.2)],
        ),
        ({"grid": {"SEEDS": [[1, 2], 5]}}, [([1, 2], 10, 0.1), ([5], 10, 0.1)]),  # a list in a list is one cell
        (  # blocks share what stands beside them
            {"parameters": {"STEPS": 3}, "blocks": [{"grid": {"SEEDS": "1..2"}}, {"parameters": {"SEEDS": [7, 8]}}]},
            [([1], 3, 0.1), ([2], 3, 0.1), ([7, 8], 3, 0.1)],
        ),
        (  # their grids and exclusions too
            {"grid": {"STEPS": [3, 4]}, "exclude": [{"SEEDS": 2, "STEPS": 4}], "blocks": [{"grid": {"SEEDS": "1..2"}}]},
            [([1], 3, 0.1), ([2], 3, 0.1), ([1], 4, 0.1)],
        ),
    ],
)
def test_a_file_stands_for_its_cells(notebook, document, cells):
    found = parameters(document, notebook)
    assert [(cell["SEEDS"], cell["STEPS"], cell["RATE"]) for cell in found] == cells


@pytest.mark.parametrize(
    ("grid", "settings", "complaint"),
    [
        (["SEED=1..5"], [], r"no parameter SEED: did you mean SEEDS\?"),
        (["SEEDS=1,1"], [], "SEEDS must offer at least one value and none twice"),
        (["SEEDS=1..1000", "STEPS=1..1000"], [], "at most 20,000 notebooks, and this grid makes 1,000,000"),
        (["SEEDS=1", "SEEDS=2"], [], "SEEDS stands in two grids"),
        (["SEEDS=1"], ["SEEDS=2"], "SEEDS is given twice"),
        ([], ["STEPS=many"], "STEPS must be a whole number"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(notebook, grid, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        from_options(notebook, grid, settings)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (["SEEDS"], "must be a mapping"),
        ({"grids": {"SEEDS": [1]}}, "unknown part 'grids'"),
        ({"grid": {3: [1]}}, r"grid must be a mapping of names and values, got \{3: \[1\]\}"),
        ({"notebook": 5}, "notebook must be a path, got 5"),
        ({"grid": [1]}, "grid must be a mapping"),
        ({"grid": {"SEEDS": []}}, "at least one value"),
        ({"zip": [{"SEEDS": [1, 2], "STEPS": [1]}]}, "equally long, got SEEDS 2, STEPS 1"),
        ({"zip": {"SEEDS": [1, 2]}}, "zip must be a list of mappings"),
        ({"parameters": {"SEEDS": [1]}, "grid": {"SEEDS": [1]}}, "SEEDS is given twice"),
        ({"blocks": [{"grid": {"SEEDS": "1..2"}}, {"grid": {"SEEDS": "2..3"}}]}, "two cells have the same parameters"),
        ({"grid": {"SEEDS": [1]}, "exclude": [{"SEEDS": 1}]}, "leave no cell"),
        ({"grid": {"SEEDS": [1]}, "override": [{"where": {"SEEDS": 1}}]}, "where and parameters"),
        ({"grid": {"SEEDS": [1]}, "exclude": [{"SEEDS": 3}]}, r"must be in some notebook, got \{'SEEDS': 3\}"),
        ({"override": [{"where": {"SED": 2}, "parameters": {"STEPS": 2}}]}, r"did you mean SEEDS\?"),
    ],
)
def test_a_sweep_file_that_cannot_be_is_refused_by_name(notebook, document, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        parameters(document, notebook)
    assert "tiny.yaml" in str(caught.value) and "\n" not in str(caught.value)


def test_missing_files_are_named(notebook):
    with pytest.raises(FileNotFoundError, match=r"no sweep file nowhere\.yaml"):
        from_file(Path("nowhere.yaml"))
    with pytest.raises(FileNotFoundError, match=r"no notebook .*nowhere\.py"):
        parameters({"notebook": "nowhere.py"}, notebook)


def test_a_duration_is_its_number_times_its_unit_and_rounded_for_reading():
    assert [parse_duration(text) for text in ("90", "90s", "1.5m", "2h", "1d")] == [90, 90, 90, 7200, 86400]
    for text in ("", "m", "-1m", "0", "1 year"):
        with pytest.raises(ValueError, match="a duration is written like"):
            parse_duration(text)
    shown = {None: "unknown", 0.25: "0.2 s", 45: "45 s", 600: "10 min", 9000: "2.5 h"}
    assert {seconds: show_duration(seconds) for seconds in shown} == shown
