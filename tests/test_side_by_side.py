"""Side by side a replica gives what it gives alone, whatever the family, the optimizer and its own settings."""

import math
from unittest.mock import MagicMock

import pytest
import torch
from families import ALONE, FAMILIES, STEPS, convolutional, lenets, mixtures, resnets
from torch import nn
from toy_training import host_reads

from spareparts import experts
from spareparts.engine import Replica, choose_device, fit, predict
from spareparts.engine.groups import fitting
from spareparts.engine.loop import SideBySide, _choose
from spareparts.engine.trainers import Captured
from spareparts.experts.run import SCALARS
from spareparts.records import groups

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: the fast path was not measured")


def train(replicas, **settings):
    return fit(replicas, **{"steps": STEPS, "progress": False, "every": 7} | settings)


def numbers(replica) -> torch.Tensor:
    """All that training changes: parameters, buffers and what the optimizer keeps."""
    kept = [value for _, state in sorted(replica.optimizer.state_dict()["state"].items()) for value in state.values()]
    tensors = [*replica.network.state_dict().values(), *(value for value in kept if value is not None)]
    return torch.cat([torch.as_tensor(value).detach().double().flatten() for value in tensors])


def furthest(ones, others) -> float:
    return max((numbers(one) - numbers(other)).abs().max().item() for one, other in zip(ones, others, strict=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_in_double_precision_side_by_side_is_one_by_one_to_1e_10(family):
    together, alone = FAMILIES[family]([1, 2, 3], torch.float64), FAMILIES[family]([1, 2, 3], torch.float64)
    ends, lonely = train(together, side_by_side=True), train(alone, side_by_side=False)
    assert furthest(together, alone) < 1e-10
    for end, other in zip(ends, lonely, strict=True):
        assert (end.outcome, end.steps) == ("finished", STEPS)
        assert end.losses == pytest.approx(other.losses, rel=1e-6)
    for one, other in zip(together, alone, strict=True):
        assert torch.equal(one.batches.generator.get_state(), other.batches.generator.get_state())


def test_bfloat16_stays_near_one_by_one_and_leaves_the_weights_in_float32():
    together, alone = mixtures([1, 2], torch.float32), mixtures([1, 2], torch.float32)
    ends = train(together, side_by_side=True, steps=5, precision="bfloat16")
    lonely = train(alone, side_by_side=False, steps=5, precision="bfloat16")
    assert [end.losses for end in ends] == [pytest.approx(end.losses, rel=0.02) for end in lonely]
    assert all(parameter.dtype == torch.float32 for parameter in together[0].network.parameters())


def test_one_by_one_then_side_by_side_is_one_training_and_leaves_each_replica_tensors_of_its_own():
    mixed, alone = resnets([1, 2], torch.float64), resnets([1, 2], torch.float64)
    for way in (False, True, False, True):
        train(mixed, side_by_side=way, steps=3)
    train(alone, side_by_side=False, steps=12)
    assert furthest(mixed, alone) < 1e-10
    for replica in mixed:
        kept = [value for state in replica.optimizer.state.values() for value in state.values()]
        for tensor in (*replica.network.parameters(), *replica.network.buffers(), *kept):
            assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()


@needs_cuda
def test_on_cuda_side_by_side_in_one_graph_is_one_by_one():
    together, alone = (convolutional([1, 2, 3], torch.float32) for _ in range(2))
    for replica in (*together, *alone):
        replica.network.cuda()
        replica.batches.inputs, replica.batches.labels = replica.batches.inputs.cuda(), replica.batches.labels.cuda()
    ends = fit(together, steps=5, progress=False)
    lonely = fit(alone, steps=5, progress=False, side_by_side=False)
    assert [end.losses for end in ends] == [pytest.approx(end.losses, rel=1e-3) for end in lonely]


def test_callbacks_see_and_may_change_each_replica_with_its_own_weights():
    seen, alone = {}, {}
    image = torch.ones(1, 3, 8, 8, dtype=torch.float64)

    def halve_and_look(into):
        def callback(progress) -> None:
            with torch.no_grad():
                for parameter in progress.replica.network.parameters():
                    parameter.mul_(0.5)
            (scores,) = predict(progress.replica.network, image)
            into[progress.replica.name, progress.step] = (scores[0, 0].item(), progress.losses.mean().item())

        return callback

    train(resnets([1, 2], torch.float64), side_by_side=True, callbacks=[halve_and_look(seen)])
    train(resnets([1, 2], torch.float64), side_by_side=False, callbacks=[halve_and_look(alone)])
    assert len(seen) == 6
    assert seen.keys() == alone.keys()
    assert all(seen[place] == pytest.approx(alone[place], rel=1e-6) for place in seen)


@pytest.mark.parametrize(("every", "way"), [(5, True), (STEPS, True), (5, False)])
def test_a_replica_that_diverges_is_frozen_and_touches_no_other(every, way):
    together, alone = lenets([1, 2, 3], torch.float64), lenets([1, 3], torch.float64)
    together[1].settings = {"temperature": math.nan, "weight": 0.0}
    ends = train(together, side_by_side=way, every=every)
    train(alone, side_by_side=False, every=every)
    assert [end.outcome for end in ends] == ["finished", "diverged", "finished"]
    assert (ends[1].diverged_step, ends[1].steps, ends[1].losses) == (1, every, [])
    assert furthest([together[0], together[2]], alone) < 1e-10


def test_the_step_of_divergence_is_that_of_one_by_one():
    def explode(replicas):
        replicas[0].optimizer.param_groups[0]["lr"] = 1e200
        replicas[0].schedule = None
        return replicas

    together = train(explode(lenets([1, 2], torch.float64)), side_by_side=True, every=10)
    alone = train(explode(lenets([1, 2], torch.float64)), side_by_side=False, every=10)
    assert together[0].diverged_step == alone[0].diverged_step > 1
    assert [end.outcome for end in together] == ["diverged", "finished"]


def test_within_a_stretch_the_host_never_waits_and_the_global_random_state_is_neither_used_nor_changed():
    replicas = {steps: convolutional([1, 2], torch.float32) for steps in (2, 7)}
    before = torch.random.get_rng_state()
    few, many = (
        host_reads(lambda steps=steps: train(replicas[steps], side_by_side=True, steps=steps)) for steps in replicas
    )
    assert few == many > 0
    assert torch.equal(torch.random.get_rng_state(), before)


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


def short_of(memory: int, *, at_step: int):
    """A trainer that finds too little memory for more than so many replicas, at some step."""

    class Short(SideBySide):
        def stretch(self, steps: int) -> torch.Tensor:
            losses = super().stretch(steps)
            if len(self.replicas) > memory and self.first.schedule.last_epoch >= at_step:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return losses

    return Short


@pytest.mark.parametrize("at_step", [1, 12])
def test_out_of_memory_halves_the_group_goes_on_and_says_so(at_step, monkeypatch):
    replicas, alone = lenets([1, 2, 3, 4, 5], torch.float64), lenets([1, 2, 3, 4, 5], torch.float64)
    ends = train(alone, side_by_side=True)
    monkeypatch.setattr("spareparts.engine.loop.SideBySide", short_of(2, at_step=at_step))
    with pytest.warns(UserWarning) as told:
        found = train(replicas, side_by_side=True)
    assert [str(warning.message) for warning in told] == [
        "out of memory with 5 replicas side by side: on with 3",
        "out of memory with 3 replicas side by side: on with 2",
    ]
    assert [end.outcome for end in found] == ["finished"] * 5
    assert [end.losses for end in found] == [pytest.approx(end.losses, rel=1e-6) for end in ends]
    assert furthest(replicas, alone) < 1e-10
    monkeypatch.setattr("spareparts.engine.loop.SideBySide", short_of(0, at_step=1))
    with pytest.raises(torch.OutOfMemoryError):
        train(lenets([1], torch.float32), side_by_side=True)


def test_a_capture_that_fails_is_told_leaves_no_trace_and_training_goes_on_without(monkeypatch):
    for name in ("CUDAGraph", "Stream", "stream", "current_stream"):
        monkeypatch.setattr(torch.cuda, name, MagicMock())
    broken = RuntimeError("operation not permitted when stream is capturing")
    monkeypatch.setattr(torch.cuda, "graph", MagicMock(side_effect=broken))
    total = torch.zeros(2)
    step = Captured(lambda given: total.add_(given).clone(), [total])
    with pytest.warns(UserWarning, match="no CUDA graph, training goes on without: operation not permitted"):
        assert step(torch.ones(2)).tolist() == [1, 1]
    assert step(torch.ones(2)).tolist() == [2, 2]


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


@pytest.mark.parametrize("family", ALONE)
def test_a_family_that_cannot_go_side_by_side_trains_one_by_one_each_as_if_alone(family, monkeypatch):
    make, reason = ALONE[family]
    together, alone = make([1, 2, 3]), make([1, 2, 3])
    with pytest.raises(ValueError, match=f"cannot train side by side: .*{reason}"):
        train(make([1, 2, 3]), side_by_side=True)
    ends = train(together)
    lonely = [end for replica in alone for end in train([replica])]
    assert [end.losses for end in ends] == [end.losses for end in lonely]
    assert all(numbers(one).equal(numbers(other)) for one, other in zip(together, alone, strict=True))
    monkeypatch.setattr(Replica, "device", torch.device("cuda"))  # several replicas there go side by side unasked
    with pytest.warns(UserWarning, match=f"replicas train one by one: .*{reason}"):
        assert not _choose(together, None)


def set_(**values):
    return lambda replica: [setattr(replica, name, value) for name, value in values.items()]


def with_optimizer(kind, **settings):
    return lambda replica: setattr(replica, "optimizer", kind(replica.network.parameters(), 0.1, **settings))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_(objective=lambda *_: None), "lenet 2 and lenet 1 differ in their objective"),
        (set_(settings={"temperature": 1.0}), "differ in the names of their settings"),
        (lambda r: setattr(r.batches, "batch_size", 7), "differ in the steps of an epoch"),
        (set_(batches=[None] * 4), "lenet 2 has batches without a state_dict"),
        (set_(adjust=lambda network: None), "lenet 2 adjusts its gradients"),
        (with_optimizer(torch.optim.Adam), "lenet 2 has the optimizer Adam; known is SGD"),
        (with_optimizer(torch.optim.SGD, momentum=0.9, nesterov=True), "lenet 2 uses nesterov of its optimizer"),
        (lambda r: setattr(r.network[0], "generator", torch.Generator()), "draws masks in its forward pass"),
    ],
)
def test_what_cannot_go_side_by_side_is_told(change, message):
    one, two = lenets([1, 2], torch.float32)
    change(two)
    with pytest.raises(ValueError, match=f"replicas cannot train side by side: .*{message}"):
        train([one, two], side_by_side=True)


