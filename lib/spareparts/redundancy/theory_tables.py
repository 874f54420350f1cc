"""Small tables of the chapter on the theories: widths, tickets, XORD, filters, teacher and student."""

import numpy as np
import pandas as pd

from ..records import lined
from ..stats import spread
from .pruning_verdicts import survivors
from .rows import TICKETS, arrays, by_width, chosen, protocol, student_runs, ticket_runs, xord_runs
from .tables import line
from .theory_rows import students, ticket_rows, xord_layers
from .theory_verdicts import KINDS, share


def widths(rows: pd.DataFrame) -> pd.DataFrame:
    """Networks of each width: units to spare, trained and untrained (%, means over thresholds), distance and gap."""
    runs = by_width(rows)
    columns = {
        f"{kind}, {state}, %": lambda row, state=state, kind=kind: 100 * share(row, state, kind)
        for kind in KINDS
        for state in ("trained", "untrained")
    }
    columns |= {"distance": "fc1_distance", "distance of a unit": "fc1_unit_distance", "gap, points": "gap"}
    lines = {}
    for width, part in runs.groupby("width") if len(runs) else ():
        lines[int(width)] = line(part, columns) | {"fit": f"{(part.train_error == 0).sum()} of {len(part)}"}
    return lined(lines, "width")


def tickets(rows: pd.DataFrame) -> pd.DataFrame:
    """Accuracy (%) of tickets of weights and of units by the share kept: rewound, drawn anew, unpruned."""
    lines = {}
    for experiment, name in (("tickets", "weights"), ("unit_tickets", "units")):
        for group in TICKETS:
            runs = ticket_runs(rows, experiment, group)
            found = ticket_rows(runs, experiment=experiment)
            for kept, part in found.groupby("kept", sort=False) if len(found) else ():
                sides = {arm: part[part.arm == arm].sort_values("seed") for arm in ("rewound", "resampled")}
                apart = sides["rewound"].accuracy.to_numpy() - sides["resampled"].accuracy.to_numpy()
                lines[name, group, f"{kept:.3g}"] = {
                    "rewound": spread(sides["rewound"].accuracy),
                    "drawn anew": spread(sides["resampled"].accuracy),
                    "difference": spread(apart),
                    "unpruned": spread(sides["rewound"].unpruned),
                    "n": len(apart),
                    "protocol": protocol(runs),
                }
    return lined(lines, "ticket of", "trained with", "kept")


def survivors_by_layer(rows: pd.DataFrame) -> pd.DataFrame:
    """How the weights that survive are spread over units: variance over that of chance (1), units without any (%)."""
    found = survivors(rows)
    lines = {}
    for (group, layer), part in found.groupby(["group", "layer"]) if len(found) else ():
        lines[group, layer] = {
            "dispersion": spread(part.dispersion),
            "largest p": f"{part.p_value.max():.3g}",
            "empty units, %": spread(100 * part["empty"]),
            "by chance, %": spread(100 * part.expected_empty),
            "n": len(part),
            "protocol": protocol(part),
        }
    return lined(lines, "trained with", "layer")


def xord(rows: pd.DataFrame) -> pd.DataFrame:
    """Layers on XORD by training set and size: how many fit, and of those the error on all inputs and patterns."""
    runs = xord_runs(rows)
    layers = xord_layers(runs, arrays=arrays)
    lines = {}
    for (samples, units), part in layers.groupby(["train_samples", "units"]) if len(layers) else ():
        fitted = part[part.fitted]
        lines[int(samples), int(units)] = {
            "fit": f"{len(fitted)} of {len(part)}",
            "test error, %": spread(fitted.test_error),
            "patterns found, of 4": spread(fitted.found),
            "patterns near a filter at the start": spread(fitted.explored),
            "angle, degrees (untrained 22.5)": spread(fitted.angle),
            "n": len(fitted),
            "protocol": protocol(runs),
        }
    return lined(lines, "training inputs", "k")


def filters(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean angle (degrees) of a convolution's filters to the nearest of four centres."""
    runs = chosen(rows, experiment="filters")
    columns = {
        "trained": "trained_angle",
        "untrained": "untrained_angle",
        "trained, mean removed": "centred_angle",
        "untrained, mean removed": "untrained_centred_angle",
        "random, trained spectrum": "spectrum_angle",
        "accuracy, %": "accuracy",
    }
    return lined({"MNIST": line(runs, columns)} if len(runs) else {}, "images")


def teacher_student(rows: pd.DataFrame) -> pd.DataFrame:
    """Error of students by their units (geometric mean, x 1000), and how many units share a teacher unit's work."""
    runs = student_runs(rows)
    table = students(runs, arrays=arrays)
    names = {"first": "first layer", "both": "both layers"}
    lines = {}
    for (layers, units), part in table.groupby(["layers", "units"]) if len(table) else ():
        errors = part.error.astype(float).clip(lower=1e-12)
        lines[names[str(layers)], int(units)] = {
            "error x 1000": f"{1000 * float(np.exp(np.log(errors).mean())):.3g}",
            "quartiles": " to ".join(f"{1000 * errors.quantile(level):.3g}" for level in (0.25, 0.75)),
            "units that share": spread(part.averaging),
            "n": len(part),
            "protocol": protocol(runs),
        }
    return lined(lines, "trained", "units")
