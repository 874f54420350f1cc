"""Sentences and tables of the fixed-classifiers chapter, from made-up records whose answer is known."""

import re

import numpy as np
import pandas as pd
import pytest
from fixed_classifiers_shown import save_curves, shown_rows

from spareparts import fixed_classifiers
from spareparts.execute import ROOT
from spareparts.fixed_classifiers import cost_page, cost_tables, page, points, tables
from spareparts.fixed_classifiers.answer import answer
from spareparts.fixed_classifiers.cost_verdicts import shares
from spareparts.stats import Pairs
from spareparts.sweep.grid import from_file
from spareparts.sweep.survey import distinct, survey

SENTENCES = [
    *(getattr(page, name) for name in ("headline", "errors_found", "growth_found", "scales_found", "losses_found")),
    *(getattr(page, name) for name in ("others_found", "initial_found", "remedies_found", "ones_found")),
    *(getattr(page, name) for name in ("speed_found", "norms_found", "numbers_found", "likeness_found")),
    *(getattr(cost_page, name) for name in ("times_found", "memory_found", "worth_found", "language_found")),
    *(page.features_found, page.hundred_found, page.starts_found, answer),
]
TABLES = [
    *(getattr(tables, name) for name in ("table_one", "heads", "scales", "losses", "others", "initial_scales")),
    *(
        getattr(tables, name)
        for name in ("growth", "speed", "class_prices", "features", "remedies", "hundred", "starts")
    ),
    *(tables.hundred, tables.starts, cost_tables.times, cost_tables.memory),
]
NO_ROWS = pd.DataFrame()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Rows of three seeds, and the folder of their arrays."""
    folder, rows = tmp_path_factory.mktemp("records"), shown_rows()
    save_curves(rows, folder)
    return rows, folder


@pytest.mark.parametrize("say", SENTENCES, ids=lambda say: say.__name__)
def test_every_sentence_says_n_and_without_records_that_it_has_not_run(say, rows):
    text = say(rows)
    assert "n = " in text and "nan" not in text and "Not run yet" not in text
    assert re.search("ot run yet|has a record yet", say(NO_ROWS))
    elsewhere = rows.assign(dataset="digits", corpus="generated", phase="other")
    assert re.search("ot run yet|has a record yet", say(elsewhere))


@pytest.mark.parametrize("say", SENTENCES, ids=lambda say: say.__name__)
def test_one_run_of_each_is_told_without_an_interval(say, rows):
    assert "nan" not in say(rows[(rows.seed == 1)])


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_table_says_n_and_protocol_and_takes_no_records_at_all(table, rows):
    found = table(rows)
    assert {"n", "protocol"} <= set(found.columns) and "nan" not in found.to_string()
    assert set(found.protocol) <= {"paper", "reduced", "not run"}
    empty = table(NO_ROWS)
    assert "no records yet" in empty.to_string() or set(empty.protocol) == {"not run"}


def test_the_headline_has_the_means_of_the_same_seeds_and_calls_its_protocol_reduced(rows):
    text = page.headline(rows)
    found = fixed_classifiers.rows.compared(rows, {"head": "learned"}, {"head": "orthonormal"}, dataset="cifar10")
    assert f"**{found.accuracy_second.mean():.2f}%** of the test images" in text
    assert "**reduced protocol**: ResNet-20, 5,000 training images, 15 epochs" in text
    note = page.protocol_note(rows)
    assert "On CIFAR-10, **reduced protocol**" in note and "ShuffleNet" in note and "ResNet-56" in note
    assert page.protocol_note(NO_ROWS).startswith("Not run yet, of the paper's networks: ResNet-56")


def test_which_head_is_better_is_said_only_where_the_interval_leaves_out_zero():
    first, noise = np.array([60.0, 61.0, 62.0]), np.array([0.1, -0.1, 0.0])
    assert "more accurate of the two" in page.which_is_better(Pairs(first, first + 2 + noise, "paper"))
    assert "less accurate of the two" in page.which_is_better(Pairs(first, first - 2 + noise, "paper"))
    for pairs in (Pairs(first, first + noise, "paper"), Pairs(first[:1], first[:1] + 2, "paper")):
        assert "leaves open" in page.which_is_better(pairs)


def test_norms_that_shrink_are_not_said_to_grow(rows):
    assert "grow by more than 11% with learned." in page.norms_found(rows)
    text = page.norms_found(rows.assign(norm_growth=-1.0))
    assert "learned 0.37 (n = 3)" in text and text.endswith("with none of these.")


def test_arithmetic_is_named_unless_it_is_the_usual_one(rows):
    assert "15 epochs, bfloat16; chance is 10%" in page.scales_found(rows.assign(precision="bfloat16"))
    assert "15 epochs; chance is 10%" in page.scales_found(rows)


def test_kinds_are_compared_where_they_were_trained_alike(rows):
    longer = rows[(rows["head"] == "orthonormal") & rows.scale.isin([0.1])].assign(epochs=30)
    found = points.alike(pd.concat([rows[rows.scale != 0.1], longer]), points.HELD, dataset="cifar10")
    assert "scale 0.1" not in found and len(found["scale 10"]) == 3


def test_quoted_accuracies_stand_beside_ours_and_what_has_not_run_is_said(rows):
    found = tables.table_one(rows)
    assert found.loc[("ResNet-56", "CIFAR-10"), "theirs: fixed"] == "93.14"
    assert found.loc[("ResNet-50", "ImageNet"), ["ours: fixed", "protocol"]].tolist() == ["–", "not run"]
    assert found.loc[("ResNet-20", "CIFAR-10"), "ours: learned"].startswith("60.0")
    assert found.loc[("DenseNet-BC-100-12", "CIFAR-100"), "n"] == 3


def test_quoted_accuracies_are_those_of_the_claims():
    claims = fixed_classifiers_claims()
    for number, name in ((1, ("resnet_56", "cifar10")), (5, ("densenet_bc_100_12", "cifar100"))):
        theirs = claims[f"fixed_classifiers-{number}"].theirs
        assert tables.QUOTED[name] == (theirs["learned"], theirs["fixed"])


def fixed_classifiers_claims():
    """The chapter's claims by their ids."""
    from spareparts import claims

    return {claim.id: claim for claim in claims.load() if claim.word == "fixed_classifiers"}


