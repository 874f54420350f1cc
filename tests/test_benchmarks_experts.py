"""The benchmarks of the soft nearest neighbor loss: both sides compute the same; ours makes no tensor of all pairs."""

import pytest
import torch
from benchmarks import experts as rows
from benchmarks.__main__ import subjects
from benchmarks.compare import compare

from spareparts.experts import soft_nearest_neighbor_loss


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(rows, "FEATURES", 256)
    monkeypatch.setattr(rows, "BATCH", 40)
    monkeypatch.setattr(rows, "LARGE", (50, 80))


def test_every_row_of_the_subject_is_found():
    assert {"snnl_time", "snnl_time_large", "snnl_memory"} <= set(subjects())


def test_both_plain_formulas_have_our_gradient():
    embeddings, labels = rows.prepared(40)
    expected = rows.step(soft_nearest_neighbor_loss, embeddings, labels)
    for found in (
        rows.step(rows.all_pairs, embeddings, labels),
        rows.anchor_by_anchor(embeddings, labels, anchors=40),
    ):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("batch", [40, 160])
def test_ours_keeps_a_few_batches_of_embeddings_and_of_pairs_but_not_the_features_of_all_pairs(batch):
    """In MiB of float32: batch x batch and batch x features, twelve of each at most; no batch x batch x features."""
    unit = 4 / 2**20
    assert rows.peak(soft_nearest_neighbor_loss, batch) <= 12 * unit * (batch * batch + batch * rows.FEATURES)
    assert rows.peak(rows.all_pairs, 40) >= unit * 40 * 40 * rows.FEATURES


def test_all_pairs_grow_with_the_square_of_the_batch():
    assert rows.pairs_memory(80) == pytest.approx(rows.peak(rows.all_pairs, 80), rel=0.1)
    assert rows.pairs_memory(rows.outgrown(rows.peak(rows.all_pairs, 40))) >= rows.LIMIT * 1024


@pytest.mark.parametrize("name", ["snnl_time", "snnl_time_large", "snnl_memory"])
def test_a_row_can_be_measured(name):
    found = compare(name, subjects()[name](), seconds=0)
    assert found["ours"] > 0 and found["other"] > 0 and "256 features" in found["note"]
