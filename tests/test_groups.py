"""Groups that fit the memory: planned, halved where the plan was wrong; and the devices that are not there."""

import pytest
import torch
from families import STEPS, convolutional, lenets

from spareparts import engine, experts
from spareparts.engine import fit
from spareparts.engine.groups import fitting, next_group, peek, probe
from spareparts.engine.loop import SideBySide, wrong_steps
from spareparts.engine.replica import Run
from spareparts.engine.trainers import Captured, unchanged
from spareparts.experts.run import SCALARS
from spareparts.records import groups

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: the fast path was not measured")


# The plan


@pytest.mark.parametrize(
    ("count", "each", "free", "size"),
    [
        (30, 0, 1, 30),  # nothing was measured
        (30, 10, 10_000, 30),
        (30, 10, 375, 15),  # 20 would fit: two groups of 15 do better than 20 and 10
        (30, 100, 1, 1),
        (1, 100, 10_000, 1),
    ],
)
def test_groups_fit_the_memory_and_are_nearly_equal(count, each, free, size):
    assert fitting(count, each=each, free=free) == size


def test_the_furthest_go_on_first_and_only_with_those_at_their_step():
    runs = [Run(replica=replica, callbacks=()) for replica in lenets([1, 2, 3, 4], torch.float32)]
    runs[2].done = runs[3].done = 7
    assert next_group(runs, 5) == runs[2:]
    assert next_group(runs, 1) == runs[2:3]
    runs[2].end("finished", steps=7)
    runs[3].end("diverged", steps=7, diverged_step=3)
    assert next_group(runs, 5) == runs[:2]


def test_the_probe_changes_nothing_and_finds_what_a_step_needs():
    (replica,) = convolutional([1], torch.float32)
    drawn, before = (
        replica.batches.generator.get_state(),
        {k: v.clone() for k, v in replica.network.state_dict().items()},
    )
    found = probe(replica, precision="float32")
    assert found.masks == {"3": (12, 6, 8, 8), "9": (12, 20)}
    assert (found.unused, found.bytes) == (frozenset(), 0)
    assert torch.equal(replica.batches.generator.get_state(), drawn)
    assert all(torch.equal(before[name], value) for name, value in replica.network.state_dict().items())
    assert replica.network.training
    assert torch.equal(peek(replica.batches).inputs, next(replica.batches).inputs)


@pytest.mark.parametrize(("finite", "step"), [((1, 1, 1, 1), None), ((1, 0, 1, 0), 2), ((0, 0, 0, 0), 1)])
def test_the_first_step_that_is_not_finite_is_told(finite, step):
    losses = torch.tensor([finite, (1, 1, 1, 1)], dtype=torch.bool)
    assert wrong_steps(losses, torch.tensor([True, True])) == [step, None]
    assert wrong_steps(losses, torch.tensor([True, False])) == [step, 4]


# Too little memory


def short_of(memory: int, *, at_step: int):
    """A trainer that finds too little memory for more than so many replicas, at some step."""

    class Short(SideBySide):
        def stretch(self, steps: int) -> torch.Tensor:
            losses = super().stretch(steps)
            if len(self.replicas) > memory and self.schedules() >= at_step:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return losses

        def schedules(self) -> int:
            return self.first.schedule.last_epoch

    return Short


@pytest.mark.parametrize("at_step", [1, 12])
def test_out_of_memory_halves_the_group_goes_on_and_says_so(at_step, monkeypatch):
    replicas, alone = lenets([1, 2, 3, 4, 5], torch.float64), lenets([1, 2, 3, 4, 5], torch.float64)
    ends = fit(alone, steps=STEPS, progress=False, side_by_side=True)
    monkeypatch.setattr("spareparts.engine.loop.SideBySide", short_of(2, at_step=at_step))
    with pytest.warns(UserWarning) as told:
        found = fit(replicas, steps=STEPS, progress=False, side_by_side=True)
    assert [str(warning.message) for warning in told] == [
        "out of memory with 5 replicas side by side: on with 3",
        "out of memory with 3 replicas side by side: on with 2",
    ]
    assert [end.outcome for end in found] == ["finished"] * 5
    for end, other, one, two in zip(found, ends, replicas, alone, strict=True):
        assert end.losses == pytest.approx(other.losses, rel=1e-6)
        for mine, theirs in zip(one.network.parameters(), two.network.parameters(), strict=True):
            assert mine.detach().numpy() == pytest.approx(theirs.detach().numpy(), abs=1e-10)