def test_accuracies_that_not_all_runs_reached_say_how_many_did(rows):
    found = tables.speed(rows)
    assert found.loc["orthonormal", "20%"] == "1.0 (0.0)" and found.loc["learned", "45%"] == "–"
    assert page.speed_found(rows).startswith("To the test accuracies from 20% on that both reach")
    assert "-2.00 (-2.00 to -2.00, n = 3) epochs" in page.speed_found(rows)


def test_prices_are_those_that_were_made_up(rows):
    found = tables.class_prices(rows)
    price = [float(found.loc[("drawn", classes), "price, points"].split()[0]) for classes in (2, 10, 20, 50)]
    assert price == pytest.approx(np.log10([2, 10, 20, 50]) - 2, abs=0.06)
    assert float(found.loc[("within", 10), "price, points"].split()[0]) == pytest.approx(2, abs=0.06)
    assert found.loc[("drawn", 50), "chance, %"] == "2"
    assert float(found.loc[("drawn", 2), "learned, %"].split()[0]) == pytest.approx(60, abs=0.06)
    assert list(tables.features(rows).index) == [64, 32, 16]


def test_the_crossover_is_found_for_each_phase_and_batch(rows):
    crossed = cost_tables.crossings(rows)
    assert set(crossed) == {(phase, batch) for phase in ("training", "inference") for batch in (1, 256)}
    assert crossed["training", 256] == pytest.approx(256, rel=0.01) and crossed["training", 1] is None
    assert "from about 256 features" in cost_page.times_found(rows)
    assert "at no measured size" in cost_page.times_found(rows)


