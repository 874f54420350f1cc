"""Tables and sentences of the redundancy chapter, from made-up records and beside real ones."""

import dataclasses

import pandas as pd
import pytest
import yaml
from redundancy_arrays import save_arrays
from redundancy_made import made_rows

from spareparts import redundancy
from spareparts.execute import ROOT
from spareparts.redundancy import Config, page, tables, theory_tables
from spareparts.redundancy.rows import TICKETS

TABLES = [
    *(getattr(tables, name) for name in ("areas", "retraining", "rank_ten", "directions", "elbows")),
    *(getattr(tables, name) for name in ("clusters", "noise", "labels", "twins")),
    *(getattr(theory_tables, name) for name in ("widths", "tickets", "survivors_by_layer", "xord")),
    *(getattr(theory_tables, name) for name in ("filters", "teacher_student")),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Rows of three seeds, and the folder of their arrays."""
    folder = tmp_path_factory.mktemp("records")
    rows = made_rows(folder, seeds=3)
    save_arrays(rows, folder)
    return rows, folder


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_table_says_n_and_protocol_and_takes_no_records_at_all(table, rows):
    found = table(rows)
    assert {"n", "protocol"} <= set(found.columns)
    assert set(found.protocol) <= {"paper", "reduced", "not run"}
    empty = table(pd.DataFrame())
    assert "no records yet" in empty.to_string() or set(empty.protocol) == {"not run"}


def test_areas_stand_in_the_order_of_the_claim(rows):
    found = tables.areas(rows).loc["LeNet"]
    means = [float(cell.split()[0]) for cell in found["all units"]]
    assert means == pytest.approx([90, 40, 87, 45, 70], abs=0.2)
    assert set(found.n) == {3} and set(found.protocol) == {"paper"}


def test_rank_ten_stands_beside_the_reports_numbers(rows):
    found = tables.rank_ten(rows)
    assert found.loc["Conv-2", "report: norm kept, %"] == "70.25"
    assert found.loc["Conv-2", "ours: accuracy lost"].startswith("6.")
    assert found.loc["LeNet", "report: accuracy lost"] == "–"
    absent = tables.rank_ten(rows[rows.model != "conv_6"]).loc["Conv-6"]
    assert (absent.n, absent.protocol, absent["ours: accuracy lost"]) == (0, "not run", "–")


def test_tickets_stand_beside_those_drawn_anew(rows):
    found = theory_tables.tickets(rows)
    assert found.loc[("units", "SGD at 0.03", "0.25"), "difference"] == "0.00 (0.00)"
    assert found.loc[("weights", "SGD at 0.03", "0.25"), "difference"] == "3.40 (0.00)"


def test_sentences_say_protocol_and_n(rows):
    assert "n = 3 networks" in page.headline(rows) and "**paper protocol**" in page.headline(rows)
    note = page.protocol_note(rows)
    assert "**Reduced protocol** of Conv-2: 4,000 iterations instead of 20,000." in note
    assert "Not run yet: Conv-4, VGG-19." in note
    assert "no" in page.headline(pd.DataFrame()).lower()
    assert len(page.sources(rows)) == len(rows) and page.sources(rows).part.iloc[0] == "network, Conv-2 on cifar10"


TINY = {name: {"iterations": 2, "train_samples": 60} for name in ("network", "retrain", "resample", "filters")} | {
    "tickets": {"iterations": 2, "train_samples": 60, "kept_fraction": 0.25},
    "unit_tickets": {"iterations": 2, "train_samples": 60},
    "width": {"iterations": 2, "train_samples": 60, "width": 20},
    "xord": {"iterations": 2, "units": 2},
    "teacher_student": {"iterations": 4, "units": 2},
}


@pytest.mark.parametrize("experiment", TINY)
def test_made_records_have_the_names_and_kinds_of_real_ones(experiment, rows):
    data = {} if experiment in ("xord", "teacher_student") else {"dataset": "digits"}
    config = Config(experiment=experiment, **data, **TINY[experiment])
    ((_, real),) = redundancy.run([config], progress=False)
    part = rows[rows.experiment == experiment]
    about = {
        *(field.name for field in dataclasses.fields(config)),
        "outcome",
        "protocol",
        "seconds",
        "device",
        "commit",
        "fingerprint",
        "fidelity",
        "hash",
    }
    for name, value in part.iloc[0].items():
        if name not in about and part[name].notna().any():
            assert name in real.metrics
            assert isinstance(real.metrics[name], str | list | dict) == isinstance(value, str | list | dict), name


def test_the_sweep_makes_the_tickets_that_the_tables_look_for():
    document = yaml.safe_load((ROOT / "notebooks" / "sweeps" / "redundancy.yaml").read_text())
    (pairs,) = (block["zip"][0] for block in document["blocks"] if "zip" in block)
    made = zip(pairs["OPTIMIZER"], pairs["LEARNING_RATE"], strict=True)
    assert list(made) == [tuple(settings.values()) for settings in TICKETS.values()]
