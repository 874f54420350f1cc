"""Made-up records of the redundancy chapter: every claim is as claimed, but for the one that is turned around."""

import functools
import itertools
import math

import numpy as np
import pandas as pd
from made import made_line

from spareparts.redundancy import Config
from spareparts.redundancy.retrain import CHOICES
from spareparts.redundancy.rows import TICKETS
from spareparts.redundancy.subspace_verdicts import CLASSES, REPORT

RANKS = [1, 2, 4, 8, 10, 16, 32, 64, 128, 256]
WIDTHS = (30, 100, 300, 1000, 3000)
REPLICAS = 12


@functools.cache
def config_of(**settings):
    """A config, checked once for all tests."""
    return Config(**settings)


def network_metrics(seed, *, against=0, classes=10, shuffled=False, norm=70.25, lost=6.34):
    """Metrics of the experiment `network`."""
    draw = np.random.default_rng(seed)
    areas = {
        "norm_smallest": 84.0 if against == 1 else 90.0,
        "frame_potential_smallest": 87.0,
        "norm_largest": 40.0,
        "frame_potential_largest": 45.0,
        "random": 70.0,
    }
    halves = areas | {"norm_smallest": 95.0, "frame_potential_smallest": 92.0 if against == 2 else 95.1}
    found = {
        f"{prefix}area_{name}": value + draw.normal(0, 0.05)
        for prefix, each in (("", areas), ("half_", halves), ("unmasked_", areas))
        for name, value in each.items()
    }
    potentials = {
        "initial": (414, 413, 0.2, 0.2),
        "final": (600, 560, 0.25 if against == 3 else 0.5, 0.45),
        "random": (414, None, 0.2, None),
        "centred_random": (413, None, 0.2, None),
        "spectrum": (550, None, 0.3, None),
    }
    for name, numbers in potentials.items():
        for kind, value in zip(("potential", "centred_potential", "nearest", "centred_nearest"), numbers, strict=True):
            if value is not None:
                found[f"{name}_{kind}"] = value * (1 + draw.normal(0, 1e-3))
    carried = [98.0 - (0 if rank >= 16 and against != 5 else 5.0) for rank in RANKS]
    harder = shuffled and against != 16
    return found | {
        "accuracy": 98.0,
        "dead_units": 0,
        "trained_units": 12,
        "initial_angle": 60.0,
        "final_angle": 50.0,
        "random_angle": 60.1,
        "train_accuracy": 99.9 + draw.normal(0, 0.01),
        "ranks": RANKS,
        "rank_accuracy": [98.0 - lost + draw.normal(0, 0.1) for _ in RANKS],
        "update_rank_accuracy": [value + draw.normal(0, 0.1) for value in carried],
        "weights_kept_norm_10": norm + draw.normal(0, 0.1),
        "update_residual_norm_16": 0.3 + draw.normal(0, 0.01),
        "update_spectral_norm": 1.0,
        "update_elbow": (10 if against == 15 else classes) + seed % 2 * (classes == 100),
        "weights_elbow": classes + 1,
        "update_effective_rank": (150.0 if harder else 50.0) + draw.normal(),
        "update_stable_rank": 5.0,
        "initial_outliers": 5 if against == 6 else 0,
        "final_outliers": 0 if against == 6 else 20 + seed,
        "initial_signal": 0.0,
        "final_signal": 3.0 + draw.random(),
        "initial_noise_variance": 2e-3,
        "final_noise_variance": 1.5e-3,
        "train_area_norm_smallest": (60.0 if harder else 90.0) + draw.normal(0, 0.1),
    }


def networks(against, seeds):
    """LeNet, the networks of the final report, classes of CIFAR-100, and both kinds of labels."""
    lines = [made_line(config_of(seed=seed), **network_metrics(seed, against=against)) for seed in seeds]
    for model, seed in itertools.product(REPORT, seeds[:3]):
        config = config_of(model=model, dataset="cifar10", seed=seed, iterations=4_000)
        norm, lost = REPORT[model]
        lines.append(made_line(config, **network_metrics(seed, against=against, norm=norm, lost=lost)))
    for classes, seed in itertools.product(CLASSES, seeds[:3]):
        config = config_of(dataset="cifar100", classes=classes, iterations=20_000, seed=seed)
        lines.append(made_line(config, **network_metrics(seed, against=against, classes=classes)))
    for shuffled, seed in itertools.product((False, True), seeds[:3]):
        config = config_of(shuffled_labels=shuffled, train_samples=5_000, seed=seed)
        lines.append(made_line(config, **network_metrics(seed, against=against, shuffled=shuffled)))
    return lines


def retrained(against, seed):
    after = {choice: [98.0, 97.9, 97.5, 96.0] for choice in CHOICES}
    after["norm_largest"] = [value + 0.01 * seed - (3 if against == 10 else 0) for value in after["norm_smallest"]]
    metrics = {"accuracy": 98.0, "unpruned_accuracy": 98.1, "removed": [0.25, 0.5, 0.75, 0.9]}
    metrics |= {"pruned_accuracy": after, "retrained_accuracy": after}
    return made_line(config_of(experiment="retrain", seed=seed), **metrics)


