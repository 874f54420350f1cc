"""What a layer's weights say over training: nulls of clustering, places of units, their links, and what is recorded."""

import json

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch.nn.functional import normalize

from spareparts.data import generator
from spareparts.redundancy import measures
from spareparts.redundancy.pruning import frame_potential


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def test_spectra_and_shifts_tell_clusters_from_their_nulls():
    rows = random(100, 200)
    shifted = rows + 0.5 * rows.norm(dim=1).mean() * normalize(random(1, 200, seed=1))
    assert frame_potential(shifted) > 2 * frame_potential(rows)
    left = [float(frame_potential(measures.centred(each))) for each in (shifted, rows)]
    assert left[0] == pytest.approx(left[1], rel=1e-6)
    drawn = measures.same_spectrum(torch.tensor([5.0, 2, 1]), units=8, generator=generator(0))
    assert torch.linalg.svdvals(drawn).tolist() == pytest.approx([5, 2, 1])
    clustered = random(4, 30).repeat(10, 1) + 0.2 * random(40, 30, seed=1)
    found = measures.clustering(clustered) | measures.null_clustering(clustered, generator=generator(0))
    assert found["random_potential"] == pytest.approx(40 + 40 * 39 / 30, rel=0.02)  # N + N (N - 1) / d
    assert found["potential"] > 2 * found["random_potential"]
    assert found["nearest"] > found["spectrum_nearest"] + 0.1


def test_similarity_of_outputs_is_numpys_and_links_are_the_pairs_above_a_cutoff():
    outputs = random(50, 4)
    assert measures.output_similarity(outputs).numpy() == pytest.approx(np.corrcoef(outputs.T.numpy()))
    outputs[:, 2] = 7
    assert measures.output_similarity(outputs)[2].tolist() == [0, 0, 0, 0]
    similarity = np.eye(5, dtype=np.float32)
    for first, second, value in ((0, 1, 0.9), (1, 2, 0.5), (3, 4, 0.3)):
        similarity[first, second] = similarity[second, first] = value
    assert measures.count_links(similarity, cutoff=0.25) == (3, 2, 3, 0)
    assert measures.count_links(similarity, cutoff=0.5) == (2, 1, 3, 2)
    assert measures.count_links(similarity, cutoff=0.95) == (0, 0, 1, 5)


def test_places_of_cosines_are_principal_components_and_units_that_do_not_move_stay_where_they_are():
    rows = normalize(random(20, 6))
    places, shares = measures.layout((rows @ rows.T).expand(3, -1, -1))
    assert torch.allclose(places[0], places[2])
    pca = PCA(2).fit(rows.numpy())
    expected = torch.from_numpy(pca.transform(rows.numpy()))
    assert torch.allclose(torch.cdist(places[0], places[0]), torch.cdist(expected, expected), atol=1e-6)
    assert shares == pytest.approx([pca.explained_variance_ratio_.sum()] * 3)


def test_a_growing_signal_of_two_directions_is_found_at_the_last_epoch_and_not_at_the_first():
    draw = generator(1)
    initial = 0.1 * torch.randn(30, 50, generator=draw)
    signal = torch.randn(30, 2, generator=draw) @ torch.randn(2, 50, generator=draw)
    snapshots = torch.stack([initial + 0.3 * epoch * signal for epoch in range(4)])
    metrics, arrays = measures.over_training(snapshots, epochs=[0, 1, 2, 3], generator=generator(0))
    assert (metrics["initial_outliers"], metrics["final_outliers"]) == (0, 2)
    assert metrics["weights_elbow"] == metrics["update_elbow"] == 2
    assert metrics["update_stable_rank"] <= metrics["update_effective_rank"] <= 2 + 1e-3
    assert metrics["update_kept_norm_10"] == pytest.approx(100)
    assert metrics["final_potential"] > metrics["random_potential"] > 30
    assert metrics["initial_potential"] == pytest.approx(metrics["random_potential"], rel=0.1)
    assert arrays["clustering"].shape == (4, 5) and arrays["graph_places"].shape == (4, 30, 2)
    drawn = np.bincount(arrays["graph_weights_links"][:, 0], minlength=4)
    assert (drawn == arrays["graph_weights_counts"][:, 0, 0]).all()  # every link is counted at the lowest cutoff
    with pytest.raises(ValueError, match="epochs must be one per snapshot, got 2 and 4"):
        measures.over_training(snapshots, epochs=[0, 1], generator=generator(0))


def test_it_fits_a_record_at_the_size_of_lenets_first_layer():
    weights, outputs = torch.randn(11, 300, 20, generator=generator(0)), torch.eye(300).expand(11, -1, -1)
    metrics, arrays = measures.over_training(weights, epochs=list(range(11)), outputs=outputs, generator=generator(0))
    assert len(json.dumps(metrics)) < 2500
    assert sum(array.nbytes for array in arrays.values()) < 120_000
