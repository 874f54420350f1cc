"""Teacher and student: the closed form of the error, the step of online SGD, and how students share the work."""

import dataclasses

import numpy as np
import pytest
import torch

from spareparts.data import generator
from spareparts.redundancy import teacher_student as module
from spareparts.redundancy.config import Config
from spareparts.redundancy.teacher_student import committee, generalization_error, step, teacher_student


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
    loss = 0.5 * (module.Committee(weights=weights, outputs=values)(inputs) - teacher(inputs)).square().sum()
    loss.backward()
    expected = weights - 0.3 * weights.grad, values - (0.3 / 12 * values.grad if both else 0)
    step(student, inputs, teacher(inputs), learning_rate=0.3, both=both)
    assert torch.allclose(student.weights, expected[0].detach())
    assert torch.allclose(student.outputs, expected[1].detach())


@pytest.mark.parametrize("layers", ["first", "both"])
def test_a_student_learns_and_its_outputs_stay_where_the_first_layer_alone_is_trained(layers, monkeypatch):
    monkeypatch.setattr(module, "FEATURES", 10)
    config = Config(experiment="teacher_student", units=3, layers=layers, noise=0.01, iterations=1500)
    metrics, arrays = teacher_student(config, progress=False)
    before, _ = teacher_student(dataclasses.replace(config, iterations=1), progress=False)
    assert metrics["error"] < 0.5 * before["error"]
    assert np.all(arrays["outputs"] == 1) == (layers == "first")
    assert arrays["teacher_overlaps"].shape == (metrics["replicas"], 3, module.TEACHER_UNITS)


def test_students_of_every_width_have_the_same_teacher(monkeypatch):
    taught = []
    error = module.generalization_error
    monkeypatch.setattr(
        module, "generalization_error", lambda one, other: taught.append(other.weights) or error(one, other)
    )
    for units in (2, 4):
        teacher_student(Config(experiment="teacher_student", units=units, iterations=1), progress=False)
    assert torch.equal(taught[0], taught[-1])
