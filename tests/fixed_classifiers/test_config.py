"""Which runs of fixed classifiers there are, and on which classes and images."""

import dataclasses

import pytest
import torch

from spareparts import data, fixed_classifiers
from spareparts.fixed_classifiers import Config
from spareparts.fixed_classifiers.networks import choose_classes, sets_of, settings_of, stratified
from spareparts.records import key

TINY = Config(dataset="digits", network="mlp", epochs=2, train_samples=200)
PAIRS = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (9,)]


# Which runs there are


def test_the_published_protocol_is_the_default():
    assert settings_of(Config()) == (0.1, 128, 164, (81 / 164, 122 / 164))
    assert settings_of(Config(network="densenet_bc_100_12", dataset="cifar100"))[1:3] == (64, 300)


def test_a_plan_crosses_its_lists_and_leaves_out_what_a_head_or_a_scale_does_not_use():
    heads = ["learned", "orthonormal"]
    configs = fixed_classifiers.plan(heads=heads, scale=[0.1, 1.0], seeds=[1, 2], networks=["resnet_20"])
    assert len(configs) == len({key(config) for config in configs}) == 6
    assert {config.scale for config in configs if config.head == "learned"} == {None}
    language = fixed_classifiers.plan(experiments=["language"], heads=heads, epochs=3)
    assert [config.embedding for config in language] == list(fixed_classifiers.EMBEDDINGS)
    assert all(config.head == "learned" and config.network == "resnet_56" for config in language)
    crossed = fixed_classifiers.plan(heads=["orthonormal"], loss=["cross_entropy", "cosine_squared"], initial_scale=9.0)
    assert [(config.loss, config.initial_scale) for config in crossed] == [("cross_entropy", 9), ("cosine_squared", 1)]
    (held,) = fixed_classifiers.plan(heads=["orthonormal"], scale=2.0, initial_scale=9.0)
    assert (held.scale, held.initial_scale) == (2.0, 1.0)


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
    chosen = stratified(labels, 60, seed=1)
    assert labels[chosen].bincount().tolist() == [20, 20, 20]
    assert len(chosen.unique()) == 60 and not torch.equal(chosen, stratified(labels, 60, seed=2))
    with pytest.raises(ValueError, match=r"train_samples must lie in 3\.\.300, got 301"):
        stratified(labels, 301, seed=1)


def test_a_run_on_some_classes_sees_these_only():
    found = sets_of(dataclasses.replace(TINY, classes=3, train_samples=90), "cpu")
    assert found.classes == 3 and found.shape == (1, 8, 8)
    assert found.train.labels.bincount().tolist() == [30, 30, 30]
    assert found.test.labels.unique().tolist() == [0, 1, 2]
    assert 100 < len(found.test.labels) < 120
