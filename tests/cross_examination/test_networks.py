"""The networks of the cross-examination: equal beginnings, and one form for all of them."""

import pytest
import torch

from spareparts import cross_examination, data
from spareparts.cross_examination import Config
from spareparts.cross_examination.config import ARMS, MIXTURES
from spareparts.cross_examination.networks import MixtureLeNet, build, sets_of, train
from spareparts.distancing.paths import point_of
from spareparts.redundancy.pruning import cut, pruning_curves

SMALL = {"dataset": "digits", "epochs": 2, "width": 40, "hidden_units": 20}


@pytest.fixture(scope="module")
def sets():
    return sets_of(Config(**SMALL), "cpu")


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
