"""Tidy tables of the theories: replicas and tickets one by one, from records as they are written."""

import numpy as np
import pandas as pd
import pytest

from spareparts.redundancy.theory_rows import students, ticket_rows, xord_layers

XORD = ("train_error", "test_error", "loss", "found", "explored", "angle", "untrained_angle")
COMMON = {"seed": 1, "outcome": "finished"}


def test_every_replica_is_a_row_and_those_without_training_error_are_fitted():
    rows = pd.DataFrame([COMMON | {"experiment": "xord", "units": 4, "train_samples": 12, "hash": "a"}])
    table = xord_layers(rows, arrays=lambda _: {name: np.array([0.0, 5.0], dtype=np.float32) for name in XORD})
    assert table.fitted.tolist() == [True, False]
    assert table.units.tolist() == [4, 4] and table.replica.tolist() == [0, 1]


def test_diverged_records_and_other_experiments_are_left_out():
    teacher = COMMON | {"experiment": "teacher_student", "units": 4, "layers": "both", "noise": 0.1}
    rows = pd.DataFrame(
        [teacher | {"hash": "a"}, teacher | {"hash": "b", "outcome": "diverged"}, teacher | {"experiment": "xord"}]
    )
    table = students(rows, arrays=lambda name: {"error": np.ones(3), "averaging": np.ones(3), name: np.ones(3)})
    assert len(table) == 3


def test_tickets_stand_beside_the_network_that_they_come_from():
    record = {"experiment": "unit_tickets", "optimizer": "sgd", "accuracy": 97.0, "kept": [0.5, 0.25]}
    rows = pd.DataFrame([COMMON | record | {"rewound": [96.0, 95.0], "resampled": [95.0, 94.0]}])
    table = ticket_rows(rows, experiment="unit_tickets")
    assert table.accuracy.tolist() == [96, 95, 95, 94]
    assert set(table.unpruned) == {97} and set(table.group) == {"sgd"}


@pytest.mark.parametrize("tidy", [students, xord_layers])
def test_without_records_a_table_is_empty(tidy):
    assert tidy(pd.DataFrame(), arrays=dict).empty
    assert ticket_rows(pd.DataFrame(), experiment="tickets").empty
