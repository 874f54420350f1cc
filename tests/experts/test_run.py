"""From a config to a result: same start, same batches, same numbers to the last bit, and every ending a result."""

import json
import math

import numpy as np
import pytest
import torch

from spareparts import data, records
from spareparts.engine import cached_weights
from spareparts.experts import Config, measures, run
from spareparts.experts.config import ARMS
from spareparts.experts.run import GateCurve
from spareparts.experts.training import build, replica, tensors, training_set

STARTED = ("loss_curve", "start_mean_square", "start_losses", "start_scores")  # what a run has that diverged at once

# Seeds other than 1, whose features would be drawn by UMAP, which compiles for 15 s.


def config(**settings) -> Config:
    return Config(**{"dataset": "digits", "seed": 2, "steps": 10, "hidden_units": 16} | settings)


def results(*configs: Config) -> list[records.Result]:
    return [result for _, result in run(configs, device="cpu", progress=False)]


def first(arm: str, **settings):
    mine = replica(config(arm=arm, **settings), "cpu")
    return mine.network.state_dict(), next(mine.batches)


@pytest.mark.parametrize("arm", ["snnl", "ensemble"])
def test_all_arms_of_a_seed_start_from_the_same_weights_and_see_the_same_batches(arm):
    (weights, batch), (other_weights, other_batch) = first("baseline"), first(arm)
    assert all(torch.equal(value, other_weights[name]) for name, value in weights.items())
    assert torch.equal(batch.inputs, other_batch.inputs)
    assert torch.equal(batch.labels, other_batch.labels)


def test_the_schedule_rises_to_its_peak_and_holds_the_momentum_which_may_cycle_as_pytorch_would():
    mine = replica(config(steps=100), "cpu")
    rates, momenta = [], set()
    for _ in range(100):
        rates.append(mine.optimizer.param_groups[0]["lr"])
        momenta.add(mine.optimizer.param_groups[0]["momentum"])
        mine.optimizer.step()
        mine.schedule.step() if len(rates) < 100 else None
    assert max(rates) == pytest.approx(0.1) and 0 < rates.index(max(rates)) < 50
    assert rates[-1] < rates[0] < 0.1 and momenta == {0.9}
    assert replica(config(cycle_momentum=True), "cpu").optimizer.param_groups[0]["momentum"] == 0.95


def test_a_draw_keeps_the_shares_of_the_classes_and_the_seed_alone_fixes_it():
    images, labels, classes = training_set(config(train_samples=500), "cpu")
    _, every, _ = tensors("digits", "train", "cpu")
    counts = torch.bincount(labels, minlength=classes)
    assert len(images) == len(labels) == 500
    assert (counts - 500 * torch.bincount(every) / len(every)).abs().max() <= 1
    assert len(images.flatten(1).unique(dim=0)) >= 499  # two digits of the set are equal

    def draw(count=500, **settings):
        return training_set(config(train_samples=count, **settings), "cpu")[0]

    assert torch.equal(draw(), draw(arm="snnl", steps=3))
    assert not torch.equal(draw(), draw(seed=3))
    assert torch.equal(draw(1437), tensors("digits", "train", "cpu")[0])
    for count in (9, 1438):
        with pytest.raises(ValueError, match=rf"train_samples must lie in 10\.\.1437, got {count}"):
            draw(count)
    with pytest.raises(ValueError, match=r"images must be square and at least 4 pixels wide, got \(4, 6\)"):
        build(config(), images=torch.zeros(2, 1, 4, 6), classes=10, generator=data.generator(0))


def same(one: records.Result, other: records.Result) -> bool:
    """Equal to the last bit; NaN equals NaN."""
    arrays = all(np.array_equal(one.arrays[name], other.arrays[name], equal_nan=True) for name in one.arrays)
    return arrays and one.arrays.keys() == other.arrays.keys() and repr(one.metrics) == repr(other.metrics)


def test_the_same_config_gives_the_same_numbers_and_an_snnl_of_weight_0_those_of_the_baseline():
    torch.manual_seed(0)
    (alone,) = results(config(arm="snnl"))
    torch.manual_seed(1)
    *_, after = results(config(arm="raw", seed=5), config(arm="snnl", seed=4), config(arm="snnl"))
    assert same(alone, after)
    plain, weightless = results(config(), config(arm="snnl", snnl_weight=0.0))
    assert same(plain, weightless)


