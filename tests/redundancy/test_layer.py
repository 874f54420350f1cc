"""What a layer's weights over training leave in a record, and in the interactive figure."""

import json

import numpy as np
import pytest
import torch

from spareparts.data import generator
from spareparts.redundancy import measures


def snapshots(*, epochs: int = 4, units: int = 30, fan_in: int = 50) -> torch.Tensor:
    """Weights to which two directions are added, more at every epoch."""
    draw = generator(1)
    initial = 0.1 * torch.randn(units, fan_in, generator=draw)
    signal = torch.randn(units, 2, generator=draw) @ torch.randn(2, fan_in, generator=draw)
    return torch.stack([initial + 0.3 * epoch * signal for epoch in range(epochs)])


def test_a_growing_signal_of_two_directions_is_found_at_the_last_epoch_and_not_at_the_first():
    metrics, arrays = measures.over_training(snapshots(), epochs=[0, 1, 2, 3], generator=generator(0))
    assert (metrics["initial_outliers"], metrics["final_outliers"]) == (0, 2)
    assert metrics["weights_elbow"] == metrics["update_elbow"] == 2
    assert metrics["update_stable_rank"] <= metrics["update_effective_rank"] <= 2 + 1e-3
    assert metrics["update_kept_norm_10"] == pytest.approx(100)
    assert metrics["final_potential"] > metrics["random_potential"] > 30
    assert metrics["initial_potential"] == pytest.approx(metrics["random_potential"], rel=0.1)
    assert arrays["noise"].shape == (4, len(measures.NOISE_COLUMNS))
    assert arrays["clustering"].shape == (4, len(measures.CLUSTER_COLUMNS))
    assert arrays["spectrum_update"][0].max() == 0


def test_it_fits_a_record_at_the_size_of_lenets_first_layer():
    weights = torch.randn(11, 300, 20, generator=generator(0))
    outputs = torch.stack([torch.eye(300)] * 11)
    metrics, arrays = measures.over_training(weights, epochs=list(range(11)), outputs=outputs, generator=generator(0))
    assert len(json.dumps(metrics)) < 2500
    assert sum(array.nbytes for array in arrays.values()) < 120_000


# The interactive figure


def test_links_are_the_pairs_above_a_cutoff_and_groups_are_their_components():
    similarity = np.eye(5, dtype=np.float32)
    for first, second, value in ((0, 1, 0.9), (1, 2, 0.5), (3, 4, 0.3)):
        similarity[first, second] = similarity[second, first] = value
    assert measures.count_links(similarity, cutoff=0.25) == (3, 2, 3, 0)
    assert measures.count_links(similarity, cutoff=0.5) == (2, 1, 3, 2)
    assert measures.count_links(similarity, cutoff=0.95) == (0, 0, 1, 5)
    first, second, strengths = measures.strongest(similarity)
    assert list(zip(first, second, strengths.round(2), strict=True)) == [(0, 1, 0.9), (1, 2, 0.5), (3, 4, 0.3)]


def test_every_drawn_link_is_counted_at_the_lowest_cutoff():
    arrays = measures.unit_graph(snapshots(), epochs=[0, 1, 2, 3])
    drawn = np.bincount(arrays["graph_weights_links"][:, 0], minlength=4)
    assert (drawn == arrays["graph_weights_counts"][:, 0, 0]).all()
    assert arrays["graph_places"].shape == (4, 30, 2)


def test_epochs_must_be_as_many_as_snapshots():
    with pytest.raises(ValueError, match="epochs must be one per snapshot, got 2 and 4"):
        measures.unit_graph(snapshots(), epochs=[0, 1])
