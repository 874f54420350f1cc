"""Verdicts of the fixed-classifiers chapter, and the rows they stand on, from made-up records of known answer."""

import math

import numpy as np
import pandas as pd
import pytest
from fixed_classifiers_made import SHORT, config_of, made_rows, trained
from made import made_line

from spareparts import claims
from spareparts.fixed_classifiers import cost_verdicts, head_verdicts
from spareparts.fixed_classifiers.decisions import equal
from spareparts.fixed_classifiers.rows import FIXED, LEARNED, against, compared, longest, measured, prices, runs
from spareparts.fixed_classifiers.training_verdicts import better_fit, sooner
from spareparts.fixed_classifiers.verdicts import CLAIMS, verdicts
from spareparts.stats import Pairs

COUNTED = {6}  # decided by counting parameters, whatever has run


def words(rows):
    return {int(name.rpartition("-")[2]): found.verdict for name, found in verdicts(rows).items()}


def pair(seed, *, lost=1.0, **settings):
    """A learned and a fixed head, the second so many points worse."""
    base = {"dataset": "cifar10", "seed": seed} | settings
    yield trained(config_of(**base), accuracy=60.0)
    yield trained(config_of(head="orthonormal", **base), accuracy=60.0 - lost)


# Claims


def test_every_claim_of_the_ledger_has_a_verdict():
    assert list(verdicts(pd.DataFrame())) == [claim.id for claim in claims.load() if claim.word == "fixed_classifiers"]
    assert len(set(CLAIMS)) == len(CLAIMS)


def test_without_records_only_counting_says_anything():
    found = words(pd.DataFrame())
    assert found.pop(6) == "reproduced"
    assert (found.pop(5), found.pop(11)) == ("undecided", "undecided")  # their shares are counted
    assert set(found.values()) == {"not run"}
    assert words(made_rows(seeds=2).assign(outcome="diverged")) == words(pd.DataFrame())


def test_records_as_claimed_reproduce_every_claim():
    found = verdicts(made_rows())
    assert {name: verdict for name, verdict in found.items() if verdict.verdict != "reproduced"} == {}
    paper = {int(name.rpartition("-")[2]) for name, verdict in found.items() if verdict.protocol == "paper"}
    assert paper == {5, 6}
    assert {verdict.n for name, verdict in found.items() if not name.endswith(("-6", "-7"))} == {5}


@pytest.mark.parametrize("number", [number for number in range(1, len(CLAIMS) + 1) if number not in COUNTED])
def test_records_against_a_claim_do_not_reproduce_it(number):
    assert CLAIMS[number - 1](made_rows(against=number)).verdict == "not reproduced"


def test_a_share_that_is_not_the_published_one_does_not_reproduce_claim_6():
    assert cost_verdicts.share_of("ResNet-50", 8).verdict == "reproduced"
    verdict = cost_verdicts.share_of("ResNet-50", 12)
    assert verdict.verdict == "not reproduced"
    assert verdict.effect == pytest.approx(8.01, abs=0.01)
    assert "2,048,000 of 25,557,032 parameters" in verdict.note


def test_one_seed_decides_nothing_that_seeds_must():
    assert {number for number, word in words(made_rows(seeds=1)).items() if word != "undecided"} == COUNTED


def test_equivalence_tells_its_power_whatever_it_says():
    draw = np.random.default_rng(0)
    for shift, word in ((0.0, "reproduced"), (5.0, "not reproduced"), (0.5, "undecided")):
        values = draw.normal(size=6)
        verdict = equal(Pairs(values, values + shift + 0.1 * draw.normal(size=6), "reduced"))
        assert verdict.verdict == word
        assert "n = 6 had power" in verdict.note
        assert ("more accurate than the learned head" in verdict.note) == (word == "not reproduced")
    assert "more accurate" not in equal(Pairs(values, values - 5.0 + 0.1 * draw.normal(size=6), "reduced")).note


def test_claim_5_without_densenet_is_open_and_says_what_has_not_run():
    rows = made_rows(seeds=2)
    verdict = CLAIMS[4](rows[rows.network != "densenet_bc_100_12"])
    assert verdict.verdict == "undecided"
    assert "not run: accuracy" in verdict.note and "share 4.27%" in verdict.note


def test_claim_12_lists_the_price_of_each_number_of_classes():
    note = CLAIMS[11](made_rows(seeds=3)).note
    assert [part.split(":")[0] for part in note.rpartition("by classes ")[2].split(", ")] == [
        "2",
        "10",
        "20",
        "50",
        "100",
    ]


def test_perplexities_are_compared_on_the_text_that_most_models_read():
    rows = made_rows(seeds=3)
    assert cost_verdicts.text_of(rows) == "ptb"
    more = rows[rows.experiment == "language"].assign(corpus="wikitext_2", perplexity=100.0)
    both = pd.concat([rows, more])
    assert cost_verdicts.text_of(both) == "wikitext_2"
    found = cost_verdicts.perplexities(both, "orthogonal", "pmi")
    assert np.allclose(found.first, math.log(100.0))


def test_claim_7_states_the_size_from_which_a_hadamard_head_is_faster():
    rows = made_rows(seeds=2)
    verdict = head_verdicts.faster(rows, "inference")
    assert verdict.effect == pytest.approx(256)
    assert verdict.note == "at 4,096 features and classes 0.062 times a learned head's time; batch 256, processor"
    assert head_verdicts.faster(made_rows(against=7, seeds=1), "training").verdict == "not reproduced"
    few = rows[rows.features != 64]
    assert head_verdicts.faster(few, "inference").verdict == "undecided"