@pytest.mark.parametrize("arm", sorted(set(ARMS) - {"ensemble"}))
def test_every_arm_learns_and_its_measures_keep_their_bounds(arm):
    (result,) = results(config(arm=arm, steps=60, augment=arm == "simclr"))
    found = result.metrics
    assert result.outcome == "finished"
    assert (0 if arm == "simclr" else 40) < found["accuracy"] <= 100  # crops by 4 pixels leave nothing of 8
    assert sum(found["load"]) == pytest.approx(1, abs=1e-4)
    assert 0 <= found["entropy"] <= math.log(5) + 1e-5
    assert -1e-9 <= found["mutual_information"] <= math.log(5)
    assert found["matched_similarity"] >= found["similarity"]
    assert 0 < found["class_variance"] <= 1 + 1e-6
    assert 0 <= found["neighbour_purity"] <= 1
    assert ("snnl" in found) == (arm != "raw")
    assert arm == "raw" or found["snnl"] <= min(found["block_snnl"]) + 1e-4
    assert len(found["curve_steps"]) == len(found["curve_live"]) == len(found["loss_curve"]) == 20
    assert (result.arrays["predictions"] == tensors("digits", "test", "cpu")[1].numpy()).mean() == pytest.approx(
        found["accuracy"] / 100
    )


def test_an_ensemble_has_no_routing_and_an_expert_that_answers_for_all_the_mixtures_accuracy():
    (result,) = results(config(arm="ensemble", steps=60))
    assert 40 < result.metrics["accuracy"] <= 100
    assert not {"load", "entropy", "mutual_information", "second_choice_accuracy"} & result.metrics.keys()
    assert result.metrics["live_similarity"] == pytest.approx(result.metrics["similarity"], abs=1e-6)
    assert result.metrics["curve_live"] == []
    (result,) = results(config(steps=60, experts=1))
    assert result.metrics["second_choice_accuracy"] == pytest.approx(result.metrics["accuracy"])


def test_a_learned_temperature_moves_and_a_gate_that_cannot_keeps_its_first_weights_but_for_their_decay():
    (result,) = results(config(arm="snnl", temperature_schedule="learned"))
    assert 0 < result.metrics["learned_temperature"] != 1
    settings = config(gate_learning_rate=1e-12)
    (result,) = results(settings)
    trained = replica(settings, "cpu").network
    before = trained.gate.weight.detach().clone()
    cached_weights(trained, records.weights_path(settings))
    assert result.outcome == "finished"
    assert torch.allclose(trained.gate.weight, before, atol=1e-7)


def test_readings_are_as_many_as_asked_for_and_what_moves_a_gate_is_read_before_the_first_step():
    (result,) = results(config(steps=12, readings=6))
    assert result.metrics["curve_steps"] == [2, 4, 6, 8, 10, 12]
    assert all(0 < share < 1 for share in result.metrics["curve_mean_share"])
    short, long = results(config(steps=2), config(steps=20))
    for name in ("start_mean_square", "start_losses", "start_scores"):
        assert short.metrics[name] == long.metrics[name]
    assert len(short.metrics["start_losses"]) == 5


def test_a_record_is_small_and_the_cached_weights_are_those_that_were_measured(records_folder):
    rows = records.load_or_run([config()], lambda configs: run(configs, device="cpu", progress=False), missing="run")
    (row,) = rows.to_dict("records")
    path = records_folder / "experts" / f"{row['hash']}.json"
    assert json.loads(path.read_text())["config"]["hidden_units"] == 16
    assert path.stat().st_size <= 4 * 1024
    assert path.with_suffix(".npz").stat().st_size <= 200 * 1024
    (result,) = results(config())
    images, _, classes = tensors("digits", "test", "cpu")
    network = build(config(), images=images, classes=classes, generator=data.generator(0))
    cached_weights(network, records.weights_path(config())).eval()
    predictions = network.predict(network(images)).argmax(1).numpy()
    assert (predictions == result.arrays["predictions"]).all()


def test_a_run_that_diverges_is_a_result_with_its_step_even_if_only_outputs_overflow():
    wild, tame = results(config(peak_learning_rate=1e12, steps=5), config())
    assert (wild.outcome, wild.arrays) == ("diverged", {})
    assert wild.diverged_step == len(wild.metrics["loss_curve"]) + 1 <= 5
    assert wild.metrics.keys() == {*STARTED, *GateCurve.KEPT}
    assert (tame.outcome, tame.diverged_step) == ("finished", None)
    (result,) = results(config(peak_learning_rate=1e20, steps=1))
    assert (result.outcome, result.diverged_step, result.arrays) == ("diverged", 1, {})


def test_a_data_set_that_is_not_there_is_told_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setenv("SPAREPARTS_DATA", str(tmp_path))
    with pytest.raises(data.DataMissing, match="python -m spareparts data fetch cifar10"):
        next(run([config(), config(dataset="cifar10")], device="cpu", progress=False))


@pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning")
def test_the_features_of_the_figures_seed_are_drawn(monkeypatch):
    # What UMAP is asked for is checked by itself, and what it would compile for a minute is left out.
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    import umap

    monkeypatch.setattr(umap.UMAP, "fit_transform", lambda self, features: features[:, : self.n_components])
    monkeypatch.setattr(measures, "DATASETS", ("digits",))
    (result,) = results(config(seed=1, hidden_units=128))
    assert result.arrays["umap"].shape == (360, 2)
    assert np.isfinite(result.arrays["umap"]).all() and result.arrays["umap"].std(axis=0).all()
    assert (result.arrays["umap_labels"] == tensors("digits", "test", "cpu")[1].numpy()).all()
