"""Made-up records of the fixed-classifiers chapter with all that its pages read, and arrays beside them; no meaning."""

import functools
import itertools

import numpy as np
import pandas as pd
from fixed_classifiers_made import HUNDRED, SHORT, config_of, made_rows, trained
from made import made_line

EPOCHS = 15
HEADS = ("frozen", "low_rank", "sparse")
BINARISED = ("learned", "orthonormal")
HADAMARD = ({"skip_ones": True}, {"negate": True})
SCALED = ({"initial_scale": 10.0}, {"scale_decay": 1e-4})
REMEDIES = ({"head": "hadamard"}, {"head": "hadamard", "coordinates": "scattered"}, {"head": "tight_frame"})


def further_lines(seed):
    """What `made_rows` has none of: other heads, remedies, and the first value of the scale."""
    base = {"seed": seed, **SHORT}
    others = [{"head": head} for head in HEADS] + [{"head": head, "binarised": True} for head in BINARISED]
    others += [{"head": "hadamard", **own} for own in HADAMARD] + [{"head": "orthonormal", **own} for own in SCALED]
    for own in others:
        yield trained(config_of(**base, **own), accuracy=58.0)
    further = ({"loss": "cosine_squared"}, {"initial_scale": 10.0})
    for own in (*REMEDIES, *({"head": "orthonormal", **each} for each in further)):
        yield trained(config_of(seed=seed, **HUNDRED, **own), accuracy=20.0)


def single_samples():
    """Costs of heads that see one sample at a time, and of the orthonormal one with many."""
    for head, phase, size, batch in itertools.product(
        ("learned", "orthonormal", "hadamard"), ("training", "inference"), (64, 1_024, 4_096), (1, 256)
    ):
        if batch == 256 and head != "orthonormal":
            continue
        sizes = {"features": size, "classes": size, "batch_size": batch}
        config = config_of(experiment="heads", head=head, phase=phase, **sizes)
        yield made_line(config, median_milliseconds=1e-6 * size**2 * batch / 256, milliseconds=[1.0], matrix_bytes=0)


def completed(line):
    """One row with every metric that a record of its experiment has."""
    draw = np.random.default_rng(int(line["hash"], 16))
    if line["experiment"] == "heads":
        size = 4 * (line["features"] or 4_096) * (line["classes"] or 4_096)
        return line | {"peak_bytes": 3 * size, "file_bytes": line["matrix_bytes"] + 1_000, "gradient_bytes": size}
    if line["experiment"] == "language":
        return line | {
            "unigram_perplexity": 700.0,
            "validation_perplexity": [200.0, 160.0, 155.0],
            "perplexity_by_frequency": [20.0, 100.0, 500.0, None],
            "trained_parameters": 2_000_000,
        }
    learned = line["head"] in ("learned", "frozen", "low_rank", "sparse")
    size = {"final_weight_norm": 12.0} if learned else {"final_scale": 9.0 + draw.random()}
    about = {"head_parameters": 650 if learned else 11, "max_coherence": 0.1, "coinciding_classes": 0}
    about |= {"first_class_share": 10.0, "growth_before_drop": line["growth"]}
    return line | size | about


def shown_rows(*, seeds=3):
    """Rows of all experiments as `records.frame` gives them."""
    further = [line for seed in range(1, seeds + 1) for line in further_lines(seed)]
    made = made_rows(seeds=seeds).astype(object)
    lines = made.where(made.notna(), None).to_dict("records")
    return pd.DataFrame([completed(line) for line in [*lines, *further, *single_samples()]])


@functools.cache
def curves(seed):
    """A network whose error falls, whose head grows like a logarithm, and whose features grow."""
    draw, epochs = np.random.default_rng(seed), np.arange(EPOCHS + 1)
    falling = 90 * np.exp(-epochs / 5)
    steps = np.arange(0, 40 * EPOCHS + 1, 10)
    spread = np.array([0.5, 0.8, 1.0, 1.2, 1.6])
    return {
        "epochs": epochs,
        "train_error": falling + draw.random(len(epochs)),
        "test_error": 0.6 * falling + 36 + 2 * draw.random(len(epochs)),
        "feature_norms": (1 + 0.05 * epochs)[:, None] * spread,
        "steps": steps,
        "sizes": 1 + np.log1p(steps) + 0.05 * draw.random(len(steps)),
    }


def save_curves(rows, folder):
    """Write the arrays of all networks below the folder."""
    (folder / "fixed_classifiers").mkdir(parents=True, exist_ok=True)
    for _, row in rows[rows.experiment == "images"].iterrows():
        np.savez(folder / "fixed_classifiers" / f"{row.hash}.npz", **curves(int(row.seed)))
