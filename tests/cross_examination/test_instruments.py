"""The cross-examination: its instruments by closed forms, bounds and invariances, and networks that begin alike."""

import copy
import math

import numpy as np
import pytest
import torch

from spareparts import cross_examination, data
from spareparts.cross_examination import Config, classes_fired_for, selectivity, unit_information
from spareparts.cross_examination.config import ARMS, MIXTURES
from spareparts.cross_examination.instruments import (
    frozen_cost,
    matched_barrier,
    matched_distance,
    shared_spare,
    with_fixed_head,
)
from spareparts.cross_examination.networks import MixtureLeNet, build, plain, sets_of, train
from spareparts.distancing.paths import point_of
from spareparts.redundancy.pruning import cut, pruning_curves

SMALL = {"dataset": "digits", "epochs": 2, "width": 40, "hidden_units": 20}
BATCH = 30  # images


@pytest.fixture(scope="module")
def sets():
    return sets_of(Config(**SMALL), "cpu")


def test_a_unit_that_names_the_class_tells_all_and_a_constant_one_nothing():
    labels = np.arange(800) % 8
    activations = np.stack([labels, np.full(800, 2.0), np.minimum(labels, 1)], axis=1).astype(float)
    told = unit_information(activations, labels)
    rare = -(1 / 8) * math.log(1 / 8) - (7 / 8) * math.log(7 / 8)
    assert told == pytest.approx([math.log(8), 0, rare])


def test_information_does_not_change_under_a_rising_map_or_an_order_and_permuted_labels_tell_the_bias():
    draw = np.random.default_rng(0)
    labels = draw.integers(5, size=500)
    activations = np.maximum(draw.normal(size=(500, 4)) + 0.3 * labels[:, None], 0)
    order = draw.permutation(500)
    told = unit_information(activations, labels)
    assert unit_information(np.expm1(activations), labels) == pytest.approx(told)
    assert unit_information(activations[order], labels[order]) == pytest.approx(told)
    draw = np.random.default_rng(0)
    told = unit_information(draw.normal(size=(2_000, 50)), draw.integers(10, size=2_000))
    assert told.mean() == pytest.approx(7 * 9 / (2 * 2_000), rel=0.1)


@pytest.mark.parametrize(
    ("measure", "values", "labels", "message"),
    [
        (unit_information, np.full((3, 2), np.nan), np.arange(3), "activations must be finite, got nan"),
        (selectivity, -np.ones((4, 1)), np.arange(4), "smallest_output must be at least 0, got -1"),
        (selectivity, np.ones((4, 1)), np.zeros(4, dtype=int), "classes must be at least 2, got 1"),
    ],
)
def test_what_cannot_be_read_is_refused(measure, values, labels, message):
    with pytest.raises(ValueError, match=message):
        measure(values, labels)


def test_a_unit_of_one_class_is_fully_selective_and_one_of_all_classes_or_of_none_is_not():
    labels = np.arange(60) % 6
    activations = np.stack([(labels == 2) * 3.0, np.ones(60), np.zeros(60), (labels < 2) * 1.0, labels / 5], axis=1)
    assert selectivity(activations, labels) == pytest.approx([1, 0, 0, (1 - 0.2) / (1 + 0.2), (1 - 0.4) / (1 + 0.4)])
    assert classes_fired_for(activations, labels).tolist() == [1, 6, 0, 2, 5]
    assert selectivity(7 * activations, labels) == pytest.approx(selectivity(activations, labels))


def test_units_in_another_order_are_at_no_distance_and_spare_ones_shared_by_equal_layers_and_by_chance(sets):
    network = plain(build(Config(**SMALL), sets))
    renamed, order = copy.deepcopy(network), torch.randperm(40, generator=data.generator(1))
    with torch.no_grad():
        renamed.fc1.weight[:], renamed.fc1.bias[:] = network.fc1.weight[order], network.fc1.bias[order]
        renamed.fc2.weight[:] = network.fc2.weight[:, order]
    assert matched_distance(network, renamed, seed=0) == pytest.approx(0, abs=1e-6)
    assert matched_barrier(network, renamed, sets, seed=0) == pytest.approx(0, abs=1e-6)
    rows = torch.randn(400, 10, generator=data.generator(0), dtype=torch.float64)
    other = torch.randn(400, 10, generator=data.generator(1), dtype=torch.float64)
    turned = rows / rows.norm(dim=1, keepdim=True).square()
    assert shared_spare(rows, rows) == 1
    assert shared_spare(rows, turned) == 0
    assert shared_spare(rows, other) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("arm", ["control", "fixed_head", "centred"])
