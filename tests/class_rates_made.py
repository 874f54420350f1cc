"""Made-up records of the class-rates chapter whose answers are known."""

import itertools

import numpy as np
import pandas as pd
from made import made_line

from spareparts import class_rates

SETS = list(class_rates.ARCHITECTURES)
CONTROLS = ("one_group", "shuffled_groups")
ABLATIONS = ("no_reset", "bottom_half", "top_half")
SAMPLES = 200


def counted_line(config, *, errors, validation=80.0, **metrics):
    """One row as `records.frame` gives it, named by its config's hash."""
    found = {
        "test_samples": SAMPLES,
        "test_accuracy": 100 * (1 - errors / SAMPLES),
        "validation_accuracy": validation,
        "specialized": 50.0,
        "specialized_ceiling": 100.0,
        "parameters": 1000,
        "inference_milliseconds": 2.0,
        "epoch_steps": 10,
        "reductions": 0,
        "largest_rate": 30.0,
        "official_accuracy": 70.0,
    }
    return made_line(config, **(found | metrics))


def made_rows(folder, *, gain=3, variants=(), datasets=tuple(SETS[:8]), seeds=(1,), lag=None, **metrics):
    """A baseline with 40 errors of 200, class rates with `gain` fewer, and their predictions below the folder.

    `lag`: by how many errors a variant stays behind class rates; `tuned=True`: baselines at three learning rates.
    """
    (folder / "class_rates").mkdir(exist_ok=True)
    lines = []
    names = ("baseline", "class_rates", *variants)
    known = [name for name in datasets if name != "miniboone"]
    for number, (dataset, seed) in enumerate(itertools.product(known, seeds)):
        for name in names:
            rates = (0.01, 0.03, 0.1) if name == "baseline" and "tuned" in metrics else (0.01,)
            for config in class_rates.plan(datasets=[dataset], seeds=[seed], variants=[name], learning_rates=rates):
                better = {"baseline": 0, "class_rates": gain}.get(name, gain - (lag or {}).get(name, 0))
                errors = 40 - better - (number % 3 if better else 0)
                line = counted_line(config, errors=errors, **{k: v for k, v in metrics.items() if k != "tuned"})
                lines.append(line)
                if name in ("baseline", "class_rates"):
                    right = np.packbits(np.arange(SAMPLES) >= errors)
                    np.savez(folder / "class_rates" / f"{line['hash']}.npz", test_correct=right)
    return pd.DataFrame(lines)


def proofs(order=2.0, forms=("sample", "class", "batch")):
    alphas = [1e-2, 1e-3, 1e-4, 1e-5]
    return pd.DataFrame(
        {
            "dataset": "twonorm",
            "activation": "selu",
            "arm": "proof",
            "seed": 1,
            "epochs": 1,
            "outcome": "finished",
            "form": form,
            "hash": form,
            "step_sizes": alphas,
            "relative_remainders": [alpha ** (order - 1) for alpha in alphas],
        }
        for form in forms
    )
