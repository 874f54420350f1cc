"""Configs, plans, training and whole experiments on the digits, and networks that share their early layers."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from spareparts import data, redundancy
from spareparts.data import generator
from spareparts.models import conv_2, lenet_300_100, vgg_19
from spareparts.records import key, save, weights_path
from spareparts.redundancy import Config, network, spectra, training
from spareparts.redundancy.pruning import ORDERS

TINY = Config(dataset="digits", iterations=20, train_samples=200)


def test_figure_1_is_the_default_and_a_plan_crosses_its_lists_and_gives_models_their_own_data():
    assert training.settings_of(Config()) == training.Settings("sgd", 3e-3, 64, 50_000)
    assert training.settings_of(Config(model="conv_2", dataset="cifar10", iterations=4_000)).learning_rate == 2e-4
    configs = redundancy.plan(experiments=["network", "retrain"], models=["lenet_300_100", "conv_2"], seeds=[1, 2])
    assert len(configs) == len({key(config) for config in configs}) == 8
    assert {(config.model, config.dataset) for config in configs} == {("lenet_300_100", "mnist"), ("conv_2", "cifar10")}
    shuffled = redundancy.plan(shuffled_labels=[False, True], train_samples=5_000, classes=[])
    assert [config.shuffled_labels for config in shuffled] == [False, True]
    assert len(redundancy.plan(experiments=["xord"], units=[2, 4], train_samples=[6, 12])) == 4


def test_parts_of_the_data_are_disjoint_and_the_seeds_alone():
    whole = data.image_sets("digits", "cpu", seed=3)
    assert len(whole.validation.labels) == 1437 // 5
    assert len(whole.train.labels) + len(whole.validation.labels) == 1437
    drawn = data.image_sets("digits", "cpu", seed=3, train_samples=50)
    assert torch.equal(drawn.train.images, whole.train.images[:50])
    assert torch.equal(drawn.validation.images, whole.validation.images)
    shuffled = data.image_sets("digits", "cpu", seed=3, shuffled_labels=True)
    assert torch.equal(shuffled.train.images, whole.train.images)
    assert (shuffled.train.labels == whole.train.labels).float().mean() < 0.2
    few = data.image_sets("digits", "cpu", seed=3, first_classes=2)
    assert few.classes == 2 and few.test.labels.max() == 1
    with pytest.raises(ValueError, match="at most 1150"):
        data.image_sets("digits", "cpu", seed=3, train_samples=1400)


def test_training_ends_with_the_weights_of_smallest_validation_loss():
    sets, stream = training.sets_of(TINY, "cpu"), data.generator(1)
    built = training.build(TINY, sets, generator=stream)
    before = built.fc1.weight.detach().clone()
    settings = training.settings_of(TINY)._replace(learning_rate=0.5)
    trained = training.train(built, sets, settings=settings, stream=stream, layer="fc1", progress=False)
    watch = trained.watch
    best = watch.steps.index(watch.best_step)
    assert watch.losses[best] == min(watch.losses)
    loss = nn.functional.cross_entropy(trained.network(sets.validation.images), sets.validation.labels)
    assert loss.item() == pytest.approx(watch.losses[best])
    assert torch.equal(watch.snapshots[0], before) and torch.equal(trained.initial.fc1.weight, before)
    assert torch.equal(watch.snapshots[best], trained.network.fc1.weight)
    assert len(watch.outputs) == len(watch.steps) and watch.outputs[0].shape == (287, 300)


@pytest.mark.parametrize("from_initial", [False, True])
def test_rank_accuracies_are_those_of_the_changed_layer(from_initial):
    built = lenet_300_100(generator=data.generator(1), in_features=16, classes=5, width=12)
    back, inputs = built[1:], torch.rand(80, 16, generator=data.generator(2))
    labels = torch.randint(5, (80,), generator=data.generator(3))
    initial = torch.randn(12, 16, generator=data.generator(4)) / 4 if from_initial else None
    found = spectra.rank_accuracies(back, inputs, labels, initial=initial, ranks=[0, 1, 5, 12])
    start = torch.zeros(12, 16) if initial is None else initial
    left, values, right = torch.linalg.svd(built.fc1.weight.detach() - start, full_matrices=False)
    for rank, accuracy in zip([0, 1, 5, 12], found, strict=True):
        changed = nn.Linear(16, 12)
        changed.weight.data = start + left[:, :rank] * values[:rank] @ right[:rank]
        changed.bias.data = built.fc1.bias.data
        scores = nn.Sequential(changed, *back[1:])(inputs)
        assert accuracy == pytest.approx(100 * (scores.argmax(1) == labels).double().mean().item())


@pytest.mark.parametrize("changed", [{}, {"shuffled_labels": True}])
def test_a_network_is_trained_measured_and_fits_a_record(changed):
    config = dataclasses.replace(TINY, **changed)
    ((_, result),) = redundancy.run([config], progress=False, workers=1)
    assert result.outcome == "finished" and weights_path(config).exists()
    assert ("area_norm_smallest" in result.metrics) != config.shuffled_labels
    assert 0 <= result.metrics["train_area_random"] <= 100
    assert result.arrays["train_curves"].shape == (len(ORDERS), 301)
    if not config.shuffled_labels:
        assert (result.arrays["unmasked_curves"][:, 0] == result.arrays["curves"][:, 0]).all()
    path = save(config, result)
    assert path.stat().st_size < 4096 and path.with_suffix(".npz").stat().st_size < 200_000


def test_a_diverged_network_has_a_record_too():
    config = dataclasses.replace(TINY, learning_rate=1e30)
    ((_, result),) = redundancy.run([config], progress=False, workers=1)
    assert result.outcome == "diverged" and 1 <= result.diverged_step <= 20


def test_retraining_begins_from_the_network_that_was_measured(monkeypatch):
    list(redundancy.run([TINY], progress=False, workers=1))
    monkeypatch.setattr(network, "train_network", None)  # its weights are in the cache
    monkeypatch.setattr(network, "REMOVED", (0.5,))
    ((config, result),) = redundancy.run([dataclasses.replace(TINY, experiment="retrain")], progress=False, workers=1)
    found = result.metrics["retrained_accuracy"]
    assert list(found) == list(network.CHOICES) and np.shape(list(found.values())) == (5, 1)
    assert save(config, result).stat().st_size < 4096


def test_convolutions_or_the_first_layer_are_kept_and_a_twin_stays_nearer_than_an_independent_network():
    assert network.kept_layers(conv_2(generator=generator(0), image_shape=(1, 8, 8))) == ["conv1", "conv2"]
    first, second = (lenet_300_100(generator=generator(seed), in_features=64) for seed in (0, 1))
    assert network.kept_layers(first) == ["fc1"]
    twin = network.with_new_classifier(first, second)
    assert torch.equal(twin.fc1.weight, first.fc1.weight)
    assert not torch.equal(twin.fc2.weight, first.fc2.weight)
    config = Config(experiment="resample", dataset="digits", iterations=40)
    metrics, _ = network.resample(config, progress=False)
    assert metrics["kept_layers"] == ["fc1"] and metrics["redrawn_layer"] == "fc2"
    assert metrics["twin_output_matched"][0] > 0.8 > metrics["independent_output_matched"][0]
    assert metrics["independent_angle"] == pytest.approx(metrics["random_angle"], rel=0.2)


def test_outputs_are_those_after_relu_at_every_pixel_and_shuffled_units_are_matched():
    made = conv_2(generator=generator(0), image_shape=(1, 8, 8))
    images = torch.randn(3, 1, 8, 8, generator=generator(0))
    normed = vgg_19(generator=generator(0), image_shape=(1, 32, 32), batch_norm=True).eval()
    normed.get_submodule(list(normed._modules)[1]).bias.data += 1
    found = network.layer_outputs(normed, torch.ones(2, 1, 32, 32), layer="conv1")
    assert torch.allclose(found[0], normed[:3](torch.ones(2, 1, 32, 32))[0, :, 0, 0])
    outputs = network.layer_outputs(made, images, layer="conv2")
    assert outputs.shape == (3 * 64, 64) and outputs.min() == 0
    assert torch.allclose(outputs[0], made[:4](images)[0, :, 0, 0])
    live = outputs[:, outputs.std(0) > 0]
    assert network.matched_correlation(live, 2 * live.roll(5, 1) + 1) == pytest.approx(1, abs=1e-4)
