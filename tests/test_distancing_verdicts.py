"""Verdicts of the distancing chapter, and the rows they stand on, from made-up records whose answer is known."""

import math

import numpy as np
import pandas as pd
import pytest
from distancing_made import REDUCED, RESTARTS, cost, ensemble, journey, made_rows

from spareparts import claims
from spareparts.distancing.journey_verdicts import early_distance
from spareparts.distancing.mechanism_verdicts import force, minima
from spareparts.distancing.rows import Line, against, lines, on, paired, pushed, within_seeds
from spareparts.distancing.verdicts import CLAIMS, verdicts

WITHOUT_RECORDS = {"1", "2"}  # are decided from functions alone


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A records folder of the test's own."""
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(tmp_path))
    (tmp_path / "distancing").mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Rows as claimed, with a folder that stays."""
    place = tmp_path_factory.mktemp("records")
    return place, made_rows(place)


def words(rows):
    return {name.rpartition("-")[2]: found.verdict for name, found in verdicts(rows).items()}


# Claims


def test_every_claim_of_the_ledger_has_a_verdict():
    assert list(verdicts(pd.DataFrame())) == [claim.id for claim in claims.load() if claim.word == "distancing"]
    assert len(set(CLAIMS)) == len(CLAIMS)


def test_no_records_are_no_verdicts_but_on_functions(whole):
    found = words(pd.DataFrame())
    assert {number for number, word in found.items() if word == "reproduced"} == WITHOUT_RECORDS
    assert set(found.values()) == {"reproduced", "not run"}
    _, rows = whole
    diverged = words(rows.assign(outcome="diverged"))
    assert diverged == found


def test_records_as_claimed_reproduce_every_claim(whole, monkeypatch):
    place, rows = whole
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(place))
    found = verdicts(rows)
    assert {name: verdict for name, verdict in found.items() if verdict.verdict != "reproduced"} == {}
    assert {verdict.protocol for verdict in found.values()} == {"paper", "reduced"}
    assert "not run: ResNet-32, MobileNetV2" in found["distancing-3"].note


@pytest.mark.parametrize("number", range(3, len(CLAIMS) + 1))
def test_records_against_a_claim_do_not_reproduce_it(folder, number):
    decide = CLAIMS[number - 1]
    assert decide(made_rows(folder, against=number, seeds=4)).verdict == "not reproduced"


def made_once(folder, seeds):
    (folder / "distancing").rmdir()
    return made_rows(folder, seeds=seeds)


def test_one_seed_decides_nothing(folder):
    found = words(made_once(folder, 1))
    assert {number for number, word in found.items() if word != "undecided"} <= WITHOUT_RECORDS


def test_ensembles_of_a_seed_are_one_observation_of_the_equation(whole):
    _, rows = whole
    ensembles = rows[rows.experiment == "ensemble"]
    assert CLAIMS[9](rows).n == ensembles.seed.nunique() < len(ensembles)


def test_a_rate_that_costs_nothing_without_the_push_is_not_too_high_and_decides_nothing(folder):
    own = folder / "distancing"
    common = {"schedule": "cosine", "period": 12} | RESTARTS
    rows = [
        journey(own, seed=seed, strength=strength, learning_rate=rate, accuracy=98.2, **common)
        for seed in (1, 2, 3)
        for strength in (0.0, 1.0)
        for rate in (0.01, 0.1)
    ]
    found = CLAIMS[10](pd.DataFrame(rows))
    assert found.verdict == "undecided" and "n = 3: not too high for this network" in found.note
    harmed = [row | {"accuracy": row["accuracy"] - 5} if row["learning_rate"] == 0.1 else row for row in rows]
    assert CLAIMS[10](pd.DataFrame(harmed)).verdict == "not reproduced"


def test_widths_that_a_journey_hardly_feels_are_named(whole, monkeypatch):
    place, rows = whole
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(place))
    assert "MLP, 40 epochs: hardly felt in so few steps, width 10000" in CLAIMS[6](rows).note


def test_rows_of_another_precision_are_a_line_of_their_own(folder):
    coarse = REDUCED | {"precision": "bfloat16"}
    made = [
        journey(folder / "distancing", seed=1, strength=s, **each) for s in (0.0, 10.0) for each in (coarse, REDUCED)
    ]
    rows = pd.DataFrame(made)
    both = lines(rows)
    assert {line.precision for line in both} == {"float32", "bfloat16"}
    assert {pushed(rows, line) for line in both} == {10.0} and [
        len(on(rows, each, strength=10.0)) for each in both
    ] == [1, 1]
    assert {line.title.endswith("images, bfloat16") for line in both} == {True, False}


# Claims that stand on functions


def test_the_push_is_largest_at_half_a_width_of_squared_distance():
    distances = np.linspace(100, 1_000, 91)
    forces = [force(distance) for distance in distances]
    assert distances[int(np.argmax(forces))] == 500
    assert force(0.0) == 0


def test_the_hill_of_figure_2_1_is_the_only_one_that_leaves_no_minimum():
    assert minima(0.0) == minima(0.99) == pytest.approx([2 / 3], abs=1e-3)
    assert minima(1.0) == []
    # near the figure's height h the minimum lies at 2/3 + 2 (h - 1) / 3
    assert minima(1.03) == pytest.approx([2 / 3 + 0.02], abs=2e-3)
    assert "moves to x = 0.93" in CLAIMS[1](pd.DataFrame()).note


# Rows


def test_lines_are_journeys_of_one_length_and_default_epochs_are_filled_in(whole):
    _, rows = whole
    assert [line.title for line in lines(rows)] == [
        "MLP, 40 epochs",
        "MLP, 80 epochs",
        "ResNet-20, 40 epochs of 5,000 images",
    ]
    assert [line.title for line in lines(rows, several=True)] == [
        "MLP, 48 epochs, 3 checkpoints",
        "MLP, 80 epochs, 3 checkpoints",
    ]
    assert lines(rows)[0] == Line("mlp", "mnist", 40, 20, 1, None)
    digits = rows.assign(dataset="digits")
    assert lines(digits) == []


def test_journeys_of_few_steps_count_with_the_larger_strength(whole):
    _, rows = whole
    assert [pushed(rows, line) for line in lines(rows)] == [1, 1, 10]
    (several, _), resnet = lines(rows, several=True), lines(rows)[-1]
    assert several.growth(1.0) > 20 and resnet.growth(1.0) == pytest.approx(math.exp(975 * 2e-4), rel=1e-3)
    larger = rows[(rows.experiment == "journey") & (rows.strength == 1)].assign(strength=10.0)
    assert pushed(pd.concat([rows, larger]), several) == 1


def test_runs_of_a_line_have_all_other_settings_at_their_default(whole):
    _, rows = whole
    line = lines(rows)[0]
    assert on(rows, line, strength=1.0).seed.tolist() == list(range(1, 11))
    assert sorted(on(rows, line, free=("width",)).width.unique()) == [10, 100, 1_000, 10_000]
    assert on(rows, line, weight_decay=0.0).empty


def test_seeds_pair_and_lengths_of_restarts_are_averaged(folder):
    own = folder / "distancing"
    common = {"schedule": "cosine", "strength": 0.0} | RESTARTS
    rows = pd.DataFrame(
        [journey(own, seed=seed, period=period, **common) for seed, period in ((1, 12), (1, 24), (2, 12))]
    )
    found = paired(rows, rows[rows.seed == 1], "accuracy")
    assert found.first == pytest.approx([rows.accuracy[:2].mean()])
    assert found.protocol == "reduced"


def test_values_within_seeds_know_their_seed_and_a_lonely_run_says_nothing(folder):
    lonely = ensemble(0, 3, strength=1.0, checkpoints=4)
    made = [ensemble(0, seed, strength=s, checkpoints=4) for seed in (1, 2) for s in (1.0, 10.0)]
    rows = pd.DataFrame([*made, lonely])
    found, seeds = within_seeds(rows, "strength", "error_correlation")
    assert found.first.tolist() == [1, 10, 1, 10]
    assert seeds.tolist() == [1, 1, 2, 2]


def test_a_metric_that_a_record_lacks_is_left_out():
    rows = pd.DataFrame({"seed": [1, 2], "a": [1.0, None], "protocol": "paper"})
    assert against(rows, 5.0, "a")[:2] == ([5], [1])
    assert len(against(rows, 5.0, "b").first) == 0


def test_the_early_distance_is_read_a_tenth_of_the_way_after_the_checkpoint(folder):
    row = pd.Series(journey(folder / "distancing", distance=100.0, early=5.0))
    assert early_distance(row) == 5


# Cost


def test_the_share_of_a_step_counts_on_a_gpu_only(folder):
    rows = pd.DataFrame([cost(0, seed, "resnet_32", device="NVIDIA") for seed in (1, 2, 3)])
    assert CLAIMS[7](rows).verdict == "reproduced"
    slow = CLAIMS[7](rows.assign(step_seconds=0.01))
    assert slow.verdict == "not reproduced"
    assert "ResNet-32 10% of a step" in slow.note
