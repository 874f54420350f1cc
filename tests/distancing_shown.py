"""Made-up records of the distancing chapter with all that its pages and figures read; their numbers mean nothing."""

import numpy as np
import pandas as pd
from distancing_made import RESTARTS, ensembles, journey, made_line, made_rows, pair, pushed_journeys

from spareparts.distancing import Config
from spareparts.distancing.ensemble import WAYS
from spareparts.distancing.flatness import SIZES

IMAGES = 1_000
CURVES = ("cosine", "norm_ratio", "alignment", "loss_gradient_norm", "push_norm")


def further_lines(folder, seeds):
    """What `made_rows` has none of: longer journeys, no weight decay, stronger pushes with several checkpoints."""
    yield from pushed_journeys(0, seeds, folder, epochs=600, checkpoint=100)
    for seed in seeds:
        for strength in (0.0, 1.0):
            yield journey(folder, seed=seed, strength=strength, weight_decay=0.0, distance=500.0 + strength)
        yield journey(folder, seed=seed, strength=100.0, distance=900.0, **RESTARTS)
        yield journey(folder, seed=seed, strength=1.0, distance=150.0, **(RESTARTS | {"checkpoints": 1}))
        yield pair(0, seed, strength=1.0, other="independent")
        for strength in (0.0, 1.0):
            yield pair(0, seed, strength=strength, other="checkpoint", epochs=600, checkpoint=100)
    config = Config(seed=9, learning_rate=0.1, schedule="cosine", period=12, **RESTARTS)
    yield made_line(config) | {"outcome": "diverged", "diverged_step": 7}


def completed(line):
    """One row with every metric that a record of its experiment has."""
    known = {name: value for name, value in line.items() if value is not None}
    add = {"journey": of_journey, "pair": of_pair, "ensemble": of_ensemble}.get(line["experiment"])
    return line if add is None or line["outcome"] != "finished" else line | add(line) | known


def of_journey(line):
    found = {"train_loss": 0.01, "test_loss": 0.08, "weight_norm": 30.0, "penalty": 0.3, "lowest_epoch": 21}
    found |= {
        "normalized_distance": [0.2] * line["checkpoints"],
        "training_seconds": 9.0,
        "late_held_out_accuracy": 98.0,
    }
    coloured = {"late_augmented_accuracy": line["late_accuracy"] - 1} if line["dataset"] == "cifar10" else {}
    return found | coloured


def of_pair(line):
    profiles = {f"{way}_{kind}": [0.1] * 11 for way in ("line", "curve", "matched") for kind in ("losses", "errors")}
    barriers = {f"{way}_barrier": 0.3 for way in ("line", "curve", "matched")}
    shares = {"disagreement": 0.02, "independent_disagreement": 0.03, "error_correlation": 0.5, "divergence": 0.01}
    apart = {f"{kind}squared_distance": 100.0 for kind in ("", "matched_", "shuffled_", "rematched_")}
    apart |= {"relative_distance": 0.4, "normalized_distance": 0.2, "matched_normalized_distance": 0.2}
    ends = {"first_accuracy": 98.0, "second_accuracy": 97.5, "first_loss": 0.01, "second_loss": 0.01}
    sizes = {"step_sizes": list(SIZES[: len(line["first_rises"])])}
    return profiles | barriers | shares | apart | ends | sizes


def of_ensemble(line):
    count = 4
    found = {f"{way}_accuracy": line["probabilities_accuracy"] for way in ("logits", "weighted_logits")}
    found |= {"weighted_probabilities_accuracy": line["probabilities_accuracy"] + 0.05, "mean_accuracy": 97.5}
    found |= {f"{kind}{way}_calibration": [1.0, 0.8, 0.07, 0.03] for way in WAYS for kind in ("", "weighted_")}
    found |= {"member_calibration": [1.5, 0.9, 0.09, 0.04], "member_accuracy": [97.5] * count, "disagreement": 0.02}
    found |= {"agreement": [0, 10, 40, IMAGES - 50], "accuracy_by_size": [97.5, 97.8, 97.9, 98.0]}
    return found | {"normalized_distance": 0.3}


def shown_rows(folder, *, seeds=3):
    """Rows of all experiments and, below the folder, their arrays."""
    made = made_rows(folder, seeds=seeds).astype(object)
    lines = made.where(made.notna(), None).to_dict("records")
    lines += further_lines(folder / "distancing", range(1, seeds + 1))
    digits = [line | {"dataset": "digits", "kind": "architectures", "hash": f"d{line['seed']}"} for line in few(seeds)]
    rows = [completed(line) for line in [*lines, *digits]]
    for line in rows:
        if line["experiment"] == "journey" and line["outcome"] == "finished":
            save(line, folder / "distancing")
    return pd.DataFrame(rows)


def few(seeds):
    """Ensembles of which each seed has one."""
    return [line for line in ensembles(0, range(1, seeds + 1)) if line["kind"] == "independent"]


def save(line, folder):
    """Replace a journey's arrays by all that a record has."""
    path = folder / f"{line['hash']}.npz"
    with np.load(path) as found:
        kept = dict(found)
    count, draw = len(kept["epoch"]), np.random.default_rng(1)
    falling = np.exp(-np.arange(count) / 5)
    more = {name: 1 + 0.1 * draw.random(count) for name in CURVES}
    more |= {"train_loss": falling, "accuracy": 98 - 80 * falling, "penalty": falling, "weight_norm": 30 + falling}
    more |= {"normalized_distance": kept["squared_distance"] / 1_000, "test_loss": falling}
    places = np.linspace(0, 1, 12)
    more |= {"path": np.stack([places, places**2], 1), "path_epoch": np.linspace(0, kept["epoch"][-1], 12).round()}
    more |= {"path_explained": np.array([0.8, 0.1]), "surface_across": places, "surface_up": places}
    more |= {"surface_loss": 1 + draw.random((12, 12)), "surface_error": 10 * draw.random((12, 12))}
    np.savez(path, **(kept | {name: np.asarray(value, np.float32) for name, value in more.items()}))
