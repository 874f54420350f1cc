"""Are experts alike? Cosines of weights, with matched and shuffled rows, alignment, and their chance levels."""

import math

import numpy as np
import pytest
import torch

from spareparts.data import generator
from spareparts.experts import (
    embedding_similarity,
    matched_similarity,
    pairwise_similarity,
    shuffled_similarity,
)
from spareparts.experts.measures import (
    centered_kernel_alignment,
    mean_of_pairs,
    random_similarity_deviation,
)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


# Similarity of experts


def test_identical_experts_have_similarity_1_opposite_ones_minus_1_and_orthogonal_ones_0():
    one, eye = random(3, 4), torch.eye(12, dtype=torch.float64).view(12, 3, 4)
    assert embedding_similarity(torch.stack([one, 5 * one])).item() == pytest.approx(1)
    assert embedding_similarity(torch.stack([one, -2 * one])).item() == pytest.approx(-1)
    assert embedding_similarity(eye).item() == 0


def test_similarity_is_the_mean_over_pairs_of_the_cosine():
    weights = random(4, 3, 5)
    flat = weights.flatten(1).numpy()
    cosines = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for i, a in enumerate(flat) for b in flat[:i]]
    assert embedding_similarity(weights).item() == pytest.approx(np.mean(cosines))
    assert pairwise_similarity(weights).diagonal().tolist() == pytest.approx([1] * 4)


def test_one_expert_has_no_pair():
    assert embedding_similarity(random(1, 3, 4)).isnan()
    assert math.isnan(random_similarity_deviation(num_experts=1, entries=12))


@pytest.mark.usefixtures("unchecked")
def test_weights_need_three_axes():
    with pytest.raises(ValueError, match=r"experts x hidden x features, got shape \(3, 4\)"):
        embedding_similarity(random(3, 4))


@pytest.mark.parametrize(
    ("entries", "experts", "hundredfold"),
    [(128 * 4096, 2, 0.138), (128 * 3136, 2, 0.158), (128 * 4096, 5, 0.044), (128 * 3136, 5, 0.050)],
)
def test_the_published_layer_sizes_have_these_chance_levels(entries, experts, hundredfold):
    found = 100 * random_similarity_deviation(num_experts=experts, entries=entries)
    assert found == pytest.approx(hundredfold, abs=5e-4)


def test_random_experts_have_the_predicted_spread():
    found = torch.stack([embedding_similarity(random(4, 5, 8, seed=seed)) for seed in range(400)])
    predicted = random_similarity_deviation(num_experts=4, entries=40)
    assert abs(found.mean()) < 5 * predicted / math.sqrt(400)
    assert found.std().item() == pytest.approx(predicted, rel=5 / math.sqrt(800))


# Matched rows


def test_matching_undoes_a_permutation_of_the_hidden_units():
    one = random(6, 5)
    order = torch.randperm(6, generator=generator(1))
    weights = torch.stack([one, 3 * one[order]])
    assert pairwise_similarity(weights)[0, 1].item() < 0.9
    assert matched_similarity(weights)[0, 1].item() == pytest.approx(1)


def test_matching_is_symmetric_and_never_below_the_plain_cosine():
    weights = random(4, 6, 5)
    matched, plain = matched_similarity(weights), pairwise_similarity(weights)
    assert torch.equal(matched, matched.T)
    assert (matched >= plain - 1e-12).all()
    assert (matched <= 1 + 1e-12).all()


# Shuffled rows


def shuffled(weights: torch.Tensor, draws: int = 400) -> torch.Tensor:
    return shuffled_similarity(weights, draws=draws, generator=generator(9)).double()


def test_shuffling_random_rows_has_the_predicted_spread_around_0():
    predicted = random_similarity_deviation(num_experts=3, entries=12 * 40)
    found = shuffled(random(3, 12, 40))
    assert abs(found.mean()) < 5 * predicted
    assert found.std().item() == pytest.approx(predicted, rel=0.25)


def test_shuffling_keeps_what_rows_share_through_their_mean_direction():
    """The mean over all orders is `hidden * mean_row_1 . mean_row_2 / (|W_1| |W_2|)`."""
    weights = (random(2, 12, 40) + random(40, seed=1)).float()
    one, other = weights
    expected = 12 * (one.mean(0) @ other.mean(0)) / one.norm() / other.norm()
    found = shuffled(weights)
    assert expected > 0.3
    assert abs(found.mean() - expected) < 5 * found.std() / math.sqrt(400)


def test_rows_that_are_all_equal_are_not_changed_by_shuffling():
    weights = random(3, 1, 7).expand(3, 6, 7).float()
    expected = embedding_similarity(weights).item()
    assert shuffled(weights, draws=5).tolist() == pytest.approx([expected] * 5, abs=1e-6)


def test_the_generator_alone_fixes_the_shuffles():
    assert torch.equal(shuffled(random(3, 6, 7).float()), shuffled(random(3, 6, 7).float()))


# Alignment of activations


def test_alignment_is_the_one_of_centred_gram_matrices():
    activations = random(30, 3, 4).relu()
    grams = [(part - part.mean(0)) @ (part - part.mean(0)).T for part in activations.unbind(1)]
    expected = [[(a * b).sum() / a.norm() / b.norm() for b in grams] for a in grams]
    assert centered_kernel_alignment(activations).numpy() == pytest.approx(np.array(expected))


def test_alignment_ignores_rotation_scale_and_shift():
    one = random(30, 4)
    rotation, _ = torch.linalg.qr(random(4, 4, seed=1))
    pair = torch.stack([one, 7 * one @ rotation + random(4, seed=2)], dim=1)
    assert centered_kernel_alignment(pair)[0, 1].item() == pytest.approx(1)


def test_uncorrelated_activations_and_those_of_a_silent_expert_have_none():
    rows = torch.eye(8, dtype=torch.float64) - 1 / 8  # centred, so that the halves below are orthogonal to each other
    left, _, _ = torch.linalg.svd(rows)
    trio = torch.stack([left[:, :3], left[:, 3:6], torch.zeros(8, 3, dtype=torch.float64)], dim=1)
    found = centered_kernel_alignment(trio)
    assert found[0, 1].item() == pytest.approx(0, abs=1e-12)
    assert found[2].tolist() == [0, 0, 0]
    assert mean_of_pairs(found).item() == pytest.approx(0, abs=1e-12)
