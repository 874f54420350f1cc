"""The recorded runs in one table: chosen by their settings, summed up over seeds, saved with everything."""

import json

import pandas as pd
import pytest
from rich.console import Console
from toy import Toy, result

from spareparts import records, table
from spareparts.records import Result

ABOUT = ("outcome", "seconds", "commit", "version_torch", "hash")


@pytest.fixture
def saved(records_folder):
    for seed, rate, value in ((1, 0.1, 1.0), (2, 0.1, 3.0), (1, 0.5, 5.0), (1, 0.25, 7.0)):
        samples = None if rate < 0.5 else 100
        records.save(Toy(seed=seed, rate=rate, samples=samples, shuffle=rate < 0.25), result(value))
    return records_folder


def shown(**asked):
    asked = {"where": [], "by": [], "metrics": [], "output": None} | asked
    console = Console(record=True, width=200)
    for part in table.command(Toy, **asked):
        console.print(part)
    return [" ".join(line.split()) for line in console.export_text().splitlines()]


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ([], 4),
        (["RATE=0.1"], 2),
        (["RATES=0.1,0.5"], 3),
        (["rate=0.1", "SEEDS=2..9"], 1),
        (["SAMPLES=none"], 3),
        (["SAMPLES=100,none"], 4),
        (["SHUFFLE=false"], 2),
    ],
)
def test_runs_are_chosen_by_the_names_of_parameters_or_settings(saved, where, count):
    assert len(table.select(Toy, where)) == count


@pytest.mark.parametrize(
    ("where", "complaint"),
    [
        (["RATTE=1"], r"a run of toy has no setting RATTE: did you mean RATE\?"),
        (["RATE=fast"], "rate must be a list, each a finite number"),
        (["RATE=0.7"], r"no recorded run of toy has RATE=0\.7: there is 0\.1, 0\.25, 0\.5"),
        (["RATE"], "written NAME=VALUE"),
    ],
)
def test_what_cannot_be_chosen_is_told_with_what_there_is(saved, where, complaint, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=complaint):
        table.select(Toy, where)
    with pytest.raises(ValueError, match=r"a run of toy has no metric acuracy: did you mean accuracy\?"):
        shown(metrics=["acuracy"])
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(tmp_path / "none"))
    with pytest.raises(ValueError, match=f"no run of toy has a record in {tmp_path}/none"):
        table.select(Toy, [])


def test_a_line_has_the_mean_over_seeds_of_all_that_varies_and_says_what_diverged_or_is_merged(saved):
    lines = shown()
    assert "rate samples shuffle runs accuracy" in lines
    assert "0.1 none True 2 2 (1.4)" in lines and "0.5 100.0 False 1 5" in lines
    lines = shown(by=["SHUFFLE"])
    assert "False 2 6 (1.4)" in lines
    assert "Each line is over several values of rate, samples: --by shuffle,rate,samples" in lines
    records.save(Toy(seed=3, rate=0.1), Result(metrics={}, outcome="diverged", diverged_step=2))
    assert "0.1 none 3, 1 diverged 2 (1.4)" in shown(by=["RATE", "SAMPLES"])


READERS = {".csv": pd.read_csv, ".json": pd.read_json, ".parquet": pd.read_parquet}


@pytest.mark.parametrize("suffix", READERS)
def test_a_file_has_a_row_a_run_with_everything(saved, tmp_path, suffix):
    path = tmp_path / f"runs{suffix}"
    assert f"4 runs, written to {path}" in " ".join(shown(output=path))
    runs = READERS[suffix](path)
    assert len(runs) == 4 and {"rate", "seed", "accuracy", "curve", *ABOUT} <= set(runs)
    curve = runs.curve[0]
    assert list(json.loads(curve) if suffix == ".csv" else curve) == [1, 2.5]


def test_a_file_holds_lists_beside_numbers_and_what_was_escaped_for_pages_as_it_was(tmp_path, saved, monkeypatch):
    runs = pd.DataFrame({"settings": [{}, {}], "versions": [{}, {}], "distance": [1.5, [1, 2]], "seed": [1, 2]})
    table.write(runs, tmp_path / "runs.parquet")
    assert pd.read_parquet(tmp_path / "runs.parquet").distance.astype(str).tolist() == ["1.5", "[1, 2]"]
    monkeypatch.setattr(Toy, "fidelity", "a < b & c")
    records.save(Toy(seed=9), result())
    shown(output=tmp_path / "runs.csv")
    assert "a < b & c" in set(pd.read_csv(tmp_path / "runs.csv").fidelity)


@pytest.mark.parametrize("name", ["runs.txt", "folder.csv"])
def test_a_file_that_cannot_be_written_is_refused_first(tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises((ValueError, OSError), match="the output must be a file"):
        shown(output=tmp_path / name)
