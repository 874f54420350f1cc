"""Training that was cut off and resumed is training that was not, to the last bit."""

import dataclasses
import functools
import itertools
import types

import pytest
import torch
from families import FAMILIES, STEPS, lenets
from torch import nn

from spareparts import experts, records
from spareparts.data import generator
from spareparts.engine import Kept, Opening, fit
from spareparts.engine.checkpoint import write
from spareparts.experts.run import GateCurve, run_group
from spareparts.models import Dropout


class Cut(Exception):
    """The power fails."""


class Curve(Kept):
    """A callback with a state of its own."""

    KEPT = ("steps",)

    def __init__(self) -> None:
        self.steps = []

    def __call__(self, progress) -> None:
        self.steps.append(progress.step)


def cut_at(name: str, step: int):
    def callback(progress) -> None:
        if progress.replica.name.startswith(name) and progress.step == step:
            raise Cut

    return callback


def prepared(family: str, **changes):
    """Replicas of a family, each with a curve."""
    made = FAMILIES[family]([1, 2], torch.float32)
    return [dataclasses.replace(replica, callbacks=(Curve(),), **changes) for replica in made]


def train(replicas, **settings):
    return fit(replicas, **{"steps": STEPS, "every": 4, "progress": False, "checkpoint_seconds": 0.0} | settings)


def everything(replica) -> list:
    tensors = [*replica.network.state_dict().values()]
    for _, state in sorted(replica.optimizer.state_dict()["state"].items()):
        tensors += [torch.as_tensor(value) for value in state.values() if value is not None]
    return [*(tensor.tolist() for tensor in tensors), replica.schedule.state_dict(), replica.callbacks[0].steps]


def same(ends, others) -> bool:
    return all(
        dataclasses.replace(end, seconds=0.0) == dataclasses.replace(other, seconds=0.0)
        for end, other in zip(ends, others, strict=True)
    )


def test_masks_are_drawn_on_from_where_a_checkpoint_was_taken(tmp_path):
    def made():
        (replica,) = lenets([1], torch.float32)
        return dataclasses.replace(
            replica, network=nn.Sequential(Dropout(0.5, generator=generator(3)), replica.network)
        )

    with pytest.raises(Cut):
        train([made()], checkpoint=tmp_path / "checkpoint", callbacks=[cut_at("lenet", 12)])
    assert same(train([made()], checkpoint=tmp_path / "checkpoint"), train([made()]))


@pytest.mark.parametrize("side_by_side", [False, True])
@pytest.mark.parametrize("family", ["mixture with SNNL", "convolutional network", "ResNet, padded shortcuts"])
def test_resumed_is_uninterrupted_to_the_last_bit(family, side_by_side, tmp_path):
    whole, first, second = prepared(family), prepared(family), prepared(family)
    path = tmp_path / "new" / "group.checkpoint"
    ends = train(whole, side_by_side=side_by_side)
    with pytest.raises(Cut):
        train(first, side_by_side=side_by_side, checkpoint=path, callbacks=[cut_at(first[1].name, 12)])
    assert path.exists()
    called = []
    found = train(second, side_by_side=side_by_side, checkpoint=path, callbacks=[lambda told: called.append(told.step)])
    assert same(found, ends)
    assert [everything(replica) for replica in second] == [everything(replica) for replica in whole]
    # one by one the first replica had finished
    assert called == ([12, 12, 16, 16, 20, 20] if side_by_side else [12, 16, 20])
    assert list(path.parent.iterdir()) == []


def test_an_opening_is_made_once_and_what_begins_there_is_as_if_it_had_made_it(tmp_path):
    opening = Opening(8, tmp_path / "opening")
    whole, first, second = prepared("MLP")[:1], prepared("MLP", name="another")[:1], prepared("MLP")[:1]
    ends = train(whole)
    train(first, opening=opening, steps=12)
    assert opening.path.exists()
    called = []
    found = train(second, opening=opening, callbacks=[lambda told: called.append(told.step)])
    assert same(found, ends) and called == [12, 16, 20]
    assert [everything(replica) for replica in second] == [everything(replica) for replica in whole]
    for steps in (8, 4):
        with pytest.raises(ValueError, match=f"of whole stretches of 4, below {steps} steps, got 8"):
            train(prepared("MLP")[:1], opening=opening, steps=steps)
    with pytest.warns(UserWarning, match="training starts anew: .*opening belongs to"):
        train(prepared("MLP")[:1], opening=opening, every=2)


def test_a_replica_that_had_diverged_stays_so(tmp_path):
    def sick(replicas):
        replicas[0].settings = {"temperature": float("nan"), "weight": 0.0}
        return replicas

    path, made = tmp_path / "checkpoint", functools.partial(lenets, [1, 2], torch.float32)
    with pytest.raises(Cut):
        train(sick(made()), side_by_side=True, checkpoint=path, callbacks=[cut_at("lenet 2", 12)])
    ends = train(sick(made()), side_by_side=True, checkpoint=path)
    assert same(ends, train(sick(made()), side_by_side=True))
    assert (ends[0].outcome, ends[0].diverged_step, ends[1].outcome) == ("diverged", 1, "finished")


def test_it_is_written_every_so_many_seconds_and_not_more_often(tmp_path, monkeypatch):
    written, clock = [], map(float, itertools.count())  # each look at the clock takes a second
    monkeypatch.setattr("spareparts.engine.checkpoint.time", types.SimpleNamespace(perf_counter=lambda: next(clock)))
    monkeypatch.setattr("spareparts.engine.checkpoint.write", lambda content, path: written.append(content))
    train(lenets([1], torch.float32), every=1, checkpoint=tmp_path / "checkpoint", checkpoint_seconds=3.0)
    assert [content["runs"][0]["end"]["steps"] for content in written] == [3, 6, 9, 12, 15, 18]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(b"not a checkpoint"), "training starts anew: .* cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:100]), "training starts anew: .* cannot be read"),
        (lambda path: write({"identity": {"steps": 3}}, path), "training starts anew: .* belongs to {'steps': 3}"),
    ],
)
def test_a_file_that_is_no_checkpoint_of_this_training_is_told_and_left_out(spoil, message, tmp_path):
    path = tmp_path / "checkpoint"
    with pytest.raises(Cut):
        train(prepared("MLP"), checkpoint=path, callbacks=[cut_at("lenet 1", 12)])
    spoil(path)
    with pytest.warns(UserWarning, match=message):
        ends = train(prepared("MLP"), checkpoint=path)
    assert same(ends, train(prepared("MLP")))


def test_a_run_of_the_experts_that_was_cut_off_goes_on_from_the_cache(monkeypatch):
    config = experts.Config(dataset="digits", arm="snnl", seed=2, steps=40, batch_size=16)
    other, read = dataclasses.replace(config, seed=3), GateCurve.__call__

    def read_until_20(curve, progress) -> None:
        read(curve, progress)
        cut_at("", 20)(progress)

    def metrics():
        ((_, result),) = run_group([config], device="cpu", progress=False)
        return records.plain(result.metrics)

    whole = metrics()
    with monkeypatch.context() as patch:
        patch.setattr("spareparts.engine.fit", functools.partial(fit, checkpoint_seconds=0.0))
        patch.setattr(GateCurve, "__call__", read_until_20)
        with pytest.raises(Cut):
            metrics()
    path = records.checkpoint_path([config])
    assert path.exists()
    assert path.stem == f"{records.key(config)}-{records.store.code()}"
    assert metrics() == whole
    assert not path.exists()
    together = records.checkpoint_path([config, other])
    assert together == records.checkpoint_path([other, config]) not in (path, records.checkpoint_path([other]))
