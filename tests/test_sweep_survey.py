import dataclasses
from types import ModuleType, SimpleNamespace

import pytest
from rich.console import Console
from toy import Toy, result

from spareparts import experts, records, table
from spareparts.sweep import command
from spareparts.sweep import survey as module
from spareparts.sweep.cluster import predecessors
from spareparts.sweep.grid import Cell, with_pages
from spareparts.sweep.progress import runs_table, settings_words, spans
from spareparts.sweep.survey import PlannedRun, cost, distinct, estimator, grouped, is_done, planned, survey

NOTEBOOK = """\
# %% tags=["parameters"]
SEEDS = [1]
"""


def toy_plan(*, seeds, rates=(0.5,), **settings):
    return [Toy(seed=seed, rate=rate, **settings) for seed in seeds for rate in rates]


@pytest.fixture
def toy(monkeypatch):
    paper = ModuleType("toy_paper")
    paper.plan, paper.Config = toy_plan, Toy
    for place in (module, command):
        monkeypatch.setattr(place, "paper_module", lambda word: paper if word == "toy" else None)
    return paper


def cell(tmp_path, name="cell", word="toy", **parameters):
    output = tmp_path / f"{name}.ipynb"
    return Cell(notebook=tmp_path / f"{word}.py", parameters={"MISSING": "run"} | parameters, varied={}, output=output)


def run(seed=1, *, recorded=False, seconds=2.0, **config):
    return PlannedRun(word="toy", key=str(seed), config={"seed": seed} | config, recorded=recorded, seconds=seconds)


def test_parameters_reach_plan_under_their_names_in_lower_case_and_what_it_refuses_is_refused(toy):
    asked = {"SEEDS": [1, 2], "RATES": [0.1], "SAMPLES": 5, "DEMO_STEPS": 3}
    assert planned(toy, asked) == toy_plan(seeds=[1, 2], rates=[0.1], samples=5)
    with pytest.raises(ValueError, match=r"toy: .*seeds"):
        planned(toy, {})
    with pytest.raises(ValueError, match="datasets must name at least one value and none twice"):
        planned(experts, {"DATASETS": ["mnist", "mnist"], "SEEDS": [1]})


def test_a_module_of_no_paper_has_no_plan():
    for word in ("stats", "sweep", "ledger", "no word"):
        assert module.paper_module(word) is None
    assert module.paper_module("experts") is experts


def test_a_cell_is_done_when_its_runs_have_records_and_the_page_that_is_asked_for_is_there(toy, tmp_path):
    one = cell(tmp_path, SEEDS=[1, 2])
    (page,) = with_pages([one])
    for seed in (1, 2):
        assert not is_done(one, survey([one]))
        records.save(Toy(seed=seed), result())
    assert is_done(one, survey([one])) and not is_done(page, survey([page]))
    page.output.parent.mkdir()
    page.output.touch()
    assert is_done(page, survey([page]))
    one = cell(tmp_path, word="other")
    assert survey([one]) == {} and not is_done(one, {})
    one.output.touch()
    assert is_done(one, {})


def test_cells_that_need_the_same_missing_run_wait_for_one_another(toy, tmp_path):
    cells = [cell(tmp_path, str(place), SEEDS=seeds) for place, seeds in enumerate([[1, 2], [3], [2, 3], [1, 4]])]
    assert predecessors(cells, survey(cells)) == [[], [], [0, 1], [0]]
    assert [run.config["seed"] for run in distinct(survey(cells))] == [1, 2, 3, 4]
    records.save(Toy(seed=2), result())
    assert predecessors(cells, survey(cells)) == [[], [], [1], [0]]


RECORDED = [
    ({"dataset": "mnist", "arm": "baseline", "samples": None, "steps": 100, "seed": 1}, 10.0),
    ({"dataset": "mnist", "arm": "baseline", "samples": None, "steps": 100, "seed": 2}, 20.0),
    ({"dataset": "cifar10", "arm": "baseline", "samples": None, "steps": 100, "seed": 1}, 30.0),
    ({"dataset": "cifar10", "arm": "snnl", "samples": None, "steps": 200, "seed": 1}, 80.0),
]


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({"dataset": "mnist", "arm": "baseline", "steps": 100}, 15),
        ({"dataset": "mnist", "arm": "baseline", "steps": 1000}, 150),
        ({"dataset": "cifar10", "arm": "snnl", "steps": 200}, 80),
        ({"dataset": "cifar10", "arm": "snnl", "steps": 50}, 20),
    ],
)
def test_a_run_costs_the_median_of_the_nearest_recorded_ones_scaled_by_its_steps(settings, seconds):
    assert estimator(RECORDED, defaults={})(settings | {"samples": None, "seed": 9}) == pytest.approx(seconds)


