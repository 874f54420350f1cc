"""Networks with learned and fixed heads: what is trained, on what, and what is read of it; on the digits."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from spareparts import data, engine, fixed_classifiers
from spareparts.fixed_classifiers import Config, FixedClassifier, images, setup, training
from spareparts.fixed_classifiers.binarise import Signs
from spareparts.fixed_classifiers.growth import SHAPES, growth
from spareparts.fixed_classifiers.run import run_group, together
from spareparts.fixed_classifiers.sets import sets_of
from spareparts.records import save, weights_path

TINY = Config(dataset="digits", network="mlp", epochs=2, train_samples=200)


def made(**settings):
    config = dataclasses.replace(TINY, **settings)
    return config, setup.replica(config, sets_of(config, "cpu"), "cpu")


# What is trained


@pytest.mark.parametrize("head", ["normalised", "orthonormal", "hadamard", "frozen", "sparse"])
def test_all_heads_of_a_seed_stand_on_the_same_body_and_see_the_same_batches(head):
    (_, one), (_, other) = made(), made(head=head)
    for (name, mine), theirs in zip(one.network.body.named_parameters(), other.network.body.parameters(), strict=True):
        assert torch.equal(mine, theirs), name
    assert torch.equal(next(one.batches).inputs, next(other.batches).inputs)
    assert isinstance(other.network.classifier, FixedClassifier) and other.network.classifier.kind == head


@pytest.mark.parametrize("features", [16, 80])
@pytest.mark.parametrize("network", ["resnet_20", "mlp"])
def test_the_head_sees_as_many_features_as_asked_for(network, features):
    _, replica = made(network=network, features=features, head="tight_frame")
    assert replica.network.classifier.in_features == features
    assert replica.network(torch.rand(2, 1, 8, 8, generator=data.generator(1))).shape == (2, 10)


def test_weight_decay_is_on_weights_and_on_the_scale_where_asked_for():
    _, replica = made(head="normalised", scale_decay=0.01)
    weights, others, scale = replica.optimizer.param_groups
    assert [group["weight_decay"] for group in (weights, others, scale)] == [1e-4, 0.0, 0.01]
    assert all(value.dim() == 2 for value in weights["params"]) and len(weights["params"]) == 3
    assert all(value.dim() == 1 for value in others["params"]) and len(others["params"]) == 3
    assert scale["params"][0] is replica.network.classifier.scale
    _, sparse = made(head="sparse")
    assert any(
        value is sparse.network.classifier.projection.values for value in sparse.optimizer.param_groups[0]["params"]
    )


def test_nothing_of_a_frozen_head_or_of_a_cosine_loss_is_trained_but_the_body():
    for settings in ({"head": "frozen"}, {"head": "hadamard", "loss": "cosine_squared"}):
        _, replica = made(**settings)
        matrix = replica.network.classifier.matrix.clone()
        engine.fit([replica], steps=3, progress=False)
        assert torch.equal(replica.network.classifier.matrix, matrix)
    names = [name for name, _ in replica.network.classifier.named_parameters()]
    assert names == []
    features = torch.rand(5, 64, generator=data.generator(1))
    cosines = torch.nn.functional.normalize(features) @ replica.network.classifier.matrix.T
    torch.testing.assert_close(replica.network.classifier(features), cosines, rtol=1e-4, atol=1e-4)


def test_the_learning_rate_falls_to_a_hundredth():
    config, replica = made()
    steps = setup.settings_of(config).epochs * len(replica.batches)
    engine.fit([replica], steps=steps, progress=False)
    assert replica.optimizer.param_groups[0]["lr"] == pytest.approx(1e-3)


def test_signs_have_a_constant_norm_and_pass_the_gradient_inside_one_deviation():
    features = torch.randn(200, 16, generator=data.generator(1)).requires_grad_()
    signs = Signs(16)(features)
    assert signs.detach().abs().unique().tolist() == [1.0]
    weights = torch.randn(200, 16, generator=data.generator(2))
    (signs * weights).sum().backward()
    reference = nn.BatchNorm1d(16, affine=False)
    copy = features.detach().clone().requires_grad_()
    (reference(copy).clamp(-1, 1) * weights).sum().backward()
    torch.testing.assert_close(features.grad, copy.grad)


def test_a_binarised_head_is_the_normalised_one_of_the_signs():
    _, replica = made(head="hadamard", binarised=True)
    head, features = replica.network.classifier.eval(), torch.randn(9, 64, generator=data.generator(1))
    expected = head.scale * nn.functional.normalize(head.signs(features)) @ head.matrix.T + head.bias
    torch.testing.assert_close(head(features), expected, rtol=1e-5, atol=1e-5)


# What is read


def test_growth_is_explained_best_by_the_shape_that_made_it():
    steps = np.arange(0.0, 400.0, 4)
    later = np.maximum(steps, 1)
    for name, shape in SHAPES.items():
        found = growth(steps, 3 + 0.5 * shape(later))
        assert found[name] == pytest.approx(1) and max(found, key=found.get) == name
        assert all(0 <= value <= 1 for value in found.values())
    assert all(np.isnan(value) for value in growth(steps, np.ones(100)).values())


def test_epochs_to_an_accuracy_are_counted_to_the_first_that_reaches_it():
    assert images.epochs_to([0, 1, 2, 3], np.array([5.0, 14.9, 20.0, 12.0])) == {"10": 1, "15": 2, "20": 2}


@pytest.mark.parametrize("epoch, epochs, expected", [(39, 15, 3), (390, 164, 390), (97, 10, 1), (6, 2, 1)])
def test_readings_are_about_a_hundred_and_one_falls_on_the_end_of_every_epoch(epoch, epochs, expected):
    assert training.stretch(epoch, epochs=epochs) == expected


def test_an_evaluation_is_the_networks_own_error_loss_and_feature_norms():
    config, replica = made(head="orthonormal")
    test, network = sets_of(config, "cpu").test, replica.network.eval()
    found = training.evaluate(network, test, loss="cross_entropy", batch_size=100)
    with torch.no_grad():
        scores = network(test.images)
        assert found.loss == pytest.approx(nn.functional.cross_entropy(scores, test.labels).item(), rel=1e-5)
        assert found.error(test.labels) == pytest.approx(100 * (scores.argmax(1) != test.labels).double().mean().item())
        torch.testing.assert_close(found.norms, network.features(test.images).norm(dim=1))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"head": "hadamard", "skip_ones": True},
        {"head": "orthonormal", "loss": "cosine_absolute"},
        {"head": "normalised", "binarised": True},
        {"head": "tight_frame", "features": 6},
    ],
)
def test_a_network_is_trained_measured_and_fits_a_record(settings):
    config = dataclasses.replace(TINY, **settings)
    ((_, result),) = fixed_classifiers.run([config], progress=False, workers=1)
    assert result.outcome == "finished" and weights_path(config).exists()
    found, arrays = result.metrics, result.arrays
    learned = config.head == "learned"
    assert ("final_scale" in found) != learned and ("final_weight_norm" in found) == learned
    assert not set(found) & set(dataclasses.asdict(config))  # one row of a table has both
    wrong = 100 * (arrays["predictions"] != arrays["labels"]).mean()
    assert found["accuracy"] == pytest.approx(100 - wrong, rel=1e-4)
    assert arrays["class_accuracy"].mean() == pytest.approx(found["accuracy"], abs=1)
    assert arrays["epochs"].tolist() == [0, 1, 2] and arrays["feature_norms"].shape == (3, 5)
    assert arrays["test_error"][-1] == pytest.approx(wrong, rel=1e-4)  # so few images are all read
    assert len(arrays["steps"]) == len(arrays["sizes"]) == 1 + len(arrays["batch_loss"])
    path = save(config, result)
    assert path.stat().st_size < 4096 and path.with_suffix(".npz").stat().st_size < 200_000


def test_a_head_of_more_classes_than_features_tells_which_coincide():
    config = dataclasses.replace(TINY, head="hadamard", features=8, epochs=1)
    ((_, result),) = fixed_classifiers.run([config], progress=False, workers=1)
    assert result.metrics["coinciding_classes"] == 4 and result.metrics["max_coherence"] == pytest.approx(1)


def test_a_diverged_network_has_a_record_of_its_curves():
    config = dataclasses.replace(TINY, learning_rate=1e30)
    ((_, result),) = fixed_classifiers.run([config], progress=False, workers=1)
    assert result.outcome == "diverged" and result.diverged_step >= 1 and "accuracy" not in result.metrics
    assert save(config, result).stat().st_size < 4096


def test_networks_of_one_group_train_side_by_side_as_they_do_alone():
    configs = [dataclasses.replace(TINY, head="hadamard", seed=seed, epochs=1) for seed in (1, 2)]
    assert list(together([*configs, dataclasses.replace(TINY, head="frozen")])) == [
        configs,
        [dataclasses.replace(TINY, head="frozen")],
    ]
    trained = list(run_group(configs, device="cpu", progress=False, side_by_side=True))
    for config, result in trained:
        ((_, alone),) = run_group([config], device="cpu", progress=False)
        assert result.metrics["final_scale"] == pytest.approx(alone.metrics["final_scale"], rel=1e-3)
        np.testing.assert_allclose(result.arrays["batch_loss"], alone.arrays["batch_loss"], rtol=1e-3)
