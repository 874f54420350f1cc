"""The records in the repository: small, complete, from committed code, and under the hash of their own config."""

import importlib
import json
import re
from pathlib import Path

import pytest

from spareparts.records import key

FOLDER = Path(__file__).resolve().parents[1] / "book" / "records"


@pytest.fixture(scope="module")
def committed():
    """Every record in the repository by its path."""
    paths = sorted(FOLDER.glob("*/*.json"))
    if not paths:
        pytest.skip("no records are committed")
    return {path: json.loads(path.read_text()) for path in paths}


def test_numbers_take_at_most_4_kb_and_arrays_200_which_belong_to_a_record(committed):
    limits = {".json": 4 * 1024, ".npz": 200 * 1024}
    assert [path.name for path in FOLDER.glob("*/*") if path.stat().st_size > limits.get(path.suffix, 0)] == []
    assert {path.with_suffix(".json") for path in FOLDER.glob("*/*.npz")} <= committed.keys()


def test_every_record_is_under_the_hash_of_its_config_and_no_metric_hides_a_setting(committed):
    for path, record in committed.items():
        paper = importlib.import_module(f"spareparts.{path.parent.name}")
        config = paper.Config(**record["config"])
        assert (key(config), config.word, config.fingerprint) == (path.stem, record["word"], record["fingerprint"])
        assert config.protocol in (record["protocol"], "reduced")  # what was called the paper's may prove not to be
    assert [path.name for path, record in committed.items() if record["config"].keys() & record["metrics"].keys()] == []


def test_every_record_says_how_and_on_what_it_ran_and_comes_from_committed_code(committed):
    assert [path.name for path, record in committed.items() if not re.fullmatch("[0-9a-f]{12}", record["commit"])] == []
    for path, record in committed.items():
        assert record["protocol"] in ("paper", "reduced"), path
        assert record["outcome"] in ("finished", "diverged"), path
        assert (record["diverged_step"] is None) == (record["outcome"] == "finished"), path
        assert record["device"] and record["versions"] and record["fidelity"], path
        assert record["seconds"] >= 0, path  # rounded to a hundredth, which a small head does not take
