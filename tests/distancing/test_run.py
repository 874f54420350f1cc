"""Configs, plans, parts of the data, and whole journeys on the digits."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from spareparts import distancing, engine
from spareparts.data import generator
from spareparts.distancing import Config, journey_of, squared_distance, training
from spareparts.distancing.journeys import interval_of, left_behind, opening_of, ready, travel
from spareparts.distancing.paths import point_of
from spareparts.distancing.run import run_one
from spareparts.records import checkpoint_path, key, save

TINY = Config(dataset="digits", epochs=4, checkpoint=1, checkpoints=2, train_samples=256, strength=50.0)


# Configs


def test_the_published_journeys_are_the_default():
    assert (Config().marks, Config().length, Config().protocol) == ((20,), 40, "reduced")  # this network is ours
    resnet = Config(network="resnet_32", dataset="cifar10")
    assert (resnet.marks, resnet.length, resnet.augmented, resnet.protocol) == ((100,), 600, True, "paper")
    several = dataclasses.replace(resnet, checkpoints=3)
    assert (several.marks, several.length) == ((150, 300, 450), 600)
    assert dataclasses.replace(resnet, checkpoints=4).length == 750
    assert dataclasses.replace(resnet, epochs=600, checkpoint=100).protocol == "paper"


def test_an_ensemble_is_about_journeys_like_its_own():
    ensemble = Config(experiment="ensemble", kind="k_fold", members=3, strength=0.0)
    fold = journey_of(ensemble, subset="fold", members=3, member=2)
    assert (fold.experiment, fold.kind, fold.strength, fold.member) == ("journey", "snapshots", 0.0, 2)
    assert journey_of(fold) == fold


def test_a_plan_crosses_its_lists_and_gives_networks_their_own_data():
    configs = distancing.plan(networks=["mlp", "resnet_32"], seeds=[1, 2], strength=[0, 1, 10], width=[])
    assert len(configs) == len({key(config) for config in configs}) == 12
    assert {(config.network, config.dataset) for config in configs} == {("mlp", "mnist"), ("resnet_32", "cifar10")}


# What is trained


def images(part: training.Part) -> set[bytes]:
    return {image.numpy().tobytes() for image in part.images}


def test_every_member_has_the_same_images_held_out_and_a_subset_of_its_own():
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


def test_a_bootstrap_leaves_out_a_share_of_one_over_e():
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


# Journeys


def test_readings_come_at_every_checkpoint_and_at_the_end():
    assert interval_of(Config()) == 1
    assert interval_of(Config(epochs=600, checkpoint=100)) == 4
    assert interval_of(Config(network="resnet_32", dataset="cifar10", checkpoints=3)) == 3
    assert interval_of(Config(epochs=599, checkpoint=100)) == 1


def test_a_journeys_record_has_what_the_chapter_reads_and_fits():
    result = run_one(TINY, progress=False)
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


def test_the_networks_that_a_journey_left_can_be_loaded_and_are_as_far_apart_as_the_record_says():
    result = run_one(TINY, progress=False)
    first, _, end = (point_of(network) for network in left_behind(TINY, progress=False))
    assert squared_distance(first, end) == pytest.approx(result.metrics["squared_distance"][0], rel=1e-3)


def accuracies(strength: float, **settings) -> np.ndarray:
    config = dataclasses.replace(TINY, strength=strength, **settings)
    return travel(config, training.sets_of(config, "cpu"), progress=False)[1].curves()


def test_before_the_checkpoint_all_strengths_go_one_way_and_after_it_the_pushed_one_goes_further():
    common = {"checkpoint": 2, "checkpoints": 1, "epochs": 8, "width": 100.0, "learning_rate": 0.05}
    none, pushed = (accuracies(strength, **common) for strength in (0.0, 100.0))
    assert np.array_equal(none["train_loss"][1:3], pushed["train_loss"][1:3])
    assert pushed["squared_distance"][-1, 0] > 2 * none["squared_distance"][-1, 0]
    assert (none["push_norm"][3:] == 0).all() and (pushed["push_norm"][3:] > 0).all()


def test_a_journey_that_diverges_says_when():
    result = run_one(dataclasses.replace(TINY, learning_rate=1e6), progress=False)
    assert result.outcome == "diverged" and result.diverged_step >= 1


def test_a_journey_that_was_cut_off_goes_on_as_if_it_had_not_been():
    sets, path = training.sets_of(TINY, "cpu"), checkpoint_path([TINY])
    whole, watched, _ = travel(TINY, sets, progress=False)

    def cut(progress: engine.Progress) -> None:
        if progress.step == 3 * steps:
            raise KeyboardInterrupt

    replica, watch = ready(TINY, sets, keep=lambda network, epoch: None)
    steps = len(replica.batches)
    watch.visit(replica.network, 0)
    with pytest.raises(KeyboardInterrupt):
        engine.fit(
            [replica],
            steps=4 * steps,
            every=steps,
            callbacks=[cut],
            progress=False,
            checkpoint=path,
            checkpoint_seconds=0,
        )
    again, went_on, _ = travel(TINY, sets, checkpoint=path, progress=False)
    assert_alike(whole, watched, again, went_on)


def assert_alike(whole, watched, again, went_on) -> None:
    """Both journeys end and are read alike to the last bit."""
    assert all(torch.equal(*pair) for pair in zip(whole.parameters(), again.parameters(), strict=True))
    for name, values in watched.curves().items():
        assert np.array_equal(values, went_on.curves()[name], equal_nan=True), name


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
    again, went_on, _ = travel(config, sets, progress=False)
    assert_alike(whole, watched, again, went_on)