def test_dropout_cannot_go_side_by_side_and_architectures_that_differ_in_a_number_only_are_told_apart():
    one, two = convolutional([1, 2], torch.float32)
    one.network[7], two.network[7] = nn.Dropout(0.2), nn.Dropout(0.2)
    with pytest.raises(ValueError, match="convolutional 1 draws masks in its forward pass"):
        train([one, two], side_by_side=True)
    two.network[7].p = 0.3
    with pytest.raises(ValueError, match="replicas must share one architecture: convolutional 2 differs"):
        train([one, two])


def test_a_device_that_is_not_there_or_unknown_is_said_at_once(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert choose_device() == choose_device("cpu") == "cpu"
    with pytest.raises(ValueError, match="device 'cuda:3' is not there: this machine has a CPU and 0 CUDA devices"):
        list(experts.run([experts.Config(dataset="digits")], device="cuda:3"))
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert (choose_device("cuda:1"), choose_device()) == ("cuda:1", "cuda")
    with pytest.raises(ValueError, match="device 'cuda:2' is not there: this machine has a CPU and 2 CUDA devices"):
        choose_device("cuda:2")
    with pytest.raises(ValueError, match="device must be cpu, cuda or cuda:0 to cuda:N, got 'gpu'"):
        choose_device("gpu")
