"""The chapter as it is used: with parameters of one's own it makes and shows those runs before all else."""

import pytest
from chapter import shown

PARAMETERS = {
    "NETWORKS": ["mlp"],
    "DATASETS": ["digits"],
    "HEADS": ["learned", "orthonormal"],
    "SEEDS": [2, 3],
    "EPOCHS": [2],
    "TRAIN_SAMPLES": [200],
    "PRECISION": ["float32"],
    "DEMO_EPOCHS": 2,
    "MISSING": "run",
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return shown("fixed_classifiers", PARAMETERS, tmp_path_factory.mktemp("chapter"))


def test_the_runs_that_were_asked_for_are_shown_before_the_chapter(texts):
    assert "The runs that you asked for" in next(text for text in texts if "<h2" in text)
    table = next(text for text in texts if "on training images, %" in text and "<table" in text)
    assert "learned" in table and "orthonormal" in table


def test_the_chapter_after_them_stays_on_the_committed_records(texts):
    assert not any("These records do not" in text for text in texts)
    assert any("not seen (reduced)" in text for text in texts)
