"""Configs, plans, the sweep, parts of the data, schedules, the benchmark, and whole journeys on the digits."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from benchmarks import distancing as rows
from benchmarks.__main__ import subjects
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, StepLR

from spareparts import distancing, engine
from spareparts.data import generator
from spareparts.distancing import Config, journey_of, plan, squared_distance, training
from spareparts.distancing.journeys import interval_of, left_behind, opening_of, ready, travel
from spareparts.distancing.paths import point_of
from spareparts.distancing.training import cosine_rate, schedule_of, step_rate
from spareparts.execute import ROOT
from spareparts.records import checkpoint_path, key, save
from spareparts.sweep.grid import from_file

TINY = Config(dataset="digits", epochs=4, checkpoint=1, checkpoints=2, train_samples=256, strength=50.0)


def test_the_published_journeys_are_the_default_with_readings_at_every_checkpoint_and_at_the_end():
    assert (Config().marks, Config().length, Config().protocol) == ((20,), 40, "reduced")  # this network is ours
    resnet = Config(network="resnet_32", dataset="cifar10")
    assert (resnet.marks, resnet.length, resnet.augmented, resnet.protocol) == ((100,), 600, True, "paper")
    several = dataclasses.replace(resnet, checkpoints=3)
    assert (several.marks, several.length) == ((150, 300, 450), 600)
    assert dataclasses.replace(resnet, checkpoints=4).length == 750
    assert interval_of(Config()) == 1
    assert interval_of(Config(epochs=600, checkpoint=100)) == 4
    assert interval_of(Config(network="resnet_32", dataset="cifar10", checkpoints=3)) == 3
    assert interval_of(Config(epochs=599, checkpoint=100)) == 1


def test_a_plan_crosses_its_lists_and_an_ensemble_is_about_journeys_like_its_own():
    configs = distancing.plan(networks=["mlp", "resnet_32"], seeds=[1, 2], strength=[0, 1, 10], width=[])
    assert len(configs) == len({key(config) for config in configs}) == 12
    assert {(config.network, config.dataset) for config in configs} == {("mlp", "mnist"), ("resnet_32", "cifar10")}
    ensemble = Config(experiment="ensemble", kind="k_fold", members=3, strength=0.0)
    fold = journey_of(ensemble, subset="fold", members=3, member=2)
    assert (fold.experiment, fold.kind, fold.strength, fold.member) == ("journey", "snapshots", 0.0, 2)
    assert journey_of(fold) == fold


def images(part: training.Part) -> set[bytes]:
    return {image.numpy().tobytes() for image in part.images}


def test_every_member_has_the_same_images_held_out_and_a_fold_or_a_bootstrap_of_its_own():
    whole = training.sets_of(dataclasses.replace(TINY, train_samples=None), "cpu")
    assert len(whole.validation.labels) == 287 and len(whole.train.labels) == 1150
    assert not images(whole.train) & images(whole.validation)
    config = dataclasses.replace(TINY, train_samples=None, subset="fold", members=4)
    folds = [training.sets_of(dataclasses.replace(config, member=member), "cpu") for member in range(4)]
    assert sum(len(fold.train.labels) for fold in folds) == 1150
    assert set.union(*(images(fold.train) for fold in folds)) == images(whole.train)
    assert all(torch.equal(fold.validation.images, whole.validation.images) for fold in folds)
    with pytest.raises(ValueError, match="train_samples must be at most 1150, got 1151"):
        training.sets_of(dataclasses.replace(TINY, train_samples=1151), "cpu")
    config = dataclasses.replace(TINY, train_samples=None, subset="bootstrap")
    first, second = (training.sets_of(dataclasses.replace(config, member=member), "cpu").train for member in (0, 1))
    assert len(first.labels) == 1150
    assert len(images(first)) / 1150 == pytest.approx(1 - math.exp(-1), abs=0.04)
    assert images(first) != images(second)


@pytest.mark.parametrize("network, parameters", [("mlp", 535_818 - 512 * (28**2 - 8**2)), ("resnet_20", 269_434)])
def test_networks_have_the_published_sizes(network, parameters):
    config = Config(network=network, dataset="digits")  # fewer pixels than MNIST's
    built = training.build(config, training.sets_of(config, "cpu"), generator=generator(1))
    assert sum(value.numel() for value in built.parameters()) == parameters


def test_a_journeys_record_fits_and_tells_how_far_apart_the_networks_are_that_it_left():
    ((_, result),) = distancing.run([TINY], workers=1, progress=False)
    metrics, arrays = result.metrics, result.arrays
    assert result.outcome == "finished"
    assert len(metrics["squared_distance"]) == 2
    assert metrics["squared_distance"][0] > metrics["squared_distance"][1] > 0
    assert arrays["epoch"].tolist() == [0, 1, 2, 3, 4]
    assert np.isnan(arrays["squared_distance"][0]).all() and arrays["squared_distance"][1, 0] == 0
    assert np.isnan(arrays["squared_distance"][1, 1]) and arrays["squared_distance"][2, 1] == 0
    assert arrays["predictions"].shape == (3, 360)
    path = save(TINY, result)
    assert path.stat().st_size < 4_000 and path.with_suffix(".npz").stat().st_size < 200_000
    first, _, end = (point_of(network) for network in left_behind(TINY, progress=False))
    assert squared_distance(first, end) == pytest.approx(result.metrics["squared_distance"][0], rel=1e-3)


def accuracies(strength: float, **settings) -> np.ndarray:
    config = dataclasses.replace(TINY, strength=strength, **settings)
    return travel(config, training.sets_of(config, "cpu"), progress=False)[1].curves()


def test_from_the_checkpoint_on_the_pushed_one_goes_further_and_one_that_diverges_says_when():
    common = {"checkpoint": 2, "checkpoints": 1, "epochs": 8, "width": 100.0, "learning_rate": 0.05}
    none, pushed = (accuracies(strength, **common) for strength in (0.0, 100.0))
    assert np.array_equal(none["train_loss"][1:3], pushed["train_loss"][1:3])
    assert pushed["squared_distance"][-1, 0] > 2 * none["squared_distance"][-1, 0]
    assert (none["push_norm"][3:] == 0).all() and (pushed["push_norm"][3:] > 0).all()
    ((_, result),) = distancing.run([dataclasses.replace(TINY, learning_rate=1e6)], workers=1, progress=False)
    assert result.outcome == "diverged" and result.diverged_step >= 1


def assert_alike(whole, watched, again, went_on) -> None:
    """Both journeys end and are read alike to the last bit."""
    assert all(torch.equal(*pair) for pair in zip(whole.parameters(), again.parameters(), strict=True))
    for name, values in watched.curves().items():
        assert np.array_equal(values, went_on.curves()[name], equal_nan=True), name


def test_a_journey_that_was_cut_off_behind_its_checkpoints_goes_on_as_if_it_had_not_been():
    sets, path = training.sets_of(TINY, "cpu"), checkpoint_path([TINY])
    whole, watched, _ = travel(TINY, sets, progress=False)
    replica, watch = ready(TINY, sets, keep=lambda network, epoch: None)
    steps = len(replica.batches)

    def cut(progress: engine.Progress) -> None:
        if progress.step == 3 * steps:
            raise KeyboardInterrupt

    watch.visit(replica.network, 0)
    often = {"every": steps, "callbacks": [cut], "checkpoint": path, "checkpoint_seconds": 0}
    with pytest.raises(KeyboardInterrupt):
        engine.fit([replica], steps=4 * steps, progress=False, **often)
    assert_alike(whole, watched, *travel(TINY, sets, checkpoint=path, progress=False)[:2])


def test_journeys_that_differ_in_the_penalty_share_the_way_to_the_first_checkpoint_to_the_last_bit():
    config = dataclasses.replace(TINY, checkpoint=2, checkpoints=1)
    sets, steps = training.sets_of(config, "cpu"), 2
    opening = opening_of(config, steps=steps)
    assert opening == opening_of(dataclasses.replace(config, strength=0.0, width=5.0), steps=steps)
    assert opening != opening_of(dataclasses.replace(config, weight_decay=0.0), steps=steps)
    assert opening.steps == steps and not opening.path.exists()
    assert opening_of(TINY, steps=steps) is None
    whole, watched, _ = travel(config, sets, progress=False)
    opening.path.unlink()
    travel(dataclasses.replace(config, strength=0.0), sets, progress=False)
    assert opening.path.exists()
    assert_alike(whole, watched, *travel(config, sets, progress=False)[:2])


def rates(name: str, *, epochs: int, steps: int = 2, **settings) -> list[float]:
    """Learning rates of every step."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule, found = schedule_of(optimizer, name, steps=steps, **settings), []
    for _ in range(epochs * steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_step_decay_divides_by_ten_twice_and_starts_anew_and_a_constant_rate_has_no_schedule():
    found = rates("step", epochs=14, period=6)
    once = [0.1] * 4 + [0.01] * 4 + [0.001] * 4
    assert found == pytest.approx(once + once + [0.1] * 4)
    theirs = StepLR(torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0), step_size=50, gamma=0.1)
    for epoch in range(150):  # PyTorch's within a cycle
        assert step_rate(epoch, period=150) == pytest.approx(theirs.get_last_lr()[0])
        theirs.optimizer.step()
        theirs.step()
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    assert schedule_of(optimizer, "constant", period=6, steps=5) is None


