import itertools

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from spareparts import class_rates, data
from spareparts.class_rates import Config, FullyConnected, ceiling, hidden_widths, rank_sum, run, specialized_share
from spareparts.class_rates.networks import SeededDropout
from spareparts.class_rates.run import groups_of

SIZE = {"epochs": 3, "hidden_layers": 2, "width": 8}
TINY = SIZE | {"dataset": "generated-led-display"}


def tiny_plan(**parameters):
    return class_rates.plan(datasets=["generated-led-display"], **parameters, **SIZE)


def test_conic_widths_shrink_by_one_factor_down_to_the_classes():
    assert hidden_widths(layers=4, width=256, shape="conic", classes=16) == [256, 128, 64, 32]
    assert hidden_widths(layers=3, width=7, shape="rectangular", classes=2) == [7, 7, 7]


@pytest.mark.parametrize(("activation", "variance"), [("selu", 1 / 300), ("relu", 2 / 300), ("tanh", 2 / 500)])
def test_weights_have_the_variance_of_lecun_he_or_glorot(activation, variance):
    network = FullyConnected(
        features=300, widths=[200], classes=2, activation=activation, dropout=0, generator=data.generator(0)
    )
    assert network.hidden[0].weight.var().item() == pytest.approx(variance, rel=0.02)
    assert not network.hidden[0].bias.any()


@pytest.mark.parametrize(("alpha", "layer"), [(True, nn.AlphaDropout(0.2)), (False, nn.Dropout(0.2))])
def test_dropout_sends_units_where_pytorchs_own_does(alpha, layer):
    ours = SeededDropout(probability=0.2, alpha=alpha, generator=data.generator(0))
    inputs = torch.full((1, 1000), 0.7)
    values = [sorted(set(found.flatten().tolist())) for found in (ours(inputs), layer(inputs))]
    assert values[0] == pytest.approx(values[1], abs=1e-6) and len(values[0]) == 2
    assert ours.eval()(inputs).equal(inputs)


def test_rank_sums_equal_scipys_with_and_without_ties():
    draw = np.random.default_rng(0)
    labels = draw.integers(4, size=300)
    smooth = draw.standard_normal((300, 30)) + 0.4 * labels[:, None] * draw.random(30)
    activations = np.hstack([smooth, np.maximum(smooth, 0), np.round(smooth), np.zeros((300, 1))]).astype(np.float32)
    found = rank_sum(activations, labels, num_classes=5)
    for neuron, group in itertools.product(range(activations.shape[1]), range(4)):
        expected = stats.ranksums(activations[labels == group, neuron], activations[labels != group, neuron]).pvalue
        assert found[neuron, group] == pytest.approx(expected, rel=1e-9)
    assert (found[:, 4] == 1).all()  # nobody is in the fifth class
    assert (found[-1] == 1).all()  # a dead neuron


def test_few_samples_set_a_ceiling_and_a_neuron_of_one_of_two_classes_is_specialized_in_both():
    assert [ceiling(np.repeat([0, 1], [few, 5000]), num_classes=2) for few in (9, 10)] == [0, 100]
    labels = np.repeat([0, 1], 50)
    layer = np.stack([labels + np.linspace(0, 0.5, 100), np.tile([0.0, 1.0], 50)], axis=1)
    assert specialized_share([layer], labels, num_classes=2).tolist() == [50, 50]


def test_a_run_gives_accuracies_bits_and_neurons_and_both_arms_share_their_data():
    configs = tiny_plan(activations=["relu"], cutoffs=[1, 2])
    assert [config.arm for config in configs] == ["baseline", "class_rates", "class_rates"]
    found = dict(run(configs, workers=1, progress=False))
    assert all(result.outcome == "finished" for result in found.values())
    for result in found.values():
        bits = np.unpackbits(result.arrays["test_correct"], count=result.metrics["test_samples"])
        assert 100 * bits.mean() == pytest.approx(result.metrics["test_accuracy"])
        assert (result.metrics["test_samples"], result.metrics["validation_samples"]) == (500, 75)
        assert len(result.arrays["specialized"]) == 10
    baseline, first, second = (found[config].metrics for config in configs)
    assert first["epoch_steps"] == 4 and first["rated_layers"] == 2 and first["largest_rate"] > 1
    assert first["loss_curve"][0] == second["loss_curve"][0] != baseline["loss_curve"][0]
    assert baseline["parameters"] == first["parameters"]


CHANGES = {
    "groups": ["one", "shuffled", "layers", "clusters"],
    "reset": ["never"],
    "rated": ["bottom_half", "top_half"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in CHANGES.items() for value in values])
def test_every_setting_of_the_rates_trains_and_differs_from_the_default(name, value):
    configs = tiny_plan(activations=["tanh"], arms=["class_rates"], cutoffs=[2])
    configs += tiny_plan(activations=["tanh"], arms=["class_rates"], cutoffs=[2], **{name: value})
    config, own = configs
    results = dict(run([config, own], workers=1, progress=False))
    assert results[config].outcome == "finished"
    assert results[config].metrics["loss_curve"] != results[own].metrics["loss_curve"]


def test_alpha_mu_is_divided_by_ten_until_training_stays_finite():
    config = Config(**TINY, arm="class_rates", rate_learning_rate=1e30)
    ((_, result),) = run([config], workers=1, progress=False)
    reductions = result.metrics["reductions"]
    assert reductions == len(result.metrics["reduction_steps"]) > 0
    assert result.metrics["used_rate_learning_rate"] == pytest.approx(1e30 / 10**reductions)


@pytest.mark.parametrize("form", ["sample", "class", "batch"])
def test_the_growth_of_the_rates_is_the_negative_gradient_up_to_second_order(form):
    ((_, result),) = run([Config(dataset="generated-twonorm", arm="proof", activation="tanh", form=form)], workers=1)
    *_, larger, least = result.metrics["relative_remainders"]
    assert least < 1e-3 and larger / least == pytest.approx(10, rel=0.1)  # as the step sizes


def test_clusters_are_of_the_inputs_whatever_the_labels_and_the_same_each_time():
    inputs = torch.randn(90, 2, generator=data.generator(0)) + 20 * (torch.arange(90) % 3)[:, None]
    labels = torch.arange(90).flip(0) // 30
    config = Config(arm="class_rates", groups="clusters")
    found, count = groups_of(config, inputs, labels)
    assert count == 3 and found.equal(groups_of(config, inputs, labels)[0])
    assert all(len(found[start::3].unique()) == 1 for start in range(3)) and len(found.unique()) == 3


def test_an_untrained_network_is_measured_as_a_trained_one_and_tells_the_entropy_of_its_labels():
    (config,) = tiny_plan(arms=["untrained"], activations=["relu"])
    ((_, result),) = run([config], workers=1, progress=False)
    assert 0 <= result.metrics["specialized"] <= 100 and result.metrics["test_samples"] == 500
    assert 0 < result.metrics["label_entropy"] <= np.log(10)


@pytest.mark.parametrize(
    ("activations", "labels", "message"),
    [
        (np.eye(3), [0, 1, -1], r"labels must lie in 0\.\.1, got -1\.\.1"),
        (np.eye(3), [0, 1], "activations and labels must be equally many"),
        (np.eye(3), [0.0, 1.0, np.nan], "labels must be whole numbers"),
        (np.full((2, 1), np.nan), [0, 1], "activations must be finite, got nan"),
    ],
)
def test_rank_sums_of_bad_input_are_refused(unchecked, activations, labels, message):
    with pytest.raises(ValueError, match=message):
        rank_sum(activations, np.array(labels), num_classes=2)
