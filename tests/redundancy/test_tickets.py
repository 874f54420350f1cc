"""Tickets: what a mask keeps, that nothing pruned comes back, and how survivors spread over units by chance."""

import copy

import numpy as np
import pytest
import torch

from spareparts import models
from spareparts.data import generator
from spareparts.redundancy import tickets
from spareparts.redundancy.config import Config
from spareparts.redundancy.training import Settings, sets_of

LAYERS = ("fc1", "fc2", "fc3")


def network():
    return models.lenet_300_100(in_features=64, width=12, generator=generator(1))


def full(net):
    return {name: torch.ones_like(net.get_submodule(name).weight, dtype=torch.bool) for name in LAYERS}


def test_the_largest_weights_stay_round_by_round_and_units_of_largest_norm_in_every_layer_but_the_last():
    net = network()
    masks = tickets.prune_weights(net, full(net), share=0.5)
    twice = tickets.prune_weights(net, masks, share=0.5)
    for name in LAYERS:
        weight, mask = net.get_submodule(name).weight.detach().abs(), masks[name]
        assert mask.sum() == round((0.75 if name == "fc3" else 0.5) * mask.numel())
        assert weight[mask].min() >= weight[~mask].max()
        assert (mask | ~twice[name]).all()
    net = network()
    kept = tickets.choose_units(net, share=0.25, criterion="norm", generator=generator(1))
    assert set(kept) == {"fc1", "fc2"}
    assert kept["fc1"].tolist() == sorted(net.fc1.weight.norm(dim=1).topk(3).indices.tolist())


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_pruned_weights_stay_zero_in_training_and_the_others_move(optimizer):
    sets = sets_of(Config(experiment="tickets", dataset="digits"), "cpu")
    masks = tickets.prune_weights(network(), full(network()), share=0.25)
    pruned = tickets.masked_copy(network(), masks)
    before = copy.deepcopy(pruned)
    settings = Settings(optimizer, 0.01, 32, 20)
    start = tickets.train_to_end(pruned, sets, settings=settings, seed=1, masks=masks, progress=False)
    for name in LAYERS:
        weight = pruned.get_submodule(name).weight
        assert (weight[~masks[name]] == 0).all()
        assert not torch.equal(weight, before.get_submodule(name).weight)
        assert torch.equal(start[f"{name}.weight"], before.get_submodule(name).weight)


def test_the_weights_of_the_step_asked_for_are_given():
    sets = sets_of(Config(experiment="tickets", dataset="digits"), "cpu")
    longer, shorter = network(), network()
    kept = tickets.train_to_end(longer, sets, settings=Settings("sgd", 0.01, 32, 15), seed=1, keep=5, progress=False)
    tickets.train_to_end(shorter, sets, settings=Settings("sgd", 0.01, 32, 5), seed=1, progress=False)
    assert all(torch.equal(kept[name], value) for name, value in shorter.state_dict().items())
    with pytest.raises(ValueError, match="rewind must be less than 5, the iterations, got 5"):
        tickets.train_to_end(shorter, sets, settings=Settings("sgd", 0.01, 32, 5), seed=1, keep=5, progress=False)


def test_survivors_drawn_without_preference_have_dispersion_one_and_those_in_few_units_more():
    counts = np.random.default_rng(3).multivariate_hypergeometric([40] * 500, 4000, method="marginals")
    found = tickets.concentration(counts, fan_in=40)
    assert found["dispersion"] == pytest.approx(1, abs=0.2)
    assert found["p_value"] > 0.01
    assert found["empty"] == pytest.approx(found["expected_empty"], abs=0.01)
    found = tickets.concentration(np.array([40] * 10 + [0] * 90), fan_in=40)
    assert found["dispersion"] > 10 and found["p_value"] == 1 / 1000
    assert found["empty"] == 0.9
    assert tickets.concentration(np.full(50, 5), fan_in=40)["dispersion"] == 0  # even ones disperse less than chance
    assert tickets.concentration(np.full(49, 40), fan_in=40)["p_value"] == 1  # all of them, however drawn


def test_runs_prune_round_by_round_or_whole_units_from_every_start():
    config = Config(experiment="tickets", dataset="digits", iterations=30, learning_rate=0.05, kept_fraction=0.25)
    metrics, _ = tickets.tickets(config, progress=False)
    assert metrics["kept"] == [0.5, 0.25]
    assert len(metrics["rewound"]) == len(metrics["resampled"]) == len(metrics["fc1_dispersion"]) == 2
    config = Config(
        experiment="unit_tickets", dataset="digits", iterations=30, learning_rate=0.05, kept_fraction=0.1, rewind=10
    )
    metrics, _ = tickets.unit_tickets(config, progress=False)
    assert metrics["kept"] == [0.1]
    assert all(len(metrics[arm]) == 1 for arm in ("rewound", "resampled", "late"))
