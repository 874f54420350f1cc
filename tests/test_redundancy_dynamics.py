"""Units in motion and the nulls of clustering: closed forms, bounds and invariances."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from spareparts.data import generator
from spareparts.redundancy import dynamics, nulls
from spareparts.redundancy.frames import frame_potential


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


# Nulls of the frame potential


def test_random_rows_have_the_expected_potential_and_no_rows_less_than_the_bound():
    draws = [frame_potential(nulls.random_rows(units=40, fan_in=25, generator=generator(seed))) for seed in range(30)]
    expected = nulls.expected_potential(units=40, fan_in=25)
    assert np.mean([float(value) for value in draws]) == pytest.approx(expected, rel=0.01)
    assert min(draws) > nulls.smallest_potential(units=40, fan_in=25)


def test_the_bound_is_reached_by_orthonormal_rows_and_by_several_bases():
    assert float(frame_potential(torch.eye(4))) == pytest.approx(nulls.smallest_potential(units=4, fan_in=4))
    bases = torch.cat([torch.eye(3), torch.linalg.qr(random(3, 3))[0].float()])
    assert float(frame_potential(bases)) == pytest.approx(nulls.smallest_potential(units=6, fan_in=3))


def test_published_sizes_give_the_nulls_of_the_protocol():
    assert round(nulls.expected_potential(units=300, fan_in=784)) == 414
    assert round(nulls.expected_potential(units=256, fan_in=16384)) == 260
    assert nulls.expected_potential(units=300, fan_in=10) == 9270


def test_a_shared_shift_raises_the_potential_until_the_mean_is_removed():
    rows = random(100, 200)
    shifted = rows + 0.5 * rows.norm(dim=1).mean() * torch.nn.functional.normalize(random(1, 200, seed=1))
    assert frame_potential(shifted) > 2 * frame_potential(rows)
    assert float(frame_potential(nulls.centred(shifted))) == pytest.approx(
        float(frame_potential(nulls.centred(rows))), rel=1e-6
    )


def test_rows_of_the_same_spectrum_have_it_and_clusters_lie_nearer_each_other_than_they():
    values = torch.tensor([5.0, 2, 1])
    drawn = nulls.same_spectrum(values, units=8, generator=generator(0))
    assert torch.linalg.svdvals(drawn).tolist() == pytest.approx([5, 2, 1])
    centres = random(4, 30)
    clustered = centres.repeat(10, 1) + 0.2 * random(40, 30, seed=1)
    found = nulls.clustering(clustered) | nulls.null_clustering(clustered, draws=3, generator=generator(0))
    assert found["nearest"] > found["spectrum_nearest"] + 3 * found["spectrum_nearest_deviation"]
    assert found["potential"] > found["random_potential"] + 5 * found["random_potential_deviation"]


def test_impossible_nulls_are_refused():
    with pytest.raises(ValueError, match="values must be at most units = 2, got 3"):
        nulls.same_spectrum(torch.ones(3), units=2, generator=generator(0))
    with pytest.raises(ValueError, match="units must be at least 1, got 0"):
        nulls.expected_potential(units=0, fan_in=3)


# Units in motion


def test_norms_and_turns_of_a_unit_that_doubles_one_that_turns_and_one_that_dies():
    initial = torch.tensor([[3.0, 4], [1, 0], [0, 2]])
    final = torch.tensor([[6.0, 8], [0, 1], [0, 0]])
    assert dynamics.norms(torch.stack([initial, final])).tolist() == [[5, 1, 2], [10, 1, 0]]
    assert dynamics.cosine_to_initial(final, initial).tolist() == pytest.approx([1, 0, 0])


def test_similarity_of_outputs_is_numpys_correlation_and_zero_for_a_constant_unit():
    outputs = random(50, 4)
    assert dynamics.output_similarity(outputs).numpy() == pytest.approx(np.corrcoef(outputs.T.numpy()))
    outputs[:, 2] = 7
    assert dynamics.output_similarity(outputs)[2].tolist() == [0, 0, 0, 0]


def test_equal_units_have_the_strongest_link_and_a_pair_at_the_mean_distance_the_reciprocal_of_e():
    links = dynamics.link_weights(dynamics.weight_similarity(torch.eye(3)))
    assert links.diagonal().tolist() == [1, 1, 1]
    assert links[0, 1].item() == pytest.approx(np.exp(-1))


def test_units_answer_white_inputs_like_any_direction_and_sharp_inputs_by_their_cosine():
    white = torch.cat([torch.eye(5), -torch.eye(5)])
    assert dynamics.input_alignment(random(3, 5).float(), white).tolist() == pytest.approx([1, 1, 1])
    sharp = torch.tensor([[1.0, 0], [-1, 0]])
    assert dynamics.input_alignment(torch.tensor([[5.0, 0], [0, 1], [3, 3]]), sharp).tolist() == pytest.approx(
        [2, 0, 1]
    )


def test_places_of_cosines_are_principal_components_and_the_plane_shows_what_they_explain():
    rows = torch.nn.functional.normalize(random(20, 6))
    places, shares = dynamics.layout(dynamics.weight_similarity(rows)[None])
    pca = PCA(2).fit(rows.numpy())
    assert torch.cdist(places[0], places[0]).numpy() == pytest.approx(
        torch.cdist(*[torch.from_numpy(pca.transform(rows.numpy()))] * 2).numpy(), abs=1e-6
    )
    assert shares == pytest.approx([pca.explained_variance_ratio_.sum()])


def test_units_that_do_not_move_stay_where_they_are_drawn():
    similarity = dynamics.weight_similarity(random(15, 4))
    places, _ = dynamics.layout(torch.stack([similarity, similarity, similarity]))
    assert torch.allclose(places[0], places[2])
