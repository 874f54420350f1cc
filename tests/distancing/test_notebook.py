"""The chapter as it is used: with parameters of one's own it makes and shows those runs before all else."""

import pytest
from chapter import shown

PARAMETERS = {"DATASETS": ["digits"], "SEEDS": [2, 3], "EPOCHS": [4], "CHECKPOINT": [2], "MISSING": "run"}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return shown("distancing", PARAMETERS, tmp_path_factory.mktemp("chapter"))


def test_the_runs_that_were_asked_for_are_shown_before_the_chapter(texts):
    assert "The runs that you asked for" in next(text for text in texts if "<h2" in text)
    table = next(text for text in texts if "length of the weights" in text and "<table" in text)
    assert "strength" in table and "training loss" in table


def test_the_chapter_after_them_stays_on_the_committed_records(texts):
    assert not any("These records do not" in text for text in texts)
    assert any("not seen (reduced)" in text for text in texts)