def resampled(against, seed):
    config = config_of(experiment="resample", model="conv_2", dataset="cifar10", iterations=4_000, seed=seed)
    twin = 0.4 if against == 14 else 0.9
    metrics = {"kept_layers": ["conv1", "conv2"], "redrawn_layer": "fc1"}
    for name, value in (("twin", twin), ("independent", 0.3)):
        for kind in ("weight", "update", "output"):
            metrics[f"{name}_{kind}"] = metrics[f"{name}_{kind}_matched"] = [value + 1e-3 * seed, value]
    metrics |= {"network_accuracy": 70.0, "twin_accuracy": 69.5}
    metrics |= {"twin_angle": 20.0 + 0.1 * seed, "independent_angle": 70.0, "random_angle": 80.0}
    return made_line(config, **metrics)


def ticket_lines(against, seed):
    lines = []
    for settings in TICKETS.values():
        common = {"seed": seed, "iterations": 5_000, **settings}
        kept, layers = [0.5, 0.25], ("fc1", "fc2")
        metrics = {"accuracy": 97.0, "kept": kept}
        lift = 0.01 * seed
        weights = metrics | {"rewound": [97.5 + lift, 97.4], "resampled": [95.0, 94.0]}
        few = (1.0, 0.5) if against == 13 else (0.001, 3.0)
        for layer in layers:
            read = dict(zip(("p_value", "dispersion"), few, strict=True)) | {"empty": 0.2, "expected_empty": 0.1}
            weights |= {f"{layer}_{name}": [value, value] for name, value in read.items()}
        units = metrics | {"rewound": [96.0 + lift + 2 * (against == 8), 95.0], "resampled": [96.0, 95.0]}
        lines.append(made_line(config_of(experiment="tickets", **common), **weights))
        lines.append(made_line(config_of(experiment="unit_tickets", **common), **units))
    return lines


def width_line(against, width, seed):
    config = config_of(
        experiment="width", width=width, seed=seed, train_samples=5_000, learning_rate=0.03, iterations=3_000
    )
    size = math.log10(width)
    trained = [share * (4 - size if against == 7 else size) / 4 + 1e-3 * seed for share in (0.1, 0.2, 0.3, 0.4, 0.5)]
    metrics = {"accuracy": 88.0, "train_error": 0.0, "steps": 500}
    metrics["gap"] = (size if against == 11 else 5 - size) + 0.01 * seed
    metrics |= {"fc1_distance": 10 - size + 1e-3 * seed, "fc1_unit_distance": 1 / width}
    for kind, more in (("removable", []), ("repeated", [0.6])):
        metrics |= {f"trained_{kind}": trained + more, f"untrained_{kind}": [0.1 + 1e-2 * size] * (5 + len(more))}
    return made_line(config, **metrics)


def filter_line(against, seed):
    angles = {"trained": 80.0 if against == 4 else 40.0, "untrained": 69.0, "centred": 41.0}
    angles |= {"untrained_centred": 69.5, "spectrum": 40.5}
    metrics = {f"{name}_angle": value + 0.01 * seed * (name != "untrained") for name, value in angles.items()}
    return made_line(config_of(experiment="filters", seed=seed), accuracy=94.0, best_step=180, **metrics)


def xord_line(against, units, samples, folder):
    """Layers that all fit; large ones find all patterns and small ones two or three."""
    line = made_line(
        config_of(experiment="xord", units=units, train_samples=samples), replicas=REPLICAS, fitted=REPLICAS
    )
    finds = (units < 10) if against == 9 else (units > 10)
    found = np.full(REPLICAS, 4.0) if finds else 2.0 + np.arange(REPLICAS) % 2
    arrays = {"train_error": np.zeros(REPLICAS), "test_error": 5 * (4 - found), "loss": np.zeros(REPLICAS)}
    arrays |= {"found": found, "explored": found, "angle": found, "untrained_angle": np.full(REPLICAS, 22.5)}
    np.savez(folder / f"{line['hash']}.npz", **arrays)
    return line


def student_line(against, units, layers, folder):
    config = config_of(experiment="teacher_student", units=units, layers=layers, noise=0.1)
    line = made_line(config, replicas=REPLICAS, error=1e-3, averaging=1.0)
    grows = layers == "first" or against == 12
    errors = 1e-3 * units ** (1.0 if grows else -0.5) * (1 + 0.01 * np.arange(REPLICAS) * units)
    averaging = 1 + 0.1 * units + 0.01 * np.arange(REPLICAS)
    outputs = {"outputs": np.ones((REPLICAS, units)), "teacher_overlaps": np.ones((REPLICAS, units, 2))}
    np.savez(folder / f"{line['hash']}.npz", error=errors, averaging=averaging, **outputs)
    return line


def made_rows(folder, *, against=0, seeds=10):
    """Rows of all experiments and their arrays below the folder; the claim of number `against` is turned around."""
    own = folder / "redundancy"
    own.mkdir(exist_ok=True)
    every = range(1, seeds + 1)
    lines = networks(against, every)
    lines += [make(against, seed) for make in (retrained, filter_line) for seed in every]
    lines += [resampled(against, seed) for seed in every[:3]]
    lines += [line for seed in every[:3] for line in ticket_lines(against, seed)]
    lines += [width_line(against, *each) for each in itertools.product(WIDTHS, every[:3])]
    lines += [xord_line(against, *each, own) for each in itertools.product((2, 16, 120), (6, 12))]
    lines += [student_line(against, *each, own) for each in itertools.product((2, 4, 8), ("first", "both"))]
    return pd.DataFrame(lines)
