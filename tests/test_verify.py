"""Runs made again against their records, and the committed records: small, complete, each under its own hash."""

import dataclasses
import importlib
import json
import re

import pandas as pd
import pytest

from spareparts import experts, records, verify
from spareparts.records import key, store

CONFIG = experts.Config(dataset="digits", seed=3, steps=2, hidden_units=4)  # seed 1 would have UMAP compiled


@pytest.fixture
def recorded(records_folder, tmp_path, monkeypatch):
    """The record of one tiny run, the only one there is."""
    monkeypatch.setattr(store, "COMMITTED", tmp_path / "committed")
    ((config, result),) = experts.run([CONFIG], progress=False)
    return records.save(config, result)


def change(path, **parts):
    path.write_text(json.dumps(json.loads(path.read_text()) | parts))


def audit(budget=60.0):
    rows = records.frame("experts").to_dict("records")
    return list(verify.verify(rows, budget=budget))


def test_a_run_made_again_here_is_equal_to_the_last_bit(recorded, tmp_path):
    weights = records.weights_path(CONFIG).stat().st_mtime_ns
    (check,) = audit()
    assert (check.outcome, check.criterion, check.note) == ("agrees", "last bit", "")
    metrics = json.loads(recorded.read_text())["metrics"]
    assert check.metrics == len(metrics) > 10 and verify.repeatable(metrics | {"training_seconds": 1.0}) == metrics
    assert check.settings == {"dataset": "digits", "seed": 3, "steps": 2, "hidden_units": 4}
    assert records.weights_path(CONFIG).stat().st_mtime_ns == weights  # the user's cache was neither used nor touched


def test_a_metric_that_was_altered_is_found_and_elsewhere_a_tolerance_holds(recorded):
    record = json.loads(recorded.read_text())
    metrics = record["metrics"]
    change(recorded, metrics=metrics | {"accuracy": metrics["accuracy"] + 1e-9})
    (check,) = audit()
    assert check.outcome == "differs" and check.note.startswith("accuracy: recorded ")
    change(recorded, device="another", metrics=metrics | {"accuracy": metrics["accuracy"] + 0.01})
    (check,) = audit()
    assert (check.outcome, check.criterion) == ("agrees", "tolerance")


def test_a_metric_that_was_added_later_or_is_gone_is_no_difference_and_the_latter_is_told(recorded):
    record = json.loads(recorded.read_text())
    metrics = {name: value for name, value in record["metrics"].items() if name != "accuracy"}
    for kept, fared in (
        (metrics, ("agrees", "", len(verify.repeatable(metrics)))),
        (metrics | {"retired": 1.0}, ("agrees", "no longer measured: retired", len(verify.repeatable(metrics)))),
        ({"retired": 1.0}, ("differs", "no longer measured: retired", 0)),
        ({}, ("agrees", "", 0)),  # as of a run that diverged
    ):
        change(recorded, metrics=kept)
        (check,) = audit()
        assert (check.outcome, check.note, check.metrics) == fared


