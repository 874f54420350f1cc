"""Two students: one of a teacher, against the closed form of its error, and XORD, in octants and on the inputs."""

import dataclasses

import numpy as np
import pytest
import torch

from spareparts.data import generator
from spareparts.redundancy import teacher_student, xord
from spareparts.redundancy.config import Config
from spareparts.redundancy.teacher_student import committee, generalization_error, step


def made(units, seed, features=12, replicas=3):
    return committee(units=units, replicas=replicas, features=features, generator=generator(seed))


def test_the_closed_form_is_half_the_mean_squared_difference_over_many_inputs_and_zero_for_a_copy():
    student, teacher = made(3, 1, replicas=1), made(2, 2, replicas=1)
    inputs = torch.randn(40_000, 12, generator=generator(3), dtype=torch.float64)
    wide = [
        dataclasses.replace(each, weights=each.weights.expand(40_000, -1, -1), outputs=each.outputs.expand(40_000, -1))
        for each in (student, teacher)
    ]
    sampled = 0.5 * (wide[0](inputs) - wide[1](inputs)).square().mean()
    assert generalization_error(student, teacher).item() == pytest.approx(sampled.item(), rel=0.03)
    teacher = made(2, 1)
    assert torch.allclose(generalization_error(teacher, teacher), torch.zeros(3, dtype=torch.float64), atol=1e-12)


@pytest.mark.parametrize("both", [False, True])
def test_a_step_is_that_of_autograd_on_half_the_squared_error(both):
    student, teacher = made(3, 1), made(2, 2)
    inputs = torch.randn(3, 12, generator=generator(4), dtype=torch.float64)
    weights, values = student.weights.clone().requires_grad_(), student.outputs.clone().requires_grad_()
    loss = 0.5 * (teacher_student.Committee(weights=weights, outputs=values)(inputs) - teacher(inputs)).square().sum()
    loss.backward()
    expected = weights - 0.3 * weights.grad, values - (0.3 / 12 * values.grad if both else 0)
    step(student, inputs, teacher(inputs), learning_rate=0.3, both=both)
    assert torch.allclose(student.weights, expected[0].detach())
    assert torch.allclose(student.outputs, expected[1].detach())


@pytest.mark.parametrize("layers", ["first", "both"])
def test_a_student_learns_and_its_outputs_stay_where_the_first_layer_alone_is_trained(layers, monkeypatch):
    monkeypatch.setattr(teacher_student, "FEATURES", 10)
    config = Config(experiment="teacher_student", units=3, layers=layers, noise=0.01, iterations=1500)
    metrics, arrays = teacher_student.teacher_student(config, progress=False)
    before, _ = teacher_student.teacher_student(dataclasses.replace(config, iterations=1), progress=False)
    assert metrics["error"] < 0.5 * before["error"]
    assert np.all(arrays["outputs"] == 1) == (layers == "first")
    assert arrays["teacher_overlaps"].shape == (metrics["replicas"], 3, teacher_student.TEACHER_UNITS)


def test_students_of_every_width_have_the_same_teacher(monkeypatch):
    taught = []
    error = teacher_student.generalization_error
    monkeypatch.setattr(
        teacher_student, "generalization_error", lambda one, other: taught.append(other.weights) or error(one, other)
    )
    for units in (2, 4):
        teacher_student.teacher_student(Config(experiment="teacher_student", units=units, iterations=1), progress=False)
    assert torch.equal(taught[0], taught[-1])


def test_an_input_is_positive_where_a_pair_holds_a_value_twice_and_outputs_depend_on_the_patterns_held():
    signs = torch.ones(400).where(torch.arange(400) < 200, -1.0)
    inputs = xord.draw(signs, diverse=0.5, generator=generator(1))
    assert inputs.shape == (400, 10, 2) and set(inputs.unique().tolist()) == {-1, 1}
    assert torch.equal((inputs[..., 0] == inputs[..., 1]).any(1), signs > 0)
    assert torch.equal(xord.held(xord.REPRESENTATIVES), xord.KINDS)
    network = xord.Detector(units=5, replicas=3, generator=generator(4))
    inputs = xord.draw(torch.ones(50), diverse=0.9, generator=generator(5))
    kinds = (xord.held(inputs)[:, None] == xord.KINDS).all(-1).int().argmax(1)
    of_kinds = xord.outputs(network.filters, xord.REPRESENTATIVES)
    assert torch.allclose(xord.outputs(network.filters, inputs), of_kinds[:, kinds], atol=1e-6)


@pytest.mark.parametrize("diverse", [0.0, 0.5, 0.98])
def test_the_twelve_kinds_are_all_that_an_input_can_hold_and_occur_as_stated(diverse):
    (found,) = xord.training_sets(samples=20_000, replicas=1, diverse=diverse, generator=generator(2))
    assert found.sum() == pytest.approx(1)
    assert torch.allclose(found, xord.probabilities(diverse), atol=0.01)
    assert found[xord.SIGNS > 0].sum() == pytest.approx(0.5)  # whatever the draw


def test_a_pass_in_octants_gives_the_outputs_and_the_gradients_of_the_definition():
    network = xord.Detector(units=7, replicas=4, generator=generator(6))
    weights = torch.rand(4, 12, generator=generator(7))
    results = []
    for found in (network(), xord.outputs(network.filters, xord.REPRESENTATIVES)):
        network.filters.grad = None
        (weights * found).sum().backward()
        results.append((found.detach(), network.filters.grad))
    assert torch.allclose(results[0][0], results[1][0], atol=1e-6)
    assert torch.allclose(results[0][1], results[1][1], atol=1e-6)


@pytest.mark.parametrize(("second", "found", "error"), [(1, 4, 0), (0, 3, 100 * 0.5 * 0.25)])
def test_a_filter_on_each_pattern_errs_nowhere_and_a_missed_one_on_inputs_with_no_other(second, found, error):
    filters = torch.stack([xord.PATTERNS[0] * 3, xord.PATTERNS[second] * 3, xord.PATTERNS[2], xord.PATTERNS[3]])[None]
    network = xord.Detector(units=2, replicas=1, generator=generator(8))
    network.filters.data = filters
    _, arrays = xord.measure(network, filters, xord.probabilities(0.5)[None], diverse=0.5)
    assert arrays["found"] == arrays["explored"] == found
    assert arrays["test_error"] == arrays["train_error"] == pytest.approx(error)


def test_a_config_trains_every_replica_and_tells_those_that_fit(monkeypatch):
    monkeypatch.setattr(xord, "REPLICAS", 6)
    config = Config(experiment="xord", units=2, train_samples=6, iterations=20)
    metrics, arrays = xord.xord(config, progress=False)
    assert metrics["replicas"] == 6 and 0 <= metrics["fitted"] <= 6
    assert all(len(values) == 6 for values in arrays.values())
    again = xord.xord(config, progress=False)[1]
    assert all((again[name] == values).all() for name, values in arrays.items())
