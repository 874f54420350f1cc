"""How a gate routes, what its experts see and whether they are alike: closed forms, bounds and references."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy
from sklearn.metrics import mutual_info_score
from torch.nn.functional import one_hot

from spareparts.data import generator
from spareparts.experts import measures, mutual_information, predicted_collapse, specialization_entropy

HALVES = torch.tensor([0, 1] * 6)  # twelve samples, two kinds in turn
QUARTERS = torch.tensor([0, 0, 1, 1] * 3)  # independent of the halves


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def test_entropy_is_scipys_of_each_classs_mean_gates_which_a_class_split_hard_makes_look_soft():
    gates = random(12, 4).softmax(1)
    expected = np.mean([scipy_entropy(gates[half == HALVES].mean(0).numpy()) for half in (0, 1)])
    assert specialization_entropy(gates, 3 * HALVES, num_classes=7).item() == pytest.approx(expected)
    assert measures.class_gates(gates, 3 * HALVES, num_classes=7).sum(1).tolist() == pytest.approx(
        [1, 0, 0, 1, 0, 0, 0]
    )
    gates = one_hot(QUARTERS, 2).double()
    assert specialization_entropy(gates, QUARTERS, num_classes=2).item() == 0
    assert specialization_entropy(gates, HALVES, num_classes=2).item() == pytest.approx(math.log(2))
    assert measures.entropy(gates).tolist() == [0.0] * 12


@given(seed=st.integers(0, 1000), experts=st.integers(1, 6), classes=st.integers(1, 5))
@settings(max_examples=20)
def test_averaging_gates_over_a_class_only_adds_entropy(seed, experts, classes):
    gates = random(20, experts, seed=seed).mul(3).softmax(1)
    labels = torch.arange(20) % classes
    found = specialization_entropy(gates, labels, num_classes=classes).item()
    assert measures.entropy(gates).mean().item() - 1e-9 <= found <= math.log(experts) + 1e-9


def test_mutual_information_is_scikit_learns_and_the_load_each_experts_share():
    chosen = torch.randint(4, (200,), generator=generator(0))
    labels = (chosen + torch.randint(2, (200,), generator=generator(1))) % 3
    found = mutual_information(chosen, labels, num_experts=6, num_classes=3).item()
    assert found == pytest.approx(mutual_info_score(labels.numpy(), chosen.numpy()))
    assert mutual_information(QUARTERS, HALVES, num_experts=2, num_classes=2).item() == pytest.approx(0, abs=1e-12)
    assert measures.expert_load(torch.tensor([2, 0, 2, 2]), num_experts=4).tolist() == [0.25, 0.0, 0.75, 0.0]


@pytest.mark.parametrize(
    ("chosen", "labels", "message"),
    [
        (HALVES, HALVES + 1, r"labels must lie in 0\.\.1, got 1\.\.2"),
        (HALVES - 1, HALVES, r"chosen experts must lie in 0\.\.1, got -1\.\.0"),
        (HALVES, HALVES[:11], "chosen and labels must be equally many .*, got 12 and 11"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_labels_are_one_a_sample_and_of_the_classes(chosen, labels, message):
    with pytest.raises(ValueError, match=message):
        mutual_information(chosen, labels, num_experts=2, num_classes=2)
    if "chosen experts" not in message:
        with pytest.raises(ValueError, match=message.replace("chosen", "gates")):
            specialization_entropy(torch.ones(12, 1), labels, num_classes=2)


def test_variance_within_is_that_about_the_groups_means_and_by_chance_all_but_k_1_of_n_1_parts():
    features, groups = random(40, 6), torch.randint(3, (40,), generator=generator(2))
    within = sum((part - part.mean(0)).square().sum() for part in (features[groups == k] for k in range(3)))
    expected = within / (features - features.mean(0)).square().sum()
    assert measures.partition_variance(features, groups, num_groups=5).item() == pytest.approx(expected.item())
    features = random(40, 6)
    orders = [torch.randperm(40, generator=generator(seed)) for seed in range(300)]
    found = torch.stack([measures.partition_variance(features, order % 4, num_groups=4) for order in orders])
    assert abs(found.mean() - (1 - 3 / 39)) < 5 * found.std() / math.sqrt(300)
    assert (found < 1).all()


@given(st.floats(0.1, 10))
def test_the_share_of_the_mean_is_0_of_centred_features_1_of_equal_ones_and_has_no_unit(scale):
    features = random(12, 4)
    assert measures.mean_share(scale * features) == pytest.approx(measures.mean_share(features))
    assert measures.mean_share(features - features.mean(0)) == pytest.approx(0, abs=1e-30)
    assert measures.mean_share(features[:1].expand(12, 4)) == pytest.approx(1)


def collapse(**changed):
    start = {"mean_square": 999.0, "losses": [2.0, 2.5], "scores": [0.0, 0.0], "learning_rates": [1e-3] * 500}
    return predicted_collapse(**start | {"momentum": 0.0} | changed)


def test_rate_mean_and_losses_decide_when_a_gate_collapses():
    """Two experts at even gates: each step moves the gap by rate (|m|^2 + 1) * 2 * (1/2)(1/2)(l_2 - l_1)."""
    step = 1e-3 * 1000 * 0.5 * 0.5
    assert collapse(gap=0.99 * step) == 1
    assert collapse(gap=1.01 * step) == 2
    assert collapse(mean_square=0.0) is None  # its bias alone
    assert collapse() < collapse(mean_square=499.0) <= 500
    assert collapse(losses=[2.0, 2.0]) is None
    assert collapse(scores=[0.0, 2.0]) > collapse(scores=[2.0, 0.0])  # a leader that is worse is overtaken first
    with pytest.raises(ValueError, match="experts must be at least 2, got 1"):
        collapse(losses=[2.0], scores=[0.0])


def test_a_sample_is_not_its_own_neighbour_even_among_equal_ones():
    rows = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    assert measures.neighbourhoods(rows, np.arange(60) % 20)["neighbour_purity"] == 0


def test_similarity_is_the_mean_over_pairs_of_the_cosine():
    weights = random(4, 3, 5)
    flat = weights.flatten(1).numpy()
    cosines = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for i, a in enumerate(flat) for b in flat[:i]]
    assert measures.embedding_similarity(weights).item() == pytest.approx(np.mean(cosines))
    assert measures.pairwise_similarity(weights).diagonal().tolist() == pytest.approx([1] * 4)
    assert measures.embedding_similarity(weights[:1]).isnan()


@pytest.mark.parametrize(
    ("entries", "experts", "hundredfold"),
    [(128 * 4096, 2, 0.138), (128 * 3136, 2, 0.158), (128 * 4096, 5, 0.044), (12, 1, math.nan)],
)
def test_the_published_layer_sizes_have_these_chance_levels(entries, experts, hundredfold):
    found = 100 * measures.random_similarity_deviation(num_experts=experts, entries=entries)
    assert found == pytest.approx(hundredfold, abs=5e-4, nan_ok=True)


def test_random_experts_and_shuffled_rows_have_the_predicted_spread():
    found = torch.stack([measures.embedding_similarity(random(4, 5, 8, seed=seed)) for seed in range(400)])
    predicted = measures.random_similarity_deviation(num_experts=4, entries=40)
    assert abs(found.mean()) < 5 * predicted / math.sqrt(400)
    assert found.std().item() == pytest.approx(predicted, rel=5 / math.sqrt(800))
    predicted = measures.random_similarity_deviation(num_experts=3, entries=12 * 40)
    found = shuffled(random(3, 12, 40))
    assert abs(found.mean()) < 5 * predicted
    assert found.std().item() == pytest.approx(predicted, rel=0.25)


def shuffled(weights: torch.Tensor, draws: int = 400) -> torch.Tensor:
    return measures.shuffled_similarity(weights, draws=draws, generator=generator(9)).double()


def test_shuffling_keeps_what_rows_share_through_their_mean_direction():
    """The mean over all orders is `hidden * mean_row_1 . mean_row_2 / (|W_1| |W_2|)`."""
    weights = (random(2, 12, 40) + random(40, seed=1)).float()
    one, other = weights
    expected = 12 * (one.mean(0) @ other.mean(0)) / one.norm() / other.norm()
    found = shuffled(weights)
    assert expected > 0.3
    assert abs(found.mean() - expected) < 5 * found.std() / math.sqrt(400)


def test_matching_undoes_a_permutation_is_symmetric_and_never_below_the_plain_cosine():
    one = random(6, 5)
    weights = torch.stack([one, 3 * one[torch.randperm(6, generator=generator(1))]])
    assert measures.pairwise_similarity(weights)[0, 1].item() < 0.9
    assert measures.matched_similarity(weights)[0, 1].item() == pytest.approx(1)
    weights = random(4, 6, 5)
    matched, plain = measures.matched_similarity(weights), measures.pairwise_similarity(weights)
    assert torch.equal(matched, matched.T)
    assert (matched >= plain - 1e-12).all() and (matched <= 1 + 1e-12).all()


def test_alignment_is_that_of_centred_gram_matrices_whatever_rotation_scale_and_shift():
    activations = random(30, 3, 4).relu()
    grams = [(part - part.mean(0)) @ (part - part.mean(0)).T for part in activations.unbind(1)]
    expected = [[(a * b).sum() / a.norm() / b.norm() for b in grams] for a in grams]
    assert measures.centered_kernel_alignment(activations).numpy() == pytest.approx(np.array(expected))
    one = random(30, 4)
    rotation, _ = torch.linalg.qr(random(4, 4, seed=1))
    pair = torch.stack([one, 7 * one @ rotation + random(4, seed=2)], dim=1)
    assert measures.centered_kernel_alignment(pair)[0, 1].item() == pytest.approx(1)
    rows = torch.eye(8, dtype=torch.float64) - 1 / 8  # centred, so that the halves below are orthogonal to each other
    left, _, _ = torch.linalg.svd(rows)
    trio = torch.stack([left[:, :3], left[:, 3:6], torch.zeros(8, 3, dtype=torch.float64)], dim=1)
    found = measures.centered_kernel_alignment(trio)
    assert found[2].tolist() == [0, 0, 0]
    assert measures.mean_of_pairs(found).item() == pytest.approx(0, abs=1e-12)
