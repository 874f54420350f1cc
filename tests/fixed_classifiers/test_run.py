"""Networks with learned and fixed heads: which runs there are, what is trained, on what, and what is read of it."""

import dataclasses

import numpy as np
import pytest
import torch
from made import folder_of_images
from torch import nn

from spareparts import data, engine, fixed_classifiers
from spareparts.data import streaming
from spareparts.fixed_classifiers import Config, FixedClassifier, networks
from spareparts.fixed_classifiers.heads import Signs
from spareparts.fixed_classifiers.networks import choose_classes, sets_of, settings_of
from spareparts.fixed_classifiers.run import Readings, evaluate, run_group, stretch
from spareparts.records import key, save, weights_path

TINY = Config(dataset="digits", network="mlp", epochs=2, train_samples=200)


def made(**settings):
    config = dataclasses.replace(TINY, **settings)
    return config, networks.replica(config, sets_of(config, "cpu"), "cpu")


@pytest.mark.parametrize("head", ["normalised", "orthonormal", "hadamard", "frozen", "sparse"])
def test_all_heads_of_a_seed_stand_on_the_same_body_and_see_the_same_batches(head):
    (_, one), (_, other) = made(), made(head=head)
    for (name, mine), theirs in zip(one.network.body.named_parameters(), other.network.body.parameters(), strict=True):
        assert torch.equal(mine, theirs), name
    assert torch.equal(next(one.batches).inputs, next(other.batches).inputs)
    assert isinstance(other.network.classifier, FixedClassifier) and other.network.classifier.kind == head


def test_weight_decay_is_on_weights_and_on_the_scale_where_asked_for():
    _, replica = made(head="normalised", scale_decay=0.01)
    weights, others, scale = replica.optimizer.param_groups
    assert [group["weight_decay"] for group in (weights, others, scale)] == [1e-4, 0.0, 0.01]
    assert all(value.dim() == 2 for value in weights["params"]) and len(weights["params"]) == 3
    assert all(value.dim() == 1 for value in others["params"]) and len(others["params"]) == 3
    assert scale["params"][0] is replica.network.classifier.scale
    _, sparse = made(head="sparse")
    assert [value.shape for value in sparse.optimizer.param_groups[0]["params"]][-1:] == [(160,)]


def test_nothing_of_a_frozen_head_or_of_a_cosine_loss_is_trained_but_the_body():
    for settings in ({"head": "frozen"}, {"head": "hadamard", "loss": "cosine_squared"}):
        config, replica = made(**settings)
        matrix = replica.network.classifier.matrix.clone()
        engine.fit([replica], steps=settings_of(config).epochs * len(replica.batches), progress=False)
        assert torch.equal(replica.network.classifier.matrix, matrix)
        assert replica.optimizer.param_groups[0]["lr"] == pytest.approx(1e-3)  # it falls to a hundredth
    assert not list(replica.network.classifier.parameters())
    features = torch.rand(5, 64, generator=data.generator(1))
    cosines = torch.nn.functional.normalize(features) @ replica.network.classifier.matrix.T
    torch.testing.assert_close(replica.network.classifier(features), cosines, rtol=1e-4, atol=1e-4)


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
    head = FixedClassifier(16, 10, kind="hadamard", binarised=True, generator=data.generator(3)).eval()
    expected = nn.functional.normalize(head.signs(features)) @ head.matrix.T
    torch.testing.assert_close(head(features), expected, rtol=1e-5, atol=1e-5)


def test_an_evaluation_is_the_networks_own_error_loss_and_feature_norms(monkeypatch):
    monkeypatch.setattr(engine, "images_at_once", lambda device: 100)
    config, replica = made(head="orthonormal")
    test, network = sets_of(config, "cpu").test, replica.network.eval()
    found = evaluate(network, test, objective=replica.objective)
    with torch.no_grad():
        scores = network(test.images)
        assert found.loss == pytest.approx(nn.functional.cross_entropy(scores, test.labels).item(), rel=1e-5)
        assert found.error == pytest.approx(100 * (scores.argmax(1) != test.labels).double().mean().item())
        torch.testing.assert_close(found.norms, network.features(test.images).norm(dim=1))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"head": "hadamard", "skip_ones": True},
        {"head": "orthonormal", "loss": "cosine_squared", "other_target": 0.0},
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
    assert arrays["epochs"].tolist() == [0, 1, 2] and arrays["feature_norms"].shape == (3, 5)
    assert arrays["test_error"][-1] == pytest.approx(wrong, rel=1e-4)  # so few images are all read
    assert len(arrays["steps"]) == len(arrays["sizes"]) == 1 + len(arrays["batch_loss"])
    path = save(config, result)
    assert path.stat().st_size < 4096 and path.with_suffix(".npz").stat().st_size < 200_000


