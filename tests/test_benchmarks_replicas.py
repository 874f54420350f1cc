"""The benchmarks of many replicas: what is counted, and what a machine without the device says."""

import pytest
import torch
from benchmarks import gpu_session, replicas
from benchmarks.__main__ import subjects
from benchmarks.row import Skipped


class Fake:
    """A worker that takes a second a step, in its own time."""

    def __init__(self, start: float) -> None:
        self.start = start

    def begin(self, steps: int) -> None:
        self.steps = steps

    def answer(self):
        return (self.start, self.start + self.steps, 0), None


def test_every_row_of_the_subject_is_found():
    assert {"replicas_cpu", "replicas_gpu_1", "replicas_gpu_5", "replicas_gpu_30"} <= set(subjects())
    assert set(gpu_session.ROWS) <= set(subjects())


def test_two_workers_at_once_take_half_the_time_for_a_step_and_one_after_the_other_all_of_it():
    assert replicas.together([Fake(5.0), Fake(5.0)], steps=4) == pytest.approx(500)
    assert replicas.together([Fake(5.0), Fake(9.0)], steps=4) == pytest.approx(1000)


def test_the_error_of_a_worker_is_raised():
    worker = Fake(0.0)
    worker.answer = lambda: (None, ValueError("no data"))
    with pytest.raises(ValueError, match="no data"):
        replicas.answer(worker)


def test_one_core_cannot_be_compared_with_two(monkeypatch):
    monkeypatch.setattr(replicas, "cores", lambda: 1)
    with pytest.raises(Skipped, match="needs 2 cores, found 1"):
        replicas.replicas_cpu()


@pytest.mark.parametrize("count", [1, 5, 30])
def test_without_a_gpu_its_rows_are_skipped_with_the_reason(count, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(Skipped, match="no CUDA device was found"):
        subjects()[f"replicas_gpu_{count}"]()
    with pytest.raises(SystemExit, match="no CUDA device was found: nothing was checked, measured or run"):
        gpu_session.main()


def test_what_the_gpu_rows_train_trains_side_by_side(monkeypatch):
    draw = torch.Generator()
    images, labels = torch.rand(200, 1, 28, 28, generator=draw), torch.arange(200) % 10
    monkeypatch.setattr(replicas, "on", lambda device: (images, labels))
    made = replicas.prepared.__wrapped__(2, "cpu")
    replicas.train(made, steps=2)
    assert [replica.name for replica in made] == ["seed 1", "seed 2"]


def test_a_steps_operations_are_three_times_those_of_its_forward_pass(monkeypatch):
    draw = torch.Generator()
    images, labels = torch.rand(200, 1, 28, 28, generator=draw), torch.arange(200) % 10
    monkeypatch.setattr(replicas, "on", lambda device: (images, labels))
    monkeypatch.setattr(replicas, "prepared", replicas.prepared.__wrapped__)
    # two convolutions, five experts of one hidden layer and a gate, a multiplication and an addition each
    forward = 2 * 100 * (28**2 * 9 * 32 + 14**2 * 9 * 32 * 64 + 3136 * (5 * 128 + 5) + 5 * 128 * 10)
    snnl = 2 * 100**2 * (32 * 14**2 + 64 * 7**2)
    first = 2 * 100 * 28**2 * 9 * 32  # the images need no gradient
    assert replicas.flops() == pytest.approx(3 * (forward + snnl) - first, rel=0.01)