def test_accuracy_stands_beside_cost_where_both_are_known(rows):
    found = points.accuracy_and_cost(rows).set_index("head")
    assert found.loc["learned", ["change", "time"]].tolist() == [0, 1]
    assert found.loc["Hadamard", "time"] == pytest.approx(1 / 16) and np.isnan(found.loc["low rank", "time"])
    assert found.loc["sparse", "change"] == pytest.approx(-2, abs=0.1)


def test_language_models_stand_beside_what_word_frequencies_know(rows):
    assert "Word frequencies alone give 700.0" in cost_page.language_found(rows)
    found = cost_tables.language(rows, "ptb")
    assert {"n", "protocol"} <= set(found.columns)
    assert found.loc[("Penn Treebank", "PMI factors"), "test perplexity"].startswith("200")
    assert set(found["all others"]) == {"–"}
    assert "no records yet" in cost_tables.language(NO_ROWS, "ptb").to_string()


def test_counted_shares_need_no_record():
    assert "**0.08%**" in cost_page.saving() and "**51.5%**" in cost_page.saving()
    found = cost_tables.parameters()
    assert len(found) == len(shares()) and found.loc[("ResNet-50", "ImageNet"), "share, %"] == "8.01"
    assert "published 89%" in cost_page.shares_found()
    assert "more training images than parameters" in cost_page.fewer_than_images()


def test_rows_of_the_benchmarks_are_told_and_missing_ones_called_so():
    row = {"name": "head_step", "device": "it", "ours": 1.0, "other": 9.0, "unit": "ms", "ratio": 9.0, "note": "So."}
    assert "**9.00 times as fast**. So." in cost_page.benchmarks_found([row])
    assert "Not run yet" in cost_page.benchmarks_found([])


def test_what_the_parameters_ask_for_is_counted_and_all_runs_have_a_part(rows):
    asked = fixed_classifiers.plan(
        networks=["resnet_20"], epochs=15, train_samples=5_000, heads=["learned", "orthonormal"], seeds=[1, 2, 9]
    )
    found = tables.asked(rows, asked)
    assert found.loc[("images", "ResNet-20", "cifar10"), ["runs", "recorded"]].tolist() == [6, 4]
    assert tables.asked(NO_ROWS, asked).recorded.sum() == 0
    parts = page.sources(rows).part
    assert {"ResNet-20 on CIFAR-10", "language model on Penn Treebank", "heads alone"} <= set(parts)
    assert parts.notna().all() and page.sources(NO_ROWS).empty


def test_the_sweep_plans_what_the_claims_need_and_times_each_head_once():
    configs = [
        run.config for run in distinct(survey(from_file(ROOT / "notebooks" / "sweeps" / "fixed_classifiers.yaml")))
    ]
    images, language, costs = (
        [each for each in configs if each["experiment"] == name] for name in fixed_classifiers.EXPERIMENTS
    )
    four = [each for each in images if each["dataset"] == "cifar10" and each["scale"] is None]
    assert {each["seed"] for each in four if each["loss"] == "cross_entropy"} == {1, 2, 3, 4, 5}
    assert {each["scale"] for each in images} == {None, 0.1, 1.0, 10.0}
    assert {each["classes"] for each in images} == {None, 2, 10, 20, 50}
    assert {each["class_choice"] for each in images} == {"drawn", "within", "across"}
    assert {each["embedding"] for each in language} == set(fixed_classifiers.EMBEDDINGS)
    assert {each["seed"] for each in costs} == {1} and {each["batch_size"] for each in costs} == {1, 256}
    assert {each["epochs"] for each in costs} == {None} and max(each["classes"] for each in costs) == 50_000


def test_claims_are_counted_by_verdict():
    ledger = pd.DataFrame({"verdict": ["not run", "reproduced", "reproduced"]})
    assert page.counted(ledger).endswith("**2 reproduced, 1 not run**.")
