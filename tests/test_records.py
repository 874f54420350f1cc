"""Configs, their hashes, and the way from a result to a tidy row and back."""

import dataclasses
import hashlib
import json
import math
import re
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from toy import Toy, result

from spareparts import class_rates, cross_examination, distancing, experts, fixed_classifiers, records, redundancy
from spareparts.records import Diverged, Result, key, load, load_or_run, measured, rounded, save, store


def test_the_hash_is_that_of_word_revision_data_and_the_fields_that_differ_from_their_default():
    text = '{"fingerprint":"%s","revision":1,"settings":{"rate":0.1,"seed":3},"word":"toy"}' % ("f" * 64)
    assert key(Toy(seed=3, rate=0.1)) == hashlib.sha256(text.encode()).hexdigest()[:16]
    longer = dataclasses.make_dataclass(
        "Longer", [("added_later", float, 2.0)], bases=(Toy,), frozen=True, kw_only=True
    )
    assert key(longer(seed=3)) == key(Toy(seed=3)) == key(Toy(seed=3, rate=0.5))
    assert key(longer(seed=3, added_later=1.0)) != key(Toy(seed=3))


# Frozen on the day of the first records: a hash names a file that is committed, so that a change here would orphan
# every record and train everything again. A new field goes in with a default and changes none of these; if a mechanism
# changes, its module's revision is raised, and only then are they computed anew.
GOLDEN = {
    "4a96e6afed129c2a": experts.Config(),
    "5240bfb5a6c0d0c7": experts.Config(dataset="digits", arm="snnl", seed=3, steps=200),
    "8081eda69c9161d5": experts.Config(arm="snnl", snnl_weight=10.0),
    "014e02efb0cf3817": experts.Config(dataset="cifar100", arm="raw", steps=1500, experts=2),
    "e8194065b0e9d685": experts.Config(
        dataset="fashion_mnist",
        arm="snnl",
        steps=1500,
        distance="squared_euclidean",
        temperature=0.1,
        layers="sum",
        precision="bfloat16",
        train_samples=25_000,
    ),
    "f923befa96422a03": class_rates.Config(),
    "bca042fd02daf9ef": class_rates.Config(dataset="yeast"),
    "dbcd8ba09a176d9c": distancing.Config(),
    "c8fa15fb7d4f0daf": distancing.Config(experiment="pair"),
    "1d6e62edd67b6d04": fixed_classifiers.Config(),
    "177506224ecbf40d": fixed_classifiers.Config(experiment="language"),
    "57b98455f501d4ad": redundancy.Config(),
    "300927ba4ebffd24": redundancy.Config(experiment="xord"),
    "23e71e4e4de8bbac": cross_examination.Config(),
    "1cdf52a42dea95cb": cross_examination.Config(dataset="fashion_mnist", arm="centred_snnl", seed=3),
}


@pytest.mark.parametrize(("expected", "config"), GOLDEN.items())
def test_golden_hashes_never_change(expected, config):
    assert key(config) == expected


def test_every_field_revision_data_and_word_change_the_hash(monkeypatch):
    changes = [{"seed": 2}, {"rate": 0.1}, {"samples": 1}, {"limit": 0.0}, {"shuffle": False}]
    found = {key(Toy()), *(key(Toy(**change)) for change in changes)}
    for name in ("revision", "fingerprint", "word"):
        with monkeypatch.context() as patch:
            patch.setattr(Toy, name, 2 if name == "revision" else "other")
            found.add(key(Toy()))
    assert len(found) == 1 + 5 + 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choosy(Toy):
    augment: bool | None = None
    layers: tuple[int, ...] = (1, 2)
    mode: Literal["fast", "slow"] = "fast"


WRONG = {
    "seed": (1.0, True, None, "1"),
    "rate": ("0.5", None, True),
    "samples": (1.5,),
    "limit": ("none",),
    "shuffle": (1,),
    "augment": (1, "true"),
    "layers": ([1], (1.5,), (True,)),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_value_of_another_type_is_refused_by_name(name, value):
    with pytest.raises(TypeError, match=rf"{name} must be of type .*, got {re.escape(repr(value))}"):
        Choosy(**{name: value})


def test_a_value_of_a_fields_type_is_kept_and_a_whole_number_is_taken_for_a_float():
    assert key(Toy(rate=2)) == key(Toy(rate=2.0)) and type(Toy(limit=2).limit) is float
    found = Choosy(augment=True, layers=(3,), mode="slow")
    assert (found.augment, found.layers, found.mode) == (True, (3,), "slow")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        *(({"rate": value}, f"rate must be finite, got {value}") for value in (math.nan, math.inf, -math.inf)),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 2**32}, "seed must be at most 4294967295, got 4294967296"),
        ({"mode": "medium"}, "mode must be one of fast, slow, got 'medium'"),
    ],
)
def test_a_value_that_its_fields_type_excludes_is_refused_and_shown(settings, message):
    with pytest.raises(ValueError, match=message):
        Choosy(**settings)


def test_what_is_saved_is_loaded_with_what_it_was_made_with(records_folder):
    ended = {"outcome": "diverged", "diverged_step": 7, "seconds": 1.234, "device": "abacus"}
    path = save(Toy(seed=2), dataclasses.replace(result(), **ended))
    assert path == records_folder / "toy" / f"{key(Toy(seed=2))}.json"
    record = load(Toy(seed=2))
    about = {"word": "toy", "revision": 1, "protocol": "reduced", "fingerprint": "f" * 64, "fidelity": "made up"}
    found = {"config": dataclasses.asdict(Toy(seed=2)), "metrics": {"accuracy": 0.25, "curve": [1, 2.5]}}
    assert (ended | about | found | {"seconds": 1.23, "commit": store.commit()}).items() <= record.items()
    assert {"python", "torch", "numpy"} <= record["versions"].keys()
    assert np.array_equal(records.arrays("toy", path.stem)["points"], np.arange(6.0).reshape(2, 3))
    assert load(Toy(seed=3)) is None


