"""The author's own runs: accuracies, distances and times by which ours are judged."""

from pathlib import Path

import pandas as pd

PATH = Path(__file__).resolve().parents[3] / "book" / "reference" / "distancing.csv"
NETWORKS = {"resnet32": "resnet_32", "mobilenetv2": "mobilenet_v2"}
COLUMNS = (
    "network",
    "experiment",
    "run",
    "epochs",
    "validation_accuracy",
    "ensemble_accuracy",
    *(f"squared_distance_{place}" for place in range(3)),
    "epoch_seconds",
)
STRENGTHS = {"strength_e1": 0.1, "strength_e2": 10.0, "strength_e3": 100.0}
WIDTHS = {"width_e1": 10.0, "width_e2": 100.0, "width_e4": 10_000.0}
PUSHED = ("distance", "multiple", "strength", "width")  # in the names of runs with the penalty


def reference(path: Path = PATH) -> pd.DataFrame:
    """One row a run, with the settings that its name stands for beside what was measured.

    Accuracies are in % (mean of the last ten epochs, on augmented test images), squared distances those at the end to
    each checkpoint, and networks named as ours. `schedule` is None where the name does not tell it. Raises
    `FileNotFoundError` without the file, `ValueError` where it lacks a column.
    """
    rows = pd.read_csv(path)
    lacking = [name for name in COLUMNS if name not in rows]
    if lacking:
        raise ValueError(f"{path} must have the columns {', '.join(COLUMNS)}, and lacks {', '.join(lacking)}")
    told = pd.DataFrame([settings_of(name) for name in rows.experiment], index=rows.index)
    return rows.assign(network=rows.network.map(NETWORKS)).join(told.astype({"schedule": object}))


def settings_of(experiment: str) -> dict[str, float | int | str | None]:
    """The settings that the name of one of the author's experiments stands for."""
    parts = experiment.split("_")
    kind = "_".join(parts[:2])
    strength = 1.0 if any(part in PUSHED for part in parts) else 0.0
    strength = STRENGTHS.get(
        kind, {"f10": 10.0, "f100": 100.0}.get(next((p for p in parts if p[0] == "f"), ""), strength)
    )
    schedule = next(
        (name for name in ("cosine", "step") if name in parts), None if "scheduler" in parts else "constant"
    )
    return {
        "strength": strength,
        "width": WIDTHS.get(kind, 1000.0),
        "schedule": schedule,
        "learning_rate": 0.1 if "lr1" in parts else 0.01,
        "weight_decay": 0.0 if "noreg" in parts else 1e-3,
        "several": parts[0] in ("multiple", "ensemble"),
    }