def test_cosine_restarts_are_pytorchs_by_epoch_and_by_batch():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = CosineAnnealingWarmRestarts(optimizer, T_0=7)
    for epoch in range(20):
        assert cosine_rate(epoch, period=7) == pytest.approx(theirs.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        theirs.step()
    assert rates("cosine", epochs=14, period=7) == pytest.approx(
        [0.1 * cosine_rate(e // 2, period=7) for e in range(28)]
    )
    by_batch = rates("cosine", epochs=14, period=7, per_batch=True)
    assert by_batch == pytest.approx([0.1 * cosine_rate(step, period=14) for step in range(28)])


def test_the_sweep_names_runs_that_can_be_made_each_after_the_journeys_that_it_reads():
    made: list[Config] = []  # of the first seed
    for cell in from_file(ROOT / "notebooks" / "sweeps" / "distancing.yaml"):
        given = {name.lower(): value for name, value in cell.given.items() if name != "MISSING"}
        for config in plan(**given | {"seeds": [1]}):
            snapshots = config.experiment == "ensemble" and config.kind == "snapshots"
            if config.experiment in ("pair", "ridge") or snapshots:
                assert journey_of(config) in made, cell.name
            if config.experiment == "pair" and config.other == "unpushed":
                assert journey_of(config, strength=0.0) in made, cell.name
            made.append(config)
    strengths, widths = ({getattr(config, name) for config in made} for name in ("strength", "width"))
    assert strengths >= {0, 0.1, 1, 10, 100} and widths >= {10, 100, 1000, 10_000}
    long = [config for config in made if config.experiment != "cost" and config.dataset != "digits"]
    trained = {(config.network, config.precision) for config in long}
    assert trained == {("mlp", "float32"), ("resnet_20", "bfloat16")}


def test_both_sides_of_the_benchmark_give_one_gradient():
    assert {"penalty_resnet32", "penalty_mobilenetv2"} <= set(subjects())
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(12, 2))
    rows.check(network, rows.prepared(network, 2))
    wrong = rows.prepared(network, 2)
    wrong.kernel = dataclasses.replace(wrong.kernel, width=1.0)
    with pytest.raises(ValueError, match="gradients differ by"):
        rows.check(network, wrong)
