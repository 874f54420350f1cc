"""The experiments on networks that journeys left behind: pairs, ensembles, and what checkpoints cost."""

from unittest.mock import MagicMock

import pytest

from spareparts import data, records
from spareparts.distancing import Config, ensembles, journey_of, pairs, squared_distance
from spareparts.distancing.journeys import left_behind, left_path
from spareparts.distancing.paths import length_of, point_of
from spareparts.distancing.run import COUNTS, run
from spareparts.distancing.training import sets_of

SHORT = {"network": "mlp", "dataset": "digits", "epochs": 3, "checkpoint": 1, "batch_size": 32}


def config(**settings):
    return Config(**(SHORT | settings))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """A short curve, few images and places."""
    monkeypatch.setattr(pairs, "CURVE_STEPS", {"mlp": 5})
    monkeypatch.setattr(pairs, "SHOWN", {"mlp": 50})
    monkeypatch.setattr(pairs, "LONG_STEPS", 5)
    monkeypatch.setattr(pairs, "POSITIONS", (0.0, 0.5, 1.0))
    monkeypatch.setattr(pairs, "DRAWS", 1)


def ran(made):
    ((_, result),) = run([made], progress=False)
    return result


def test_a_pair_begins_and_ends_at_its_networks_fits_a_record_and_needs_no_curve(records_folder, monkeypatch):
    end, checkpoint = left_behind(config(), progress=False)[::-1]
    made = config(experiment="pair")
    result = ran(made)
    metrics = result.metrics
    assert metrics["squared_distance"] == pytest.approx(squared_distance(point_of(end), point_of(checkpoint)), rel=1e-3)
    assert metrics["matched_squared_distance"] <= metrics["squared_distance"] * (1 + 1e-4)
    for ends in (0, -1):
        assert metrics["line_errors"][ends] == metrics["curve_errors"][ends] == metrics["matched_errors"][ends]
    assert min(metrics[f"{name}_error_barrier"] for name in ("line", "curve", "matched")) >= 0
    assert records.save(made, result).stat().st_size < 4096
    monkeypatch.setattr(pairs, "fit_curve", MagicMock(side_effect=FloatingPointError))
    metrics = ran(config(experiment="pair")).metrics
    assert "line_error_barrier" in metrics and "curve_error_barrier" not in metrics


def test_independent_networks_lie_further_apart_and_the_unpushed_twin_is_the_journey_without_strength():
    far, near = (ran(config(experiment="pair", strength=0.0, other=name)) for name in ("independent", "checkpoint"))
    assert far.metrics["squared_distance"] > near.metrics["squared_distance"]
    assert far.metrics["matched_squared_distance"] < far.metrics["squared_distance"]
    result = ran(config(experiment="pair", other="unpushed", strength=100.0, width=10.0))
    twin = left_behind(journey_of(config(), strength=0.0), progress=False)[-1]
    own = left_behind(journey_of(config(), strength=100.0, width=10.0), progress=False)[-1]
    assert result.metrics["squared_distance"] == pytest.approx(
        squared_distance(point_of(own), point_of(twin)), rel=1e-3
    )


def test_ways_of_a_ridge_begin_at_the_checkpoint_and_its_ray_is_as_long_as_its_line():
    result = ran(config(experiment="ridge", strength=100.0))
    metrics, arrays = result.metrics, result.arrays
    assert len(arrays) == 6 and len({values[0] for values in arrays.values()}) == 1
    assert arrays["line_errors"][-1] == arrays["circle_errors"][-1] == arrays["curve_errors"][-1]
    assert arrays["renamed_errors"][-1] == arrays["renamed_errors"][0]
    assert metrics["push_force"][0] == pytest.approx(-metrics["push_force"][1], rel=1e-4)  # along the way alone
    made = config(experiment="ridge", strength=100.0)
    first, second = left_behind(journey_of(made), progress=False)
    ways = pairs.ridge_ways(first, second, made, sets_of(made, "cpu"))
    for position in (0.0, 0.5, 1.0):
        assert length_of(ways["ray"](position)) == pytest.approx(length_of(ways["line"](position)), rel=1e-4)


def test_a_journey_is_made_once_and_snapshots_are_the_checkpoints_and_the_end(monkeypatch):
    made = config(experiment="ensemble", checkpoints=2, epochs=3, members=3)
    networks = ensembles.members_of(made, progress=False)
    left = left_behind(config(checkpoints=2), progress=False)
    assert [squared_distance(point_of(a), point_of(b)) for a, b in zip(networks, left, strict=True)] == [0, 0, 0]
    made = left_behind(config(), progress=False)
    assert left_path(config(), 1).exists() and left_path(config(), 3).exists()
    monkeypatch.setattr("spareparts.distancing.journeys.travel", None)
    again = left_behind(config(), progress=False)
    assert len(made) == len(again) == 2
    for one, other in zip(made, again, strict=True):
        assert squared_distance(point_of(one), point_of(other)) == 0


@pytest.mark.parametrize("kind", ["independent", "bagging", "k_fold", "architectures"])
def test_members_are_journeys_of_their_own(kind):
    journeys = ensembles.journeys_of(config(experiment="ensemble", kind=kind, members=3))
    assert len({records.key(each) for each in journeys}) == 3
    assert {each.experiment for each in journeys} == {"journey"}
    if kind == "architectures":
        assert [each.network for each in journeys] == ["mlp", "resnet_20", "resnet_32"]


def test_an_ensemble_agrees_with_its_members_and_fits_into_a_record(records_folder):
    made = config(experiment="ensemble", kind="k_fold", members=3, strength=0.0, batch_size=16)
    result = ran(made)
    metrics, labels = result.metrics, data.load("digits", "test").labels.numpy()
    predictions = result.arrays["predictions"]
    assert metrics["mean_accuracy"] == pytest.approx(100 * (predictions == labels).mean(), rel=1e-4)
    assert metrics["predicted_errors"][0] == pytest.approx(metrics["measured_errors"][0], rel=0.2)
    assert len(metrics["measured_errors"]) == 3
    assert records.save(made, result).stat().st_size < 4096


def test_no_checkpoint_costs_nothing_and_eight_cost_most():
    result = ran(config(experiment="cost"))
    metrics = result.metrics
    assert metrics["counts"] == list(COUNTS)
    assert metrics["penalty_seconds"][0] < metrics["penalty_seconds"][-1]
    assert metrics["step_seconds"] > 0
    assert result.arrays["penalty_seconds"].min(0) == pytest.approx(metrics["penalty_seconds"], rel=1e-3)