def test_a_record_tells_which_classes_coincide_and_of_a_diverged_network_its_curves():
    config = dataclasses.replace(TINY, head="hadamard", features=8, epochs=1)
    ((_, result),) = fixed_classifiers.run([config], progress=False, workers=1)
    assert result.metrics["coinciding_classes"] == 4 and result.metrics["max_coherence"] == pytest.approx(1)
    config = dataclasses.replace(TINY, learning_rate=1e30)
    ((_, result),) = fixed_classifiers.run([config], progress=False, workers=1)
    assert result.outcome == "diverged" and result.diverged_step >= 1 and "accuracy" not in result.metrics
    assert save(config, result).stat().st_size < 4096


def test_networks_of_one_group_train_side_by_side_as_they_do_alone():
    configs = [dataclasses.replace(TINY, head="hadamard", seed=seed, epochs=1) for seed in (1, 2)]
    for config, result in run_group(configs, device="cpu", progress=False, side_by_side=True):
        ((_, alone),) = run_group([config], device="cpu", progress=False)
        assert result.metrics["final_scale"] == pytest.approx(alone.metrics["final_scale"], rel=1e-3)
        np.testing.assert_allclose(result.arrays["batch_loss"], alone.arrays["batch_loss"], rtol=1e-3)


@pytest.fixture
def pets(data_folder, monkeypatch):
    monkeypatch.setattr(streaming, "_workers", lambda: 0)
    folder_of_images(data_folder / "pets", train=8, test=3)
    return Config(dataset="pets", network="mlp", head="hadamard", epochs=6, batch_size=8, learning_rate=0.01)


def test_a_folder_runs_as_a_set_in_memory_does_on_classes_and_images_that_the_seed_draws(pets):
    assert pets.protocol == "reduced" and len(key(pets)) == 16 and "folder" in pets.fidelity
    ((_, first),) = fixed_classifiers.run([pets], progress=False, workers=1)
    ((_, second),) = fixed_classifiers.run([pets], progress=False, workers=1)
    assert first.metrics == second.metrics and first.outcome == "finished"
    assert first.metrics["accuracy"] > 60  # chance is a third
    assert first.arrays["labels"].tolist() == [0] * 3 + [1] * 3 + [2] * 3
    config = dataclasses.replace(pets, classes=2, train_samples=6)
    found = sets_of(config, "cpu")
    assert found.classes == 2 and found.shape == (3, 32, 32)
    assert found.train.labels.bincount().tolist() == [3, 3] and found.test.labels.tolist() == [0] * 3 + [1] * 3
    titles = [path.parent.name for path in found.train.paths]
    assert [sorted(set(titles)).index(title) for title in titles] == found.train.labels.tolist()


def test_large_networks_take_images_of_224_pixels_and_the_head_of_the_config(pets):
    config = dataclasses.replace(pets, network="shufflenet", head="orthonormal", epochs=None, batch_size=None)
    found = sets_of(config, "cpu")
    assert found.shape == (3, 224, 224) and settings_of(config).epochs == 90
    network = networks.replica(config, found, "cpu").network
    (images,) = found.test.subset(torch.tensor([0])).chunks(1)
    assert network.eval()(images).shape == (1, 3)
    assert network.classifier.kind == "orthonormal" and network.classifier.in_features == 960