def test_only_the_last_layer_is_exchanged_and_the_network_that_is_asked_stays_as_it_was(sets, arm):
    config = Config(**SMALL, arm=arm)
    network = train(config, sets, progress=False).network
    before = copy.deepcopy(network.state_dict())
    frozen = with_fixed_head(network, config, classes=sets.classes)
    assert torch.equal(frozen.fc1.weight, network.fc1.weight)
    assert torch.equal(frozen.fc2.weight, network.fc2.weight)
    assert frozen(sets.test.images[:BATCH]).shape == (BATCH, sets.classes)
    assert -100 <= frozen_cost(network, sets, config, progress=False)["frozen_cost"] <= 100
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_every_arm_is_examined_twice_alike_and_held_against_its_control():
    configs = cross_examination.plan(datasets=["digits"], epochs=2, width=40, hidden_units=20)
    first, second = ({c.arm: r for c, r in cross_examination.run(configs, workers=1, progress=False)} for _ in range(2))
    assert set(first) == set(ARMS)
    for arm, result in first.items():
        told = {name: value for name, value in result.metrics.items() if "seconds" not in name}
        assert told == {name: second[arm].metrics[name] for name in told}
        assert all(math.isfinite(value) for value in told.values())
        assert ("disagreement" in told) == (arm != "control")
        assert ("barrier" in told) == (arm not in ("control", "fixed_head", "mixture"))
        assert 0 <= told["specialized"] <= 100 and told["permuted_specialized"] < 1
        assert 1 <= told["rank"] <= 64 and told["information"] > told["permuted_information"]


def trained(sets, arm, **changed):
    return train(Config(**SMALL | changed, arm=arm), sets, progress=False)


def test_a_network_is_held_against_the_same_without_its_own_cure_and_a_plan_gives_arms_what_they_use():
    mixed = Config(arm="centred_snnl", snnl_weight=2.0, experts=4)
    assert mixed.reference == Config(arm="centred", experts=4)
    assert mixed.reference.reference == Config(arm="mixture", experts=4)
    assert mixed.reference.reference.reference == Config()
    assert Config().reference is None
    configs = cross_examination.plan(datasets=["digits"], strength=[1.0, 2.0], epochs=3)
    assert len(configs) == len(ARMS) + 1 and {config.epochs for config in configs} == {3}
    assert [config.strength for config in configs if config.arm == "pushed"] == [1.0, 2.0]
    assert cross_examination.plan(arms=[]) == cross_examination.plan(arms=ARMS)  # as a notebook's defaults have it


def test_all_arms_but_another_seed_begin_alike_a_push_moves_further_and_a_fixed_head_not_at_all(sets):
    first = {arm: build(Config(**SMALL, arm=arm), sets).fc1.weight for arm in ARMS}
    for arm, weight in first.items():
        assert torch.equal(weight, first["control"]) == (arm != "another_seed")
    done = trained(sets, "fixed_head")
    assert torch.equal(done.network.fc3.projection.matrix(), done.initial.fc3.projection.matrix())
    assert not torch.equal(done.network.fc1.weight, done.initial.fc1.weight)
    pushed, control = (trained(sets, arm, **own) for arm, own in (("pushed", {"strength": 0.0}), ("control", {})))
    for name, value in point_of(control.network).items():
        assert torch.equal(value, point_of(pushed.network)[name])
    moved = [trained(sets, "pushed", epochs=8, strength=strength).metrics["moved"] for strength in (0.0, 100.0)]
    assert moved[1] > 1.5 * moved[0]


@pytest.mark.parametrize("arm", MIXTURES)
def test_the_plain_form_of_a_mixture_chooses_the_classes_that_the_mixture_does(sets, arm):
    network = build(Config(**SMALL, arm=arm), sets)
    assert isinstance(network, MixtureLeNet)
    for batch in sets.train.images[:400].split(100):  # a centred gate's mean is counted in
        network.train()(batch)
    network.eval()
    expected = network.mixture.predict(network(sets.test.images))
    assert torch.allclose(cross_examination.plain(network)(sets.test.images), expected, atol=1e-5)


def test_units_removed_from_a_mixture_are_gone_from_the_gate_and_from_every_expert(sets):
    network = cross_examination.plain(build(Config(**SMALL, arm="mixture"), sets))
    order = torch.randperm(40, generator=data.generator(0))
    counts = pruning_curves(network, *sets.test, [order], layer="fc1")[0]
    consumer = cut(network, "fc1").consumer
    for removed in range(0, 41, 8):  # more and more of them
        with torch.no_grad():
            consumer.weight[:, order[:removed]] = 0
            assert int((network(sets.test.images).argmax(1) == sets.test.labels).sum()) == counts[removed]
    with pytest.raises(ValueError, match="sums must have 9 features"):
        cross_examination.Routed(torch.zeros(3, 5, 2), torch.zeros(3, 5))(torch.zeros(4, 8))
