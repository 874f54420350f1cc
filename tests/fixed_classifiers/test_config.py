"""Which runs of fixed classifiers there are, and on which classes and images."""

import dataclasses

import pytest
import torch

from spareparts import data, fixed_classifiers
from spareparts.fixed_classifiers import Config
from spareparts.fixed_classifiers.networks import choose_classes, sets_of, settings_of
from spareparts.records import key

TINY = Config(dataset="digits", network="mlp", epochs=2, train_samples=200)
PAIRS = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (9,)]


# Which runs there are


def test_the_published_protocol_is_the_default_and_what_departs_from_it_is_reduced():
    assert settings_of(Config()) == (0.1, 128, 164, (81 / 164, 122 / 164))
    assert settings_of(Config(network="densenet_bc_100_12", dataset="cifar100"))[1:3] == (64, 300)
    assert Config().protocol == Config(network="densenet_bc_100_12", dataset="cifar100").protocol == "paper"
    assert Config(head="hadamard", scale=0.1).protocol == "paper"
    assert Config(precision="bfloat16").protocol == "reduced"
    assert Config(epochs=15).protocol == Config(network="resnet_20").protocol == "reduced"
    assert Config(dataset="cifar100").protocol == Config(train_samples=5_000).protocol == "reduced"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"experiment": "all"}, "experiment must be one of images, language, heads, got 'all'"),
        ({"experiment": "heads", "epochs": 3}, "experiment 'heads' does not use epochs, which must stay None, got 3"),
        ({"experiment": "language", "head": "hadamard"}, "experiment 'language' does not use head"),
        ({"experiment": "language", "scale": 2.0}, "a language model that is not normalised does not use scale"),
        ({"head": "fixed"}, "head must be one of learned"),
        ({"head": "orthonormal", "skip_ones": True}, "head 'orthonormal' does not use skip_ones"),
        ({"head": "orthonormal", "loss": "cosine_squared", "scale": 2.0}, "loss 'cosine_squared' does not use scale"),
        ({"head": "orthonormal", "scale": 2.0, "initial_scale": 10.0}, "scale that is held does not use initial_scale"),
        (
            {"head": "orthonormal", "other_target": 0.0},
            "loss 'cross_entropy' does not use other_target.* -1.0, got 0.0",
        ),
        ({"head": "hadamard", "matrix": "paley", "coordinates": "scattered"}, "'paley' does not use coordinates"),
        ({"head": "hadamard", "scale": -1.0}, "scale must be positive, got -1"),
        ({"head": "hadamard", "scale_decay": -1.0}, "scale_decay must be at least 0"),
        ({"head": "orthonormal", "loss": "cosine_squared", "other_target": -2.0}, "other_target must be at least -1"),
        ({"head": "sparse", "density": 1.5}, r"density must lie in \(0, 1\], got 1.5"),
        ({"classes": 1}, "classes must be at least 2, got 1"),
        ({"shortcut": "projection", "network": "mlp"}, "mlp has none"),
        ({"features": 8, "network": "densenet_bc_100_12"}, "features must stay None"),
        ({"class_choice": "within"}, "needs a number of classes of cifar100, got None of 'cifar10'"),
        ({"network": "resnet_50"}, "resnet_50 needs a folder of images"),
        ({"dataset": "cifar11"}, "unknown data set"),
    ],
)
def test_configs_that_cannot_be_run_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Config(**settings)


def test_a_plan_crosses_its_lists_and_leaves_out_what_a_head_does_not_use():
    heads = ["learned", "orthonormal"]
    configs = fixed_classifiers.plan(heads=heads, scale=[0.1, 1.0], seeds=[1, 2], networks=["resnet_20"])
    assert len(configs) == len({key(config) for config in configs}) == 6
    assert {config.scale for config in configs if config.head == "learned"} == {None}
    language = fixed_classifiers.plan(experiments=["language"], heads=heads, epochs=3)
    assert [config.embedding for config in language] == list(fixed_classifiers.EMBEDDINGS)
    assert all(config.head == "learned" and config.network == "resnet_56" for config in language)


def test_a_first_scale_is_left_out_where_no_scale_is_learned():
    crossed = fixed_classifiers.plan(heads=["orthonormal"], loss=["cross_entropy", "cosine_squared"], initial_scale=9.0)
    assert [(config.loss, config.initial_scale) for config in crossed] == [("cross_entropy", 9), ("cosine_squared", 1)]
    (held,) = fixed_classifiers.plan(heads=["orthonormal"], scale=2.0, initial_scale=9.0)
    assert (held.scale, held.initial_scale) == (2.0, 1.0)


@pytest.mark.parametrize("settings", [{"seeds": [1, 1]}, {"networks": []}, {"experiments": ["none"]}])
def test_plans_that_name_nothing_or_something_twice_are_refused(settings):
    with pytest.raises(ValueError):
        fixed_classifiers.plan(**settings)


REDUCED = {"network": "resnet_20", "train_samples": 5000, "epochs": 15, "precision": "bfloat16"}
TIMED = {"experiment": "heads", "features": 64, "classes": 64, "batch_size": 1}
HUNDRED = REDUCED | {"dataset": "cifar100", "seed": 2}
GOLDEN = {
    "493a68fc82cf5a4b": REDUCED,
    "9dce6b9f803d5921": REDUCED | {"head": "orthonormal", "initial_scale": 10.0, "seed": 2},
    "069cba61f24a87b2": HUNDRED | {"head": "hadamard"},
    "331ff68ab0e3c2e0": HUNDRED | {"head": "orthonormal", "classes": 10, "class_choice": "within"},
    "48abb8c9d0e2f4c0": REDUCED | {"head": "orthonormal", "loss": "cosine_squared"},
    "852038bb0df06fde": {"experiment": "language", "embedding": "pmi", "units": 128, "epochs": 3},
    "e3176863d79f09d2": TIMED | {"head": "hadamard", "phase": "inference"},
}


@pytest.mark.parametrize("expected", GOLDEN)
def test_hashes_never_change(expected):
    assert key(Config(**GOLDEN[expected])) == expected


# Which classes and images


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


def test_every_class_has_its_share_of_a_draw():
    labels = torch.arange(300) % 3
    chosen = data.stratified(labels, 60, seed=1)
    assert labels[chosen].bincount().tolist() == [20, 20, 20]
    assert len(chosen.unique()) == 60 and not torch.equal(chosen, data.stratified(labels, 60, seed=2))
    with pytest.raises(ValueError, match=r"train_samples must lie in 3\.\.300, got 301"):
        data.stratified(labels, 301, seed=1)


def test_a_run_on_some_classes_sees_these_only():
    found = sets_of(dataclasses.replace(TINY, classes=3, train_samples=90), "cpu")
    assert found.classes == 3 and found.shape == (1, 8, 8)
    assert found.train.labels.bincount().tolist() == [30, 30, 30]
    assert found.test.labels.unique().tolist() == [0, 1, 2]
    assert 100 < len(found.test.labels) < 120
