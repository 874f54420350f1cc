"""Side by side a replica gives what it gives alone, whatever the family, the optimizer and its own settings."""

import dataclasses
import math

import pytest
import torch
from families import ALONE, FAMILIES, STEPS, convolutional, lenets, mixtures, resnets
from torch import nn
from torch.nn.utils import clip_grad_norm_

from spareparts.engine import Replica, fit, predict, predict_each
from spareparts.engine.checkpoint import generators
from spareparts.engine.loop import _choose
from spareparts.engine.replica import Run


def train(replicas, **settings):
    return fit(replicas, **{"steps": STEPS, "progress": False, "every": 7} | settings)


def numbers(replica) -> torch.Tensor:
    """All that training changes: parameters, buffers and what the optimizer keeps."""
    kept = [value for _, state in sorted(replica.optimizer.state_dict()["state"].items()) for value in state.values()]
    tensors = [*replica.network.state_dict().values(), *(value for value in kept if value is not None)]
    return torch.cat([torch.as_tensor(value).detach().double().flatten() for value in tensors])


def furthest(ones, others) -> float:
    return max((numbers(one) - numbers(other)).abs().max().item() for one, other in zip(ones, others, strict=True))


# Against one by one


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


@pytest.mark.parametrize("family", ["mixture with SNNL", "convolutional network", "ResNet, padded shortcuts"])
def test_in_single_precision_it_stays_within_rounding(family):
    together, alone = FAMILIES[family]([1, 2], torch.float32), FAMILIES[family]([1, 2], torch.float32)
    ends, lonely = train(together, side_by_side=True, steps=5), train(alone, side_by_side=False, steps=5)
    assert furthest(together, alone) < 1e-3
    for end, other in zip(ends, lonely, strict=True):
        assert end.losses == pytest.approx(other.losses, rel=1e-4)


def test_bfloat16_stays_near_one_by_one_and_leaves_the_weights_in_float32():
    together, alone = mixtures([1, 2], torch.float32), mixtures([1, 2], torch.float32)
    ends = train(together, side_by_side=True, steps=5, precision="bfloat16")
    lonely = train(alone, side_by_side=False, steps=5, precision="bfloat16")
    assert [end.losses for end in ends] == [pytest.approx(end.losses, rel=0.02) for end in lonely]
    assert all(parameter.dtype == torch.float32 for parameter in together[0].network.parameters())


def test_one_by_one_then_side_by_side_is_one_training():
    mixed, alone = resnets([1, 2], torch.float64), resnets([1, 2], torch.float64)
    for way in (False, True, False):
        train(mixed, side_by_side=way, steps=4)
    train(alone, side_by_side=False, steps=12)
    assert furthest(mixed, alone) < 1e-10


def test_gradients_may_be_changed_before_the_step_each_replicas_its_own():
    def clip(network: nn.Module) -> None:
        clip_grad_norm_(network.parameters(), 0.1)

    together, alone = ([dataclasses.replace(r, adjust=clip) for r in lenets([1, 2], torch.float64)] for _ in range(2))
    unclipped = lenets([1, 2], torch.float64)
    train(together, side_by_side=True)
    train(alone, side_by_side=False)
    train(unclipped, side_by_side=False)
    assert furthest(together, alone) < 1e-10 < furthest(alone, unclipped)


def test_after_training_each_replica_has_tensors_of_its_own():
    replicas = convolutional([1, 2], torch.float32)
    train(replicas, side_by_side=True, steps=2)
    for replica in replicas:
        kept = [value for state in replica.optimizer.state.values() for value in state.values()]
        for tensor in (*replica.network.parameters(), *replica.network.buffers(), *kept):
            assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()


# Families that go one by one


@pytest.mark.parametrize("family", ALONE)
def test_a_family_that_cannot_go_side_by_side_trains_one_by_one_each_as_if_alone(family):
    make, reason = ALONE[family]
    together, alone = make([1, 2, 3]), make([1, 2, 3])
    with pytest.raises(ValueError, match=f"cannot train side by side: .*{reason}"):
        train(make([1, 2, 3]), side_by_side=True)
    ends = train(together)
    lonely = [end for replica in alone for end in train([replica])]
    assert [end.losses for end in ends] == [end.losses for end in lonely]
    assert all(numbers(one).equal(numbers(other)) for one, other in zip(together, alone, strict=True))


@pytest.mark.parametrize("family", ALONE)
def test_where_side_by_side_would_be_chosen_a_warning_names_the_reason(family, monkeypatch):
    make, reason = ALONE[family]
    replicas = make([1, 2])
    monkeypatch.setattr(Replica, "device", torch.device("cuda"))  # several replicas there go side by side unasked
    with pytest.warns(UserWarning, match=f"replicas train one by one: .*{reason}"):
        assert not _choose(replicas, None)


# Callbacks


def test_callbacks_see_each_replica_with_its_own_weights():
    seen, alone = {}, {}
    image = torch.ones(1, 3, 8, 8, dtype=torch.float64)

    def look(into):
        def callback(progress) -> None:
            (scores,) = predict(progress.replica.network, image)
            into[progress.replica.name, progress.step] = (scores[0, 0].item(), progress.losses.mean().item())

        return callback

    train(resnets([1, 2], torch.float64), side_by_side=True, callbacks=[look(seen)])
    train(resnets([1, 2], torch.float64), side_by_side=False, callbacks=[look(alone)])
    assert len(seen) == 6
    assert seen.keys() == alone.keys()
    assert all(seen[place] == pytest.approx(alone[place], rel=1e-6) for place in seen)


