"""XORD: what the patterns are, that a step in octants is the step on the inputs, and what a trained layer finds."""

import pytest
import torch

from spareparts.data import generator
from spareparts.redundancy import xord as module
from spareparts.redundancy.config import Config


def test_an_input_is_positive_where_a_pair_holds_a_value_twice_and_outputs_depend_on_the_patterns_held():
    signs = torch.ones(400).where(torch.arange(400) < 200, -1.0)
    inputs = module.draw(signs, diverse=0.5, generator=generator(1))
    assert inputs.shape == (400, 10, 2) and set(inputs.unique().tolist()) == {-1, 1}
    assert torch.equal((inputs[..., 0] == inputs[..., 1]).any(1), signs > 0)
    assert torch.equal(module.held(module.REPRESENTATIVES), module.KINDS)
    network = module.Detector(units=5, replicas=3, generator=generator(4))
    inputs = module.draw(torch.ones(50), diverse=0.9, generator=generator(5))
    kinds = (module.held(inputs)[:, None] == module.KINDS).all(-1).int().argmax(1)
    of_kinds = module.outputs(network.filters, module.REPRESENTATIVES)
    assert torch.allclose(module.outputs(network.filters, inputs), of_kinds[:, kinds], atol=1e-6)


@pytest.mark.parametrize("diverse", [0.0, 0.5, 0.98])
def test_the_twelve_kinds_are_all_that_an_input_can_hold_and_occur_as_stated(diverse):
    (found,) = module.training_sets(samples=20_000, replicas=1, diverse=diverse, generator=generator(2))
    assert found.sum() == pytest.approx(1)
    assert torch.allclose(found, module.probabilities(diverse), atol=0.01)
    assert found[module.SIGNS > 0].sum() == pytest.approx(0.5)  # whatever the draw


def test_a_pass_in_octants_gives_the_outputs_and_the_gradients_of_the_definition():
    network = module.Detector(units=7, replicas=4, generator=generator(6))
    weights = torch.rand(4, 12, generator=generator(7))
    results = []
    for found in (network(), module.outputs(network.filters, module.REPRESENTATIVES)):
        network.filters.grad = None
        (weights * found).sum().backward()
        results.append((found.detach(), network.filters.grad))
    assert torch.allclose(results[0][0], results[1][0], atol=1e-6)
    assert torch.allclose(results[0][1], results[1][1], atol=1e-6)


@pytest.mark.parametrize(("second", "found", "error"), [(1, 4, 0), (0, 3, 100 * 0.5 * 0.25)])
def test_a_filter_on_each_pattern_errs_nowhere_and_a_missed_one_costs_the_inputs_that_hold_no_other(
    second, found, error
):
    filters = torch.stack(
        [module.PATTERNS[0] * 3, module.PATTERNS[second] * 3, module.PATTERNS[2], module.PATTERNS[3]]
    )[None]
    network = module.Detector(units=2, replicas=1, generator=generator(8))
    network.filters.data = filters
    _, arrays = module.measure(network, filters, module.probabilities(0.5)[None], diverse=0.5)
    assert arrays["found"] == arrays["explored"] == found
    assert arrays["test_error"] == arrays["train_error"] == pytest.approx(error)


def test_a_config_trains_every_replica_and_tells_those_that_fit(monkeypatch):
    monkeypatch.setattr(module, "REPLICAS", 6)
    config = Config(experiment="xord", units=2, train_samples=6, iterations=20)
    metrics, arrays = module.xord(config, progress=False)
    assert metrics["replicas"] == 6 and 0 <= metrics["fitted"] <= 6
    assert all(len(values) == 6 for values in arrays.values())
    again = module.xord(config, progress=False)[1]
    assert all((again[name] == values).all() for name, values in arrays.items())