def test_readings_are_about_a_hundred_end_every_epoch_and_go_on_where_a_checkpoint_kept_them():
    for epoch, epochs, expected in ((39, 15, 3), (390, 164, 390), (97, 10, 1), (6, 2, 1)):
        assert stretch(epoch, epochs=epochs) == expected
    config, trained = made(head="normalised")
    sets, epoch = sets_of(config, "cpu"), len(trained.batches)
    one, other = (Readings(trained, sets, epoch=epoch) for _ in range(2))
    engine.fit([dataclasses.replace(trained, callbacks=(one,))], steps=epoch, every=1, progress=False)
    other.load_state_dict(one.state_dict())
    engine.fit([dataclasses.replace(trained, callbacks=(one, other))], steps=epoch, every=epoch, progress=False)
    assert other.steps == one.steps and other.sizes == one.sizes and other.errors == one.errors
    assert len(one.errors) == 3 and np.shape(one.norms) == (3, 200)


PAIRS = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (9,)]


def test_the_published_protocol_is_the_default_and_a_plan_crosses_its_lists_where_they_are_used():
    assert settings_of(Config()) == (0.1, 128, 164, (81 / 164, 122 / 164))
    assert settings_of(Config(network="densenet_bc_100_12", dataset="cifar100"))[1:3] == (64, 300)
    heads = ["learned", "orthonormal"]
    configs = fixed_classifiers.plan(heads=heads, scale=[0.1, 1.0], seeds=[1, 2], networks=["resnet_20"])
    assert len(configs) == len({key(config) for config in configs}) == 6
    assert {config.scale for config in configs if config.head == "learned"} == {None}
    language = fixed_classifiers.plan(experiments=["language"], heads=heads, epochs=3, embedding=["pmi", "word2vec"])
    assert [config.embedding for config in language] == ["pmi", "word2vec"]
    assert all(config.head == "learned" and config.network == "resnet_56" for config in language)
    crossed = fixed_classifiers.plan(heads=["orthonormal"], loss=["cross_entropy", "cosine_squared"], initial_scale=9.0)
    assert [(config.loss, config.initial_scale) for config in crossed] == [("cross_entropy", 9), ("cosine_squared", 1)]
    (held,) = fixed_classifiers.plan(heads=["orthonormal"], scale=2.0, initial_scale=9.0)
    assert (held.scale, held.initial_scale) == (2.0, 1.0)


@pytest.mark.parametrize("count, fewest, most", [(2, 1, 2), (3, 1, 3), (4, 2, 4), (6, 2, 4), (10, 4, 4)])
def test_classes_within_and_across_are_of_as_few_and_as_many_groups_as_can_be(count, fewest, most):
    group_of = {label: number for number, group in enumerate(PAIRS) for label in group}
    for seed in range(20):
        chosen = {
            choice: choose_classes(PAIRS, count, choice=choice, generator=data.generator(seed)).tolist()
            for choice in ("within", "across", "drawn")
        }
        assert all(len(set(labels)) == count and labels == sorted(labels) for labels in chosen.values())
        number = {choice: len({group_of[label] for label in labels}) for choice, labels in chosen.items()}
        # a group of one that is drawn early takes the place of a larger one
        assert fewest <= number["within"] <= fewest + 1 and number["across"] == most
    with pytest.raises(ValueError, match=r"count must lie in 2\.\.10, the classes, got 11"):
        choose_classes(PAIRS, 11, choice="drawn", generator=data.generator(1))


def test_every_class_has_its_share_of_a_draw_and_a_run_on_some_classes_sees_these_only():
    labels = torch.arange(300) % 3
    chosen = data.stratified(labels, 60, seed=1)
    assert labels[chosen].bincount().tolist() == [20, 20, 20]
    assert len(chosen.unique()) == 60 and not torch.equal(chosen, data.stratified(labels, 60, seed=2))
    with pytest.raises(ValueError, match=r"train_samples must lie in 3\.\.300, got 301"):
        data.stratified(labels, 301, seed=1)
    found = sets_of(dataclasses.replace(TINY, classes=3, train_samples=90), "cpu")
    assert found.classes == 3 and found.shape == (1, 8, 8)
    assert found.train.labels.bincount().tolist() == [30, 30, 30]
    assert found.test.labels.unique().tolist() == [0, 1, 2]
    assert 100 < len(found.test.labels) < 120