def test_a_callback_may_change_the_weights():
    def halve(progress) -> None:
        with torch.no_grad():
            for parameter in progress.replica.network.parameters():
                parameter.mul_(0.5)

    together, alone = lenets([1, 2], torch.float64), lenets([1, 2], torch.float64)
    train(together, side_by_side=True, callbacks=[halve])
    train(alone, side_by_side=False, callbacks=[halve])
    assert furthest(together, alone) < 1e-10


def test_a_replicas_own_callbacks_are_called_for_it_alone():
    calls = []
    one, two = lenets([1, 2], torch.float32)
    one = dataclasses.replace(one, callbacks=(lambda progress: calls.append(progress.replica.name),))
    train([one, two], side_by_side=True, steps=4, every=2)
    assert calls == ["lenet 1", "lenet 1"]


# Divergence


@pytest.mark.parametrize("every", [5, STEPS])
def test_a_replica_that_diverges_is_frozen_and_touches_no_other(every):
    together, alone = lenets([1, 2, 3], torch.float64), lenets([1, 3], torch.float64)
    together[1].settings = {"temperature": math.nan, "weight": 0.0}
    ends = train(together, side_by_side=True, every=every)
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


# No wait for the device, no randomness but the replicas'


def test_within_a_stretch_the_host_never_waits():
    from torch.utils._python_dispatch import TorchDispatchMode

    class Reads(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            self.count += function is torch.ops.aten._local_scalar_dense.default
            return function(*args, **kwargs or {})

    counts = []
    for steps in (2, 9):
        replicas = mixtures([1, 2], torch.float32)
        with Reads() as reads:
            train(replicas, side_by_side=True, steps=steps, every=9)
        counts.append(reads.count)
    assert counts[0] == counts[1] > 0


def test_the_global_random_state_is_neither_used_nor_changed():
    replicas, before = convolutional([1, 2], torch.float32), torch.random.get_rng_state()
    train(replicas, side_by_side=True, steps=2)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_generators_of_masks_are_known_to_checkpoints():
    (replica,) = convolutional([1], torch.float32)
    assert generators(Run(replica=replica, callbacks=())) == [replica.batches.generator] * 2


# Evaluation


@pytest.mark.parametrize("family", ["mixture with SNNL", "convolutional network", "ResNet, projected shortcuts"])
def test_networks_evaluated_side_by_side_give_what_each_gives(family):
    networks = [replica.network for replica in FAMILIES[family]([1, 2, 3], torch.float64)]
    inputs = torch.randn(11, 1 if "mixture" in family else 3, 8, 8, generator=torch.Generator()).double()

    def read(output):
        return (output.gates, output.features) if "mixture" in family else (output,)

    networks[1].eval()
    found = predict_each(networks, inputs, batch_size=4, read=read)
    assert [network.training for network in networks] == [True, False, True]
    for network, mine in zip(networks, found, strict=True):
        for one, other in zip(mine, predict(network, inputs, read=read), strict=True):
            assert one.numpy() == pytest.approx(other.numpy(), abs=1e-12)


# Bad input


def altered(change):
    one, two = lenets([1, 2], torch.float32)
    change(two)
    return [one, two]


def set_(**values):
    return lambda replica: [setattr(replica, name, value) for name, value in values.items()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_(objective=lambda *_: None), "lenet 2 and lenet 1 differ in their objective"),
        (set_(settings={"temperature": 1.0}), "differ in the names of their settings"),
        (lambda r: setattr(r.batches, "batch_size", 7), "differ in the steps of an epoch"),
        (lambda r: setattr(r, "optimizer", torch.optim.SGD(r.network.parameters(), 0.1)), "their kind of optimizer"),
    ],
)
def test_what_cannot_go_side_by_side_is_said_and_goes_one_by_one_where_it_was_not_asked_for(change, message):
    with pytest.raises(ValueError, match=f"replicas cannot train side by side: .*{message}"):
        train(altered(change), side_by_side=True)


def test_batches_that_cannot_be_looked_ahead_into_are_refused():
    (replica,) = lenets([1], torch.float32)
    replica.batches = [next(replica.batches)] * STEPS
    with pytest.raises(ValueError, match="lenet 1 has batches without a state_dict"):
        train([replica], side_by_side=True)


def test_an_optimizer_without_stacked_updates_is_named():
    (replica,) = lenets([1], torch.float32)
    replica.optimizer = torch.optim.RMSprop(replica.network.parameters())
    with pytest.raises(ValueError, match="lenet 1 has the optimizer RMSprop; known are SGD, Adam, AdamW"):
        train([replica], side_by_side=True)


def test_options_without_stacked_updates_are_named():
    (replica,) = lenets([1], torch.float32)
    replica.optimizer = torch.optim.Adam(replica.network.parameters(), amsgrad=True)
    with pytest.raises(ValueError, match="lenet 1 uses amsgrad of its optimizer"):
        train([replica], side_by_side=True)


def test_dropout_of_the_global_random_state_is_refused():
    (replica,) = convolutional([1], torch.float32)
    replica.network[3] = nn.Dropout(0.2)
    with pytest.raises(ValueError, match=r"draws the masks of 3 from the global random state; models.Dropout takes"):
        train([replica], side_by_side=True)


def test_a_module_that_needs_two_masks_a_step_is_refused():
    (replica,) = convolutional([1], torch.float32)
    replica.network[9] = replica.network[3]
    with pytest.raises(ValueError, match="3 would need two masks a step"):
        train([replica], side_by_side=True)


def test_architectures_that_differ_in_a_number_only_are_told_apart():
    one, two = convolutional([1, 2], torch.float32)
    two.network[3].probability = 0.3
    with pytest.raises(ValueError, match="replicas must share one architecture: convolutional 2 differs"):
        train([one, two])
