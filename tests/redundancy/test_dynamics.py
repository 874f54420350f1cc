"""Units in motion and the nulls of clustering: closed forms, bounds and invariances."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from spareparts.data import generator
from spareparts.redundancy import measures
from spareparts.redundancy.pruning import frame_potential


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


# Nulls of the frame potential


def test_random_rows_have_the_expected_potential_and_no_rows_less_than_the_bound():
    draws = [
        frame_potential(measures.random_rows(units=40, fan_in=25, generator=generator(seed))) for seed in range(30)
    ]
    expected = 40 + 40 * 39 / 25  # N + N (N - 1) / d
    assert np.mean([float(value) for value in draws]) == pytest.approx(expected, rel=0.01)
    assert min(draws) > 40**2 / 25


def test_a_shared_shift_raises_the_potential_until_the_mean_is_removed():
    rows = random(100, 200)
    shifted = rows + 0.5 * rows.norm(dim=1).mean() * torch.nn.functional.normalize(random(1, 200, seed=1))
    assert frame_potential(shifted) > 2 * frame_potential(rows)
    assert float(frame_potential(measures.centred(shifted))) == pytest.approx(
        float(frame_potential(measures.centred(rows))), rel=1e-6
    )


def test_rows_of_the_same_spectrum_have_it_and_clusters_lie_nearer_each_other_than_they():
    values = torch.tensor([5.0, 2, 1])
    drawn = measures.same_spectrum(values, units=8, generator=generator(0))
    assert torch.linalg.svdvals(drawn).tolist() == pytest.approx([5, 2, 1])
    centres = random(4, 30)
    clustered = centres.repeat(10, 1) + 0.2 * random(40, 30, seed=1)
    found = measures.clustering(clustered) | measures.null_clustering(clustered, draws=3, generator=generator(0))
    assert found["nearest"] > found["spectrum_nearest"] + 3 * found["spectrum_nearest_deviation"]
    assert found["potential"] > found["random_potential"] + 5 * found["random_potential_deviation"]


def test_impossible_nulls_are_refused():
    with pytest.raises(ValueError, match="values must be at most units = 2, got 3"):
        measures.same_spectrum(torch.ones(3), units=2, generator=generator(0))


# Units in motion


def test_norms_and_turns_of_a_unit_that_doubles_one_that_turns_and_one_that_dies():
    initial = torch.tensor([[3.0, 4], [1, 0], [0, 2]])
    final = torch.tensor([[6.0, 8], [0, 1], [0, 0]])
    assert measures.norms(torch.stack([initial, final])).tolist() == [[5, 1, 2], [10, 1, 0]]
    assert measures.cosine_to_initial(final, initial).tolist() == pytest.approx([1, 0, 0])


def test_similarity_of_outputs_is_numpys_correlation_and_zero_for_a_constant_unit():
    outputs = random(50, 4)
    assert measures.output_similarity(outputs).numpy() == pytest.approx(np.corrcoef(outputs.T.numpy()))
    outputs[:, 2] = 7
    assert measures.output_similarity(outputs)[2].tolist() == [0, 0, 0, 0]


def test_places_of_cosines_are_principal_components_and_the_plane_shows_what_they_explain():
    rows = torch.nn.functional.normalize(random(20, 6))
    places, shares = measures.layout(measures.weight_similarity(rows)[None])
    pca = PCA(2).fit(rows.numpy())
    assert torch.cdist(places[0], places[0]).numpy() == pytest.approx(
        torch.cdist(*[torch.from_numpy(pca.transform(rows.numpy()))] * 2).numpy(), abs=1e-6
    )
    assert shares == pytest.approx([pca.explained_variance_ratio_.sum()])


def test_units_that_do_not_move_stay_where_they_are_drawn():
    similarity = measures.weight_similarity(random(15, 4))
    places, _ = measures.layout(torch.stack([similarity, similarity, similarity]))
    assert torch.allclose(places[0], places[2])
