"""Which records' arrays the chapter's figures draw."""

import numpy as np
import pandas as pd

from .network import MOST_IMAGES
from .rows import (
    TICKETS,
    TITLES,
    arrays,
    by_labels,
    by_width,
    chosen,
    networks,
    student_runs,
    ticket_runs,
    xord_runs,
)
from .theory_rows import students, ticket_rows, xord_layers

Arrays = dict[str, np.ndarray]
FIGURE_2 = ("lenet_300_100", "conv_2")
ANGLES = ("trained", "untrained", "centred", "untrained_centred", "spectrum")  # of the experiment `filters`
IMAGES = MOST_IMAGES  # test images of MNIST and CIFAR-10 that the curves count
LAYERS = {"fc1": 784, "fc2": 300}  # inputs of a unit of LeNet's, on MNIST


def layers(rows: pd.DataFrame, *, models: tuple[str, ...] = FIGURE_2) -> dict[str, list[Arrays]]:
    """Arrays of the measured networks of each model, by title and in the order of their seeds."""
    return {TITLES[model]: of_runs(networks(rows, model)) for model in models}


def of_runs(runs: pd.DataFrame) -> list[Arrays]:
    """The arrays of each run."""
    return [arrays(name) for name in runs.hash] if len(runs) else []


def shown(found: list[Arrays]) -> Arrays:
    """The network that figures of a single one draw: that of the smallest seed; none where none has run."""
    return found[0] if found else {}


def figure_2(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a measured network of the two models of Figure 2."""
    return pd.concat([networks(rows, model) for model in FIGURE_2])


def potentials(rows: pd.DataFrame, *, models: tuple[str, ...] = FIGURE_2) -> dict[str, float]:
    """Mean frame potential of random rows of the studied layer's shape, by title."""
    runs = {TITLES[model]: networks(rows, model) for model in models}
    return {title: float(found.random_potential.mean()) for title, found in runs.items() if len(found)}


def twins(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Runs whose classifier was drawn anew, by title."""
    found = {
        "lenet_300_100": chosen(rows, experiment="resample"),
        "conv_2": chosen(rows, experiment="resample", model="conv_2", dataset="cifar10"),
    }
    return {TITLES[model]: runs for model, runs in found.items() if len(runs)}


def resampled(rows: pd.DataFrame) -> pd.DataFrame:
    """Of those the largest model's, none where none has run."""
    return (list(twins(rows).values()) or [rows.iloc[:0]])[-1]


def labels(rows: pd.DataFrame) -> dict[str, list[Arrays]]:
    """Arrays of LeNets that learned true and shuffled labels of the same images."""
    return {name: of_runs(runs) for name, runs in zip(("true labels", "shuffled labels"), by_labels(rows), strict=True)}


def label_images(rows: pd.DataFrame) -> int:
    """Images that those were trained on, which their curves count; 1 where none has run."""
    true, _ = by_labels(rows)
    return int(true.train_samples.iloc[0]) if len(true) else 1


def filter_angles(rows: pd.DataFrame) -> dict[str, list[np.ndarray]]:
    """Angles of a convolution's filters to the nearest centre, of each kind, one array a network."""
    found = of_runs(chosen(rows, experiment="filters"))
    return {kind: [each[f"{kind}_angles"] for each in found] for kind in ANGLES} if found else {}


def xord(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a layer on XORD."""
    return xord_layers(xord_runs(rows), arrays=arrays)


def tickets(rows: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """One row a ticket of `tickets` or `unit_tickets`, of both settings."""
    found = {group: ticket_rows(ticket_runs(rows, experiment, group), experiment=experiment) for group in TICKETS}
    return pd.concat([part.assign(group=group) for group, part in found.items()])


def fitted(rows: pd.DataFrame) -> pd.DataFrame:
    """Networks of several widths that make no error on the images they were trained on."""
    runs = by_width(rows)
    return runs[runs.train_error == 0] if len(runs) else runs


def survivors(rows: pd.DataFrame) -> dict[str, list[np.ndarray]]:
    """Surviving weights per unit of each layer of the smallest tickets, of both settings, one array a ticket."""
    found = [each for group in TICKETS for each in of_runs(ticket_runs(rows, "tickets", group))]
    return {layer: [each[f"{layer}_survivors"][-1] for each in found] for layer in LAYERS} if found else {}


def student_errors(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a student."""
    return students(student_runs(rows), arrays=arrays)


def student_overlaps(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """What the widest students' units have in common with their teacher's, of the first teacher, by title."""
    runs = student_runs(rows)
    found = {}
    for layers, title in (("first", "first layer"), ("both", "both layers")):
        part = runs[runs.layers == layers] if len(runs) else runs
        if len(part):
            own = arrays(part.loc[part.units.astype(float).idxmax()].hash)
            found[title] = own["outputs"][0][:, None] * own["teacher_overlaps"][0]
    return found