def test_a_stored_matrix_is_not_nothing():
    rows = made_rows(seeds=1)
    assert head_verdicts.nothing_is_stored(rows).effect == 0
    rows["matrix_bytes"] = rows.matrix_bytes.where(rows["head"] != "hadamard", 4.0)
    assert head_verdicts.nothing_is_stored(rows).verdict == "not reproduced"


# Rows


def test_pairs_share_seed_and_training_and_the_longest_with_seeds_enough_counts():
    lines = [line for seed in (1, 2, 3) for line in pair(seed, **SHORT)]
    lines += [line for seed in (1, 2) for line in pair(seed, lost=3.0, network="resnet_20", epochs=100)]
    rows = pd.DataFrame(lines)
    assert sorted(compared(rows, LEARNED, FIXED, dataset="cifar10").seed) == [1, 2, 3]
    longer = pd.DataFrame([*lines, *pair(3, lost=3.0, network="resnet_20", epochs=100)])
    found = measured(compared(longer, LEARNED, FIXED, dataset="cifar10"), "accuracy")
    assert np.allclose(found.second - found.first, -3.0, atol=0.2)
    assert found.protocol == "reduced"


def test_what_is_published_is_longer_than_any_number_and_called_paper():
    lines = [line for seed in (1, 2, 3) for settings in ({}, {"epochs": 500}) for line in pair(seed, **settings)]
    found = compared(pd.DataFrame(lines), LEARNED, FIXED, dataset="cifar10")
    assert len(found) == 3 and found.epochs_first.isna().all()
    assert measured(found, "accuracy").protocol == "paper"


def test_runs_trained_otherwise_are_never_paired():
    first, _ = pair(1, **SHORT)
    _, second = pair(1, **SHORT | {"epochs": 20})
    assert compared(pd.DataFrame([first, second]), LEARNED, FIXED, dataset="cifar10").empty


def test_other_heads_settings_and_diverged_runs_stay_out():
    rows = made_rows(seeds=2)
    found = runs(rows, dataset="cifar10", head="orthonormal")
    assert found.seed.tolist() == [1, 2] and found.scale.isna().all() and (found.loss == "cross_entropy").all()
    rows["outcome"] = rows.outcome.where(rows.seed != 1, "diverged")
    assert runs(rows, dataset="cifar10", head="orthonormal").seed.tolist() == [2]
    assert runs(rows, dataset="mnist").empty and longest(runs(rows, dataset="mnist")).empty


def test_prices_have_the_number_of_classes_that_were_trained_on():
    found = prices(made_rows(seeds=1), free=("classes",), dataset="cifar100")
    assert found.classes.tolist() == [2, 10, 20, 50, 100]
    assert np.allclose(found.price[:4].to_numpy(float), np.log10([2, 10, 20, 50]) - 2, atol=0.2)


def test_speed_counts_accuracies_well_above_chance_that_both_reached():
    row = pd.Series(
        {"epochs_to_first": {"10": 0, "20": 4, "30": 9}, "epochs_to_second": {"10": 1, "20": 2, "30": 6, "40": 7}}
    )
    assert sooner(row) == -2.5
    assert math.isnan(sooner(pd.Series({"epochs_to_first": {}, "epochs_to_second": {"20": 1}})))


def test_a_fit_is_better_by_what_it_explains_more_than_the_next():
    explained = {"logarithm": 0.9, "square_root": 0.95, "linear": 0.2, "levelling_off": 0.1}
    row = pd.Series({"head": "learned", "growth": explained, "first_weight_norm": 1.0, "final_weight_norm": 2.0})
    assert better_fit(row) == pytest.approx(-0.05)
    empty = row.copy()
    empty["growth"] = dict.fromkeys(explained)
    assert math.isnan(better_fit(empty))
    shrunk = row.copy()
    shrunk["final_weight_norm"] = 0.5
    assert better_fit(shrunk) == -1
    assert against(pd.DataFrame([row, empty]), 0.0, better_fit).second == pytest.approx([-0.05])


def test_claim_3_says_which_curve_is_best_before_the_learning_rate_falls_too():
    shapes = ("logarithm", "square_root", "linear", "levelling_off")
    rows = made_rows(seeds=2)
    assert "is explained best by a logarithm (0.99) over all steps" in CLAIMS[2](rows).note
    assert "before the first drop" not in CLAIMS[2](rows).note
    early = dict(zip(shapes, (0.5, 0.75, 0.25, 0.1), strict=True))
    rows["growth_before_drop"] = [early] * len(rows)
    assert "a square root (0.75 against 0.50 of a logarithm) before the first drop" in CLAIMS[2](rows).note


def test_claim_14_says_where_features_of_a_learned_head_do_not_grow_either():
    rows = made_rows(seeds=2)
    assert "grow either" not in CLAIMS[13](rows).note
    assert CLAIMS[13](rows.assign(norm_growth=-1.0)).note.endswith("-1.00 in n = 2 runs, which does not grow either")


def test_how_networks_were_trained_is_told_with_published_numbers_of_epochs():
    lines = [line for seed in (1, 2) for line in pair(seed)]
    assert CLAIMS[0](pd.DataFrame(lines)).note.endswith("ResNet-56, all training images, 164 epochs")


def test_a_record_has_the_columns_that_the_made_ones_have():
    line = made_line(config_of(**SHORT), accuracy=1.0)
    assert {"experiment", "head", "protocol", "hash", "seed", "outcome"} <= set(line)