def test_seconds_are_not_scaled_where_a_length_is_open_and_without_records_the_cost_is_unknown():
    recorded = [({"epochs": None, "network": "a"}, 4.0), ({"epochs": 10, "network": "b", "augment": False}, 6.0)]
    estimate = estimator(recorded, defaults={"network": "a", "augment": True})
    assert estimate({"epochs": None, "network": "a", "augment": True}) == 4
    assert estimate({"epochs": 5, "network": "a", "augment": True}) == 4
    assert estimate({"epochs": 5, "network": "b", "augment": False}) == 3
    assert estimate({"epochs": None, "network": "b", "augment": False}) == 6
    assert estimate({"epochs": 10, "network": "a", "augment": False}) == 6
    assert estimator([], defaults={})({"steps": 1}) is None
    assert cost([run(1, seconds=None), run(2)]) is None
    assert cost([run(1, recorded=True), run(2, recorded=True)]) == 0
    assert cost([run(1, recorded=True), run(2), run(3)]) == 4


def test_a_line_names_what_is_not_at_its_default_joins_seeds_and_the_table_stays_short(toy, tmp_path):
    runs = [run(seed, arm=arm, steps=5) for arm in ("a", "b") for seed in (1, 2, 3)]
    assert [settings for settings, _ in grouped(runs)] == [{"arm": "a"}, {"arm": "b"}]
    assert runs_table(runs).row_count == 3  # with the total
    runs = [run(1, dataset=str(number % 10), rate=number) for number in range(100)]
    assert [settings for settings, _ in grouped(runs)] == [{"dataset": str(number)} for number in range(10)]
    settings = {"experiment": "journey", "network": "mlp", "schedule": "cosine", "strength": 0.0, "period": None}
    assert settings_words(settings, usual={"experiment", "network"}) == "journey, cosine, strength 0.0, period None"
    assert settings_words({}) == ""
    default, other = distinct(survey([cell(tmp_path, SEEDS=[1], RATES=[Toy.rate, Toy.rate + 1])]))
    assert default.usual - other.usual == {"rate"}
    assert spans([5, 1, 2, 3, 9, 8]) == "1..3,5,8..9"


def said(monkeypatch, runs, *, terminal=False, answer="", **asked):
    console = Console(record=True, width=200)
    monkeypatch.setattr(command.sys, "stdin", SimpleNamespace(isatty=lambda: terminal))
    monkeypatch.setattr(console, "input", lambda question: answer)
    return command.announce(runs, console, **asked), console.export_text().strip()


def test_before_a_sweep_it_is_told_what_it_makes_and_how_long_that_takes(monkeypatch):
    runs = [run(1, recorded=True), run(2), run(3)]
    told = "2 of 3 runs have no record: made one after another they take about 4.0 s."
    assert said(monkeypatch, runs) == (True, told)
    assert said(monkeypatch, runs[:1]) == (True, "")
    go_on, told = said(monkeypatch, [run(1, seconds=None)])
    assert go_on and "nobody knows how long, as no record is like them" in told


@pytest.mark.parametrize(("answer", "goes_on"), [("y", True), ("Yes", True), ("n", False), ("", False)])
def test_from_an_hour_on_somebody_at_a_terminal_is_asked(monkeypatch, answer, goes_on):
    long = [run(1, seconds=3600.0)]
    assert said(monkeypatch, long, terminal=True, answer=answer, yes=False)[0] == goes_on
    assert said(monkeypatch, long, terminal=True, answer=answer, yes=True)[0]
    assert said(monkeypatch, long, terminal=False, answer=answer, yes=False)[0]
    assert said(monkeypatch, [run(1, seconds=3599.0)], terminal=True, answer=answer, yes=False)[0]


def test_a_run_of_one_notebook_is_planned_before_its_kernel_starts(toy, tmp_path):
    path, console = tmp_path / "toy.py", Console(record=True, width=200)
    path.write_text(NOTEBOOK.replace("SEEDS = [1]", 'SEEDS = [1]\nRATES = [0.5]\nMISSING = "list"'))
    assert command.check_run(path, {}, console, yes=True) and not console.export_text()
    assert command.check_run(path, {"MISSING": "run", "SEEDS": [1, 2]}, console, yes=True)
    assert console.export_text().startswith("2 of 2 runs have no record")
    with pytest.raises(ValueError, match=f"seed must be at most .*, got {2**64}"):
        command.check_run(path, {"SEEDS": [2**64]}, console, yes=True)


def test_the_last_line_of_a_sweep_is_the_command_that_shows_its_runs(toy, tmp_path):
    given = [{"SEEDS": [seed], "RATES": [0.1]} for seed in (1, 2, 3)]
    cells = [dataclasses.replace(cell(tmp_path, str(own["SEEDS"]), **own), given=own) for own in given]
    found = survey(cells)
    assert command.table_command(cells, found) == "python -m spareparts table toy --where SEEDS=1..3 --where RATES=0.1"
    assert command.table_command(cells, {}) == ""
    for seed in (1, 2, 3):
        records.save(Toy(seed=seed, rate=0.1), result())
    words = command.table_command(cells, found).split()
    assert len(table.select(Toy, words[words.index("--where") + 1 :: 2])) == 3