def test_a_run_without_arrays_leaves_one_file_where_numbers_that_are_not_finite_are_null(records_folder):
    curve = np.array([1.0, np.inf, -np.inf])
    path = save(Toy(), Result(metrics={"loss": math.nan, "curve": curve, "share": np.float32(0.5), "n": np.int64(3)}))
    assert json.loads(path.read_text())["metrics"] == {"loss": None, "curve": [1.0, None, None], "share": 0.5, "n": 3}
    assert records.frame("toy").loss.isna().all()
    assert list((records_folder / "toy").iterdir()) == [path]
    with pytest.raises(FileNotFoundError, match=f"no arrays {path.stem}.npz among the records of toy"):
        records.arrays("toy", path.stem)


def test_a_record_of_another_config_under_the_same_hash_is_refused_and_an_older_one_stands_for_defaults():
    path = save(Toy(), result())
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"config": record["config"] | {"rate": 0.75, "shuffle": False}}))
    with pytest.raises(records.RecordError, match=rf"{path.name} holds another value of rate, shuffle"):
        load(Toy())
    del record["config"]["rate"]
    path.write_text(json.dumps(record))
    assert load(Toy()) == record


def runner(log: list, *, fail_after: int | None = None):
    def run(configs):
        for count, config in enumerate(configs):
            if count == fail_after:
                raise ArithmeticError("a run that raises")
            log.append(config.seed)
            yield config, result(config.seed / 10)

    return run


SEEDS = [Toy(seed=seed) for seed in (1, 2, 3)]


def test_only_what_is_missing_is_run_and_once():
    save(Toy(seed=2), result(0.2))
    log = []
    rows = load_or_run([*SEEDS, Toy(seed=3)], runner(log), missing="run")
    assert log == [1, 3]
    assert rows.seed.tolist() == [1, 2, 3, 3]
    assert rows.accuracy.tolist() == [0.1, 0.2, 0.3, 0.3]
    assert rows.hash.tolist() == [key(Toy(seed=seed)) for seed in (1, 2, 3, 3)]
    load_or_run(SEEDS, runner(log), missing="run")
    assert log == [1, 3]


def test_each_result_is_written_as_soon_as_it_is_there():
    log = []
    with pytest.raises(ArithmeticError):
        load_or_run(SEEDS, runner(log, fail_after=2), missing="run")
    assert records.frame("toy").seed.sort_values().tolist() == [1, 2]
    load_or_run(SEEDS, runner(log), missing="run")
    assert log == [1, 2, 3]


def test_listing_names_the_command_and_runs_nothing(capsys):
    save(Toy(seed=2), result())
    log = []
    rows = load_or_run(SEEDS, runner(log))
    assert (log, rows.seed.tolist()) == ([], [2])
    said = capsys.readouterr().out
    assert "2 of the 3 runs" in said
    assert "python -m spareparts run notebooks/toy.py --set MISSING=run" in said
    assert load_or_run([Toy(seed=9)], runner(log)).empty
    with pytest.raises(ValueError, match="missing must be 'list' or 'run', got 'train'"):
        load_or_run(SEEDS, runner([]), missing="train")


def test_runs_match_by_their_settings_the_rest_at_its_default():
    configs = [Toy(), Toy(seed=2, rate=0.1), Toy(seed=3), Toy(seed=4, samples=9)]
    rows = pd.DataFrame({"settings": [vars(config) for config in configs]}, index=list("abcd"))
    assert list(records.matching(rows, Toy).index) == ["a", "c"]
    assert list(records.matching(rows, Toy, samples=9).index) == ["d"]
    assert list(records.matching(rows, Toy, samples=[None, 9]).index) == ["a", "c", "d"]
    assert list(records.matching(rows, Toy, seed=2, rate=...).index) == ["b"]
    assert list(records.matching(rows, Toy, seed=2, free=["rate"]).index) == ["b"]
    with pytest.raises(ValueError, match="unknown setting 'height'; known are seed, rate"):
        records.matching(rows, Toy, height=1)


def test_what_is_found_is_kept_to_five_digits_and_work_that_diverged_is_a_result_with_its_step():
    found = measured(lambda: ({"a": 1 / 3, "b": [2, 1e-9 / 3]}, {"c": np.ones(2)}), device="processor")
    assert found.metrics == {"a": 0.33333, "b": [2, 3.3333e-10]}
    assert found.outcome == "finished" and found.diverged_step is None
    assert found.device == "processor" and found.seconds > 0 and found.arrays["c"].tolist() == [1, 1]
    assert rounded({"x": (True, "word", 123456789, None)}) == {"x": [True, "word", 123456789, None]}
    assert rounded(math.inf) == math.inf and math.isnan(rounded(math.nan))

    def diverge():
        raise Diverged(7)

    found = measured(diverge, device="processor")
    assert (found.outcome, found.diverged_step, found.metrics, found.arrays) == ("diverged", 7, {}, {})
    with pytest.raises(ZeroDivisionError):
        measured(lambda: 1 / 0, device="processor")
