"""The chapter as it is used: with parameters of one's own it makes and shows those runs before all else."""

import pytest
from chapter import shown

PARAMETERS = {
    "DATASETS": ["generated-led-display"],
    "ACTIVATIONS": ["relu"],
    "EPOCHS": 2,
    "DEMO_EPOCHS": 1,
    "DEMO_SEEDS": [1],
    "MISSING": "run",
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return shown("class_rates", PARAMETERS, tmp_path_factory.mktemp("chapter"))


def test_the_runs_that_were_asked_for_are_shown_before_the_chapter(texts):
    assert "The runs that you asked for" in next(text for text in texts if "<h2" in text)
    table = next(text for text in texts if "test accuracy" in text and "<table" in text)
    assert "baseline" in table and "class_rates" in table and "untrained" in table


def test_the_chapter_after_them_stays_on_the_committed_records(texts):
    assert not any("These records do not" in text for text in texts)
    assert any("Class rates raise accuracy by" in text for text in texts)
