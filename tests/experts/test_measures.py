"""How a gate routes and what its experts see: closed forms, bounds, and scikit-learn's and SciPy's versions."""

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
from spareparts.experts import (
    mean_share,
    mutual_information,
    predicted_collapse,
    specialization_entropy,
)
from spareparts.experts.measures import (
    class_gates,
    entropy,
    expert_load,
    partition_variance,
)

HALVES = torch.tensor([0, 1] * 6)  # twelve samples, two kinds in turn
QUARTERS = torch.tensor([0, 0, 1, 1] * 3)  # independent of the halves


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


# Entropy of the routing


def test_a_class_that_always_goes_to_one_expert_has_no_entropy():
    gates = one_hot(torch.tensor([3, 1])[HALVES], 4).double()
    assert specialization_entropy(gates, HALVES, num_classes=2).item() == 0


@pytest.mark.parametrize("experts", [1, 2, 5])
def test_uniform_gates_have_ln_k(experts):
    gates = torch.full((12, experts), 1 / experts, dtype=torch.float64)
    assert specialization_entropy(gates, HALVES, num_classes=2).item() == pytest.approx(math.log(experts))


def test_a_class_split_hard_between_two_experts_looks_like_soft_gates_but_not_per_sample():
    gates = one_hot(QUARTERS, 2).double()
    assert specialization_entropy(gates, HALVES, num_classes=2).item() == pytest.approx(math.log(2))
    assert entropy(gates).tolist() == [0.0] * 12


def test_it_is_scipys_entropy_of_each_classs_mean_gates_over_the_classes_that_occur():
    gates = random(12, 4).softmax(1)
    expected = np.mean([scipy_entropy(gates[half == HALVES].mean(0).numpy()) for half in (0, 1)])
    assert specialization_entropy(gates, 3 * HALVES, num_classes=7).item() == pytest.approx(expected)
    assert class_gates(gates, 3 * HALVES, num_classes=7).sum(1).tolist() == pytest.approx([1, 0, 0, 1, 0, 0, 0])


@given(seed=st.integers(0, 1000), experts=st.integers(1, 6), classes=st.integers(1, 5))
@settings(deadline=None, max_examples=20)
def test_averaging_gates_over_a_class_only_adds_entropy(seed, experts, classes):
    gates = random(20, experts, seed=seed).mul(3).softmax(1)
    labels = torch.arange(20) % classes
    found = specialization_entropy(gates, labels, num_classes=classes).item()
    assert entropy(gates).mean().item() - 1e-9 <= found <= math.log(experts) + 1e-9


@pytest.mark.parametrize("label", [-1, 2])
def test_labels_outside_the_classes_are_refused(label):
    labels = HALVES.clone()
    labels[5] = label
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.1, got"):
        specialization_entropy(torch.ones(12, 1), labels, num_classes=2)
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.1, got"):
        mutual_information(HALVES, labels, num_experts=2, num_classes=2)
    with pytest.raises(ValueError, match=r"chosen experts must lie in 0\.\.1, got"):
        mutual_information(labels, HALVES, num_experts=2, num_classes=2)


@pytest.mark.usefixtures("unchecked")
def test_as_many_labels_as_samples_are_needed():
    with pytest.raises(ValueError, match=r"one per row of gates, got \(11,\) and \(12, 1\)"):
        specialization_entropy(torch.ones(12, 1), HALVES[:11], num_classes=2)
    with pytest.raises(ValueError, match=r"one per choice, got \(11,\) and \(12,\)"):
        mutual_information(HALVES, HALVES[:11], num_experts=2, num_classes=2)


# Information and load


def test_a_bijection_of_two_classes_and_two_experts_tells_ln_2():
    found = mutual_information(1 - HALVES, HALVES, num_experts=2, num_classes=2)
    assert found.item() == pytest.approx(math.log(2))


def test_an_independent_or_a_single_expert_tells_nothing():
    for chosen in (QUARTERS, torch.zeros_like(HALVES)):
        found = mutual_information(chosen, HALVES, num_experts=2, num_classes=2)
        assert found.item() == pytest.approx(0, abs=1e-12)


def test_mutual_information_is_scikit_learns():
    chosen = torch.randint(4, (200,), generator=generator(0))
    labels = (chosen + torch.randint(2, (200,), generator=generator(1))) % 3
    found = mutual_information(chosen, labels, num_experts=6, num_classes=3).item()
    assert found == pytest.approx(mutual_info_score(labels.numpy(), chosen.numpy()))


def test_the_load_is_each_experts_share_of_the_samples():
    assert expert_load(torch.tensor([2, 0, 2, 2]), num_experts=4).tolist() == [0.25, 0.0, 0.75, 0.0]


# Variance within groups


def test_variance_within_is_that_about_the_groups_means_over_that_about_the_mean():
    features, groups = random(40, 6), torch.randint(3, (40,), generator=generator(2))
    within = sum((part - part.mean(0)).square().sum() for part in (features[groups == k] for k in range(3)))
    expected = within / (features - features.mean(0)).square().sum()
    assert partition_variance(features, groups, num_groups=5).item() == pytest.approx(expected.item())


def test_one_group_keeps_all_variance_and_single_points_none():
    features = random(12, 3)
    assert partition_variance(features, torch.zeros(12, dtype=torch.long), num_groups=2).item() == pytest.approx(1)
    assert partition_variance(features, torch.arange(12), num_groups=12).item() == pytest.approx(0, abs=1e-12)


def test_a_random_partition_keeps_all_but_groups_minus_1_of_n_minus_1_parts():
    features = random(40, 6)
    orders = [torch.randperm(40, generator=generator(seed)) for seed in range(300)]
    found = torch.stack([partition_variance(features, order % 4, num_groups=4) for order in orders])
    assert abs(found.mean() - (1 - 3 / 39)) < 5 * found.std() / math.sqrt(300)
    assert (found < 1).all()


# The common mean, and how it moves a gate


def test_the_share_of_the_mean_is_0_of_centred_features_and_1_of_equal_ones():
    features = random(12, 4)
    assert mean_share(features - features.mean(0)) == pytest.approx(0, abs=1e-30)
    assert mean_share(features[:1].expand(12, 4)) == pytest.approx(1)


@given(st.floats(0.1, 10))
def test_the_share_of_the_mean_has_no_unit(scale):
    features = random(12, 4)
    assert mean_share(scale * features) == pytest.approx(mean_share(features))


def collapse(**changed):
    start = {"mean_square": 999.0, "losses": [2.0, 2.5], "scores": [0.0, 0.0], "learning_rates": [1e-3] * 500}
    return predicted_collapse(**start | {"momentum": 0.0} | changed)


def test_without_momentum_a_gap_grows_at_first_by_rate_times_mean_square_times_half_the_losses_difference():
    """Two experts at even gates: each step moves the gap by rate (|m|^2 + 1) * 2 * (1/2)(1/2)(l_2 - l_1)."""
    step = 1e-3 * 1000 * 0.5 * 0.5
    assert collapse(gap=0.99 * step) == 1
    assert collapse(gap=1.01 * step) == 2


def test_a_gate_that_does_not_see_the_mean_moves_by_its_bias_alone():
    assert collapse(mean_square=0.0) is None
    assert collapse() < collapse(mean_square=499.0) <= 500


def test_experts_of_equal_losses_never_part():
    assert collapse(losses=[2.0, 2.0]) is None


def test_a_leader_that_is_worse_is_overtaken_before_the_gate_collapses():
    assert collapse(scores=[0.0, 2.0]) > collapse(scores=[2.0, 0.0])
