"""Teacher and student: the closed form of the error, the step of online SGD, and how students share the work."""

import dataclasses

import numpy as np
import pytest
import torch

from spareparts.data import generator
from spareparts.redundancy import teacher_student as module
from spareparts.redundancy.config import Config
from spareparts.redundancy.teacher_student import (
    averaging,
    committee,
    generalization_error,
    overlaps,
    step,
    teacher_student,
)


def made(units, seed, features=12, replicas=3):
    return committee(units=units, replicas=replicas, features=features, generator=generator(seed))


def test_the_error_of_a_copy_is_zero():
    teacher = made(2, 1)
    assert torch.allclose(generalization_error(teacher, teacher), torch.zeros(3, dtype=torch.float64), atol=1e-12)


def test_the_closed_form_is_half_the_mean_squared_difference_over_many_inputs():
    student, teacher = made(3, 1, replicas=1), made(2, 2, replicas=1)
    inputs = torch.randn(40_000, 12, generator=generator(3), dtype=torch.float64)
    wide = [
        dataclasses.replace(each, weights=each.weights.expand(40_000, -1, -1), outputs=each.outputs.expand(40_000, -1))
        for each in (student, teacher)
    ]
    sampled = 0.5 * (wide[0](inputs) - wide[1](inputs)).square().mean()
    assert generalization_error(student, teacher).item() == pytest.approx(sampled.item(), rel=0.03)


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


def test_without_noise_a_student_that_is_its_teacher_stays():
    teacher = made(2, 1)
    student = dataclasses.replace(teacher, weights=teacher.weights.clone(), outputs=teacher.outputs.clone())
    inputs = torch.randn(3, 12, generator=generator(4), dtype=torch.float64)
    step(student, inputs, teacher(inputs), learning_rate=0.3, both=True)
    assert torch.equal(student.weights, teacher.weights)


def test_overlaps_of_gaussian_rows_are_nearly_orthonormal():
    rows = made(2, 5, features=20_000).weights
    assert torch.allclose(overlaps(rows, rows), torch.eye(2, dtype=torch.float64).expand(3, 2, 2), atol=0.05)


def test_units_that_share_the_work_evenly_are_counted_and_idle_ones_are_not():
    teacher = made(1, 1)
    copies = teacher.weights.expand(-1, 4, -1).clone()
    shared = module.Committee(weights=copies, outputs=torch.full((3, 4), 0.25, dtype=torch.float64))
    alone = module.Committee(weights=copies, outputs=torch.tensor([[1.0, 0, 0, 0]] * 3, dtype=torch.float64))
    assert torch.allclose(averaging(shared, teacher), torch.full((3,), 4.0, dtype=torch.float64))
    assert torch.allclose(averaging(alone, teacher), torch.ones(3, dtype=torch.float64))
    assert torch.allclose(generalization_error(shared, teacher), torch.zeros(3, dtype=torch.float64), atol=1e-12)


def test_units_that_cancel_each_other_share_by_absolute_values_only():
    teacher = made(1, 1)
    cancelling = module.Committee(
        weights=teacher.weights.expand(-1, 2, -1).clone(),
        outputs=torch.tensor([[1.0, -1.0]] * 3, dtype=torch.float64),
    )
    assert torch.allclose(averaging(cancelling, teacher), torch.full((3,), 2.0, dtype=torch.float64))
    assert torch.allclose(averaging(cancelling, teacher, signed=True), torch.zeros(3, dtype=torch.float64))


@pytest.mark.parametrize("layers", ["first", "both"])
def test_a_student_learns_and_its_outputs_stay_where_the_first_layer_alone_is_trained(layers, monkeypatch):
    monkeypatch.setattr(module, "FEATURES", 10)
    config = Config(experiment="teacher_student", units=3, layers=layers, noise=0.01, iterations=1500)
    metrics, arrays = teacher_student(config, progress=False)
    assert metrics["curve_error"][-1] < 0.5 * metrics["curve_error"][0]
    assert len(metrics["curve_steps"]) == len(metrics["curve_error"])
    assert np.all(arrays["outputs"] == 1) == (layers == "first")
    assert arrays["student_overlaps"].shape == (metrics["replicas"], 3, 3)


def test_students_of_every_width_have_the_same_teacher(monkeypatch):
    monkeypatch.setattr(module, "FEATURES", 10)
    taught = []
    monkeypatch.setattr(module, "measure", lambda student, teacher, **_: taught.append(teacher.weights) or ({}, {}))
    for units in (2, 4):
        teacher_student(Config(experiment="teacher_student", units=units, iterations=3), progress=False)
    assert torch.equal(*taught)