def test_what_can_no_longer_be_run_is_skipped_with_the_reason(recorded, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(experts, "run", lambda configs: pytest.fail("it was run"))
        assert [check.note for check in audit(budget=-1)] == ["the budget was spent"]
    monkeypatch.setattr(experts.Config, "revision", 99)
    assert [(check.outcome, check.note) for check in audit()] == [
        ("skipped", "made by an earlier revision, or on other data")
    ]
    change(recorded, config=json.loads(recorded.read_text())["config"] | {"gone": 1})
    (check,) = audit()
    assert check.outcome == "skipped" and "its config is of the past" in check.note


@pytest.mark.parametrize(
    ("before", "now", "exact", "apart"),
    [
        ({"a": 1.0}, {"a": 1.0 + 2**-52}, True, ["a"]),
        ({"a": 1.0}, {"a": 1.04}, False, []),
        ({"a": 1.0}, {"a": 1.06}, False, ["a"]),
        ({"a": 0.0}, {"a": 0.02}, False, []),
        ({"a": 0.0}, {"a": 0.03}, False, ["a"]),
        ({"a": [1, 2.0]}, {"a": [1, 2.01]}, False, []),
        ({"a": [1, 2.0]}, {"a": [1]}, False, ["a"]),
        ({"a": {"b": 1.0}}, {"a": {"b": 1.01}}, False, []),
        ({"a": {"b": 1.0}}, {"a": {"c": 1.0}}, False, ["a"]),
        ({"a": None}, {"a": None}, False, []),
        ({"a": None}, {"a": 1.0}, False, ["a"]),
        ({"a": "finished"}, {"a": "diverged"}, False, ["a"]),
    ],
)
def test_numbers_differ_by_a_bit_here_and_by_more_than_the_tolerance_elsewhere(before, now, exact, apart):
    found = verify.differences(before, now, exact=exact)
    assert [text.partition(":")[0] for text in found] == apart


@pytest.fixture
def two_papers(monkeypatch):
    """Twenty records of each of two papers, of 1 to 20 seconds."""

    def frame(word):
        return pd.DataFrame({"word": word, "hash": [f"{word}{n}" for n in range(20)], "seconds": range(1, 21)})

    monkeypatch.setattr(records, "frame", frame)
    return ["one", "two"]


def test_a_sample_is_that_of_its_seed_and_the_papers_take_turns(two_papers, monkeypatch):
    chosen = verify.sample(two_papers, size=8, seed=0, budget=1000.0)
    assert [row["word"] for row in chosen] == two_papers * 4
    assert chosen == verify.sample(two_papers, size=8, seed=0, budget=1000.0)
    assert chosen != verify.sample(two_papers, size=8, seed=1, budget=1000.0)
    frame = records.frame
    monkeypatch.setattr(records, "frame", lambda word: frame(word).assign(seconds=30.0 if word == "one" else 3.0))
    chosen = verify.sample(two_papers, size=10, seed=0, budget=60.0)
    assert [row["word"] for row in chosen[:2]] == two_papers
    assert [row["word"] for row in chosen].count("two") == 9


@pytest.mark.parametrize("budget", [0.5, 7.0, 30.0, 1e6])
def test_a_sample_takes_no_longer_than_its_budget_and_no_record_twice(two_papers, budget):
    chosen = verify.sample(two_papers, size=100, seed=0, budget=budget)
    assert sum(row["seconds"] for row in chosen) <= budget
    assert len({row["hash"] for row in chosen}) == len(chosen)
    assert bool(chosen) == (budget > 1) and (len(chosen) == 40) == (budget > 1000)


@pytest.mark.parametrize("lacks", [True, False])
def test_runs_in_bfloat16_count_as_long_as_they_take_here(two_papers, monkeypatch, lacks):
    frame = records.frame
    monkeypatch.setattr(records, "frame", lambda word: frame(word).assign(precision="bfloat16"))
    monkeypatch.setattr(verify.processor, "lacks_bfloat16", lambda: lacks)
    chosen = verify.sample(two_papers, size=40, seed=0, budget=60.0)
    assert (max(row["seconds"] for row in chosen) * verify.processor.SLOWDOWN <= 30.0) == lacks


def test_the_exit_status_says_whether_all_agreed_and_the_audit_is_kept(recorded, tmp_path, capsys):
    asked = {"size": 5, "words": ["experts"], "seed": 0, "budget": 600.0, "output": tmp_path / "audit.json"}
    assert verify.command(**asked) == 0
    audit = json.loads((tmp_path / "audit.json").read_text())
    assert audit["asked"]["sample"] == 5 and [check["outcome"] for check in audit["checks"]] == ["agrees"]
    assert set(audit["checks"][0]) == {field.name for field in dataclasses.fields(verify.Check)}
    change(recorded, metrics={"accuracy": -1.0})
    assert verify.command(**asked) == 1
    assert "1 differs" in capsys.readouterr().out


def test_an_unknown_paper_or_no_record_is_an_error(recorded, tmp_path):
    asked = {"size": 5, "seed": 0, "output": tmp_path / "audit.json"}
    with pytest.raises(ValueError, match=r"there is no paper 'exprts'; there are .*experts"):
        verify.command(words=["exprts"], budget=60.0, **asked)
    with pytest.raises(ValueError, match="nothing to verify"):
        verify.command(words=["experts"], budget=1e-9, **asked)
    with pytest.raises(ValueError, match="at least 1 record, got 0"):
        verify.sample(["experts"], size=0, seed=0, budget=1.0)


FOLDER = store.COMMITTED


@pytest.fixture(scope="module")
def committed():
    """Every record in the repository by its path."""
    paths = sorted(FOLDER.glob("*/*.json"))
    if not paths:
        pytest.skip("no records are committed")
    return {path: json.loads(path.read_text()) for path in paths}


def test_numbers_take_at_most_4_kb_and_arrays_200_which_belong_to_a_record(committed):
    limits = {".json": 4 * 1024, ".npz": 200 * 1024}
    assert [path.name for path in FOLDER.glob("*/*") if path.stat().st_size > limits.get(path.suffix, 0)] == []
    assert {path.with_suffix(".json") for path in FOLDER.glob("*/*.npz")} <= committed.keys()


def test_every_record_is_under_the_hash_of_its_config_and_no_metric_hides_a_setting(committed):
    for path, record in committed.items():
        paper = importlib.import_module(f"spareparts.{path.parent.name}")
        config = paper.Config(**record["config"])
        assert (key(config), config.word, config.fingerprint) == (path.stem, record["word"], record["fingerprint"])
        assert config.protocol in (record["protocol"], "reduced")  # what was called the paper's may prove not to be
    assert [path.name for path, record in committed.items() if record["config"].keys() & record["metrics"].keys()] == []


def test_every_record_says_how_and_on_what_it_ran_and_comes_from_committed_code(committed):
    assert [path.name for path, record in committed.items() if not re.fullmatch("[0-9a-f]{12}", record["commit"])] == []
    for path, record in committed.items():
        assert record["protocol"] in ("paper", "reduced"), path
        assert record["outcome"] in ("finished", "diverged"), path
        assert (record["diverged_step"] is None) == (record["outcome"] == "finished"), path
        assert record["device"] and record["versions"] and record["fidelity"], path
        assert record["seconds"] >= 0, path  # rounded to a hundredth, which a small head does not take
