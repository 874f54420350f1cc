"""The chapters as they are used: with parameters of one's own each makes and shows those runs before all else."""

import nbformat
import pytest

from spareparts.execute import ROOT, execute

SEEDS = {"DATASETS": ["digits"], "SEEDS": [2, 3], "MISSING": "run"}
# By chapter: what is asked of it; a word of the table of those runs, and what it names too; a verdict of the committed.
CHAPTERS = {
    "class_rates": (
        {"DATASETS": ["generated-led-display"], "ACTIVATIONS": ["relu"], "EPOCHS": 2, "MISSING": "run"}
        | {"DEMO_EPOCHS": 1, "DEMO_SEEDS": [1]},
        "test accuracy",
        ("baseline", "class_rates", "untrained"),
        "Class rates raise accuracy by",
    ),
    "distancing": (
        SEEDS | {"EPOCHS": [4], "CHECKPOINT": [2]},
        "length of the weights",
        ("strength", "training loss"),
        "not seen (reduced)",
    ),
    "experts": (SEEDS | {"STEPS": 20, "DEMO_STEPS": 20}, "live experts", ("baseline", "snnl"), "not seen (reduced)"),
    "fixed_classifiers": (
        SEEDS
        | {"NETWORKS": ["mlp"], "HEADS": ["learned", "orthonormal"], "EPOCHS": [2], "DEMO_EPOCHS": 2}
        | {"TRAIN_SAMPLES": [200], "PRECISION": ["float32"]},
        "on training images, %",
        ("learned", "orthonormal"),
        "not seen (reduced)",
    ),
    "redundancy": (
        SEEDS | {"ITERATIONS": [20], "TRAIN_SAMPLES": [200], "DEMO_ITERATIONS": 20},
        "area, smallest norm first",
        (),
        "not reproduced",
    ),
    "cross_examination": (
        SEEDS | {"ARMS": ["control", "pushed"], "EPOCHS": [2], "DEMO_ARMS": ["control"], "DEMO_EPOCHS": 1},
        "removable",
        ("control", "pushed"),
        "question 5",
    ),
}


@pytest.mark.parametrize("word", CHAPTERS)
def test_the_runs_that_were_asked_for_stand_before_the_chapter_which_stays_on_the_committed_records(
    word, tmp_path, monkeypatch
):
    monkeypatch.delenv("SPAREPARTS_WORKER")
    parameters, column, rows, verdict = CHAPTERS[word]
    done = execute(ROOT / "notebooks" / f"{word}.py", tmp_path / f"{word}.ipynb", parameters)
    outputs = [output for cell in nbformat.read(done, 4).cells for output in cell.get("outputs", [])]
    texts = [str(text) for output in outputs for text in output.get("data", {}).values()]
    assert "The runs that you asked for" in next(text for text in texts if "<h2" in text)
    table = next(text for text in texts if column in text and "<table" in text)
    assert all(name in table for name in rows)
    assert not any("These records do not" in text for text in texts)
    assert any(verdict in text for text in texts)