def test_too_little_memory_for_one_replica_is_an_error(monkeypatch):
    monkeypatch.setattr("spareparts.engine.loop.SideBySide", short_of(0, at_step=1))
    with pytest.raises(torch.OutOfMemoryError):
        fit(lenets([1], torch.float32), steps=STEPS, progress=False, side_by_side=True)


# The graph


def test_what_is_tried_before_a_capture_leaves_no_trace():
    kept = [torch.arange(3.0), torch.ones(2)]
    with unchanged(kept):
        for tensor in kept:
            tensor.add_(1)
    assert [tensor.tolist() for tensor in kept] == [[0, 1, 2], [1, 1]]


def test_a_capture_that_fails_is_told_and_training_goes_on_without(monkeypatch):
    def fail(step) -> None:
        step()
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr("spareparts.engine.trainers.warm_up", fail)
    monkeypatch.setattr("torch.cuda.CUDAGraph", object)
    total = torch.zeros(2)
    step = Captured(lambda given: total.add_(given).clone(), [total])
    with pytest.warns(UserWarning, match="no CUDA graph, training goes on without: operation not permitted"):
        assert step(torch.ones(2)).tolist() == [1, 1]
    assert step(torch.ones(2)).tolist() == [2, 2]


@needs_cuda
def test_on_cuda_side_by_side_in_one_graph_is_one_by_one():
    together, alone = (convolutional([1, 2, 3], torch.float32) for _ in range(2))
    for replica in (*together, *alone):
        replica.network.cuda()
        replica.batches.inputs, replica.batches.labels = replica.batches.inputs.cuda(), replica.batches.labels.cuda()
    ends = fit(together, steps=5, progress=False)
    lonely = fit(alone, steps=5, progress=False, side_by_side=False)
    assert [end.losses for end in ends] == [pytest.approx(end.losses, rel=1e-3) for end in lonely]


# Which of the experts' configs train together


def test_configs_that_differ_in_seed_and_scalars_train_together():
    config = experts.Config
    asked = [
        config(dataset="digits", seed=1),
        config(dataset="digits", arm="snnl", seed=1, temperature=2.0),
        config(dataset="digits", seed=2, momentum=0.5),
        config(dataset="digits", arm="snnl", seed=7, snnl_weight=3.0),
        config(dataset="digits", seed=3, experts=2),
    ]
    assert list(groups(asked, free=SCALARS, most=30)) == [[asked[0], asked[2]], [asked[1], asked[3]], [asked[4]]]
    many = [config(seed=seed) for seed in range(7)]
    assert [len(group) for group in groups(many, free=SCALARS, most=3)] == [3, 3, 1]


# Devices


def test_a_cuda_device_that_is_not_there_is_said_at_once(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(ValueError, match="device 'cuda:3' is not there: this machine has 0 CUDA devices"):
        list(experts.run([experts.Config(dataset="digits")], device="cuda:3"))
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert engine.choose_device("cuda:1") == "cuda:1"
    assert engine.choose_device() == "cuda"
    with pytest.raises(ValueError, match="device 'cuda:2' is not there: this machine has 2 CUDA devices"):
        engine.choose_device("cuda:2")


def test_a_device_that_pytorch_does_not_know_is_refused():
    with pytest.raises(ValueError, match="device must be cpu, cuda or cuda:0 to cuda:N, got 'gpu'"):
        engine.choose_device("gpu")
    assert engine.choose_device("cpu") == "cpu"
