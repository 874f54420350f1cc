"""Made-up records of the distancing chapter: every claim is as claimed, but for the one that is turned around."""

import functools
import itertools

import numpy as np
import pandas as pd
from made import draw_of, key_of, made_line

from spareparts.distancing import Config
from spareparts.distancing.cost import COUNTS

REDUCED = {"network": "resnet_20", "dataset": "cifar10", "epochs": 40, "checkpoint": 15, "train_samples": 5_000}
RESTARTS = {"epochs": 48, "checkpoint": 12, "checkpoints": 3}
ENSEMBLES = {"epochs": 50, "checkpoint": 10}


@functools.cache
def config_of(**settings):
    """A config, checked once for all tests."""
    return Config(**settings)


def journey(folder, *, accuracy=98.0, distance=100.0, early=10.0, cosine=0.98, ratio=1.05, **settings):
    """A journey and the curve of its distance."""
    config, draw = config_of(**settings), draw_of(config_of(**settings))
    distances = [distance * (1 + 0.01 * draw.normal()) for _ in range(config.checkpoints)]
    epochs = np.arange(config.length + 1)
    since = np.where(epochs < config.marks[0], np.nan, 0.0)
    since[epochs > config.marks[0]] = early
    since[-1] = distance
    np.savez(
        folder / f"{key_of(config)}.npz", epoch=epochs, squared_distance=np.tile(since[:, None], config.checkpoints)
    )
    metrics = {f"{kind}accuracy": accuracy + 0.02 * draw.normal() for kind in ("", "late_")}
    metrics |= {"squared_distance": distances, "accuracy_before": 98.0, "lowest_accuracy": 97.0}
    metrics |= {"pushed_cosine": cosine + 1e-3 * draw.normal(), "pushed_norm_ratio": ratio, "pushed_alignment": 0.1}
    return made_line(config, **metrics)


def pushed_journeys(against, seeds, folder, **line):
    """Without and with the push: further, as accurate, the step longer along its direction."""
    strength = 10.0 if "train_samples" in line else 1.0
    for seed in seeds:
        yield journey(folder, seed=seed, strength=0.0, **line)
        found = {"early": 20.0, "distance": 60.0 if against == 3 else 300.0, "accuracy": 96.0 if against == 4 else 98.0}
        found |= {"cosine": 0.5} if against == 13 else {}
        yield journey(folder, seed=seed, strength=strength, **found, **line)


def grids(against, seeds, folder):
    turn = -1 if against == 7 else 1
    for seed, power in itertools.product(seeds, (-1, 1, 2)):
        yield journey(
            folder,
            seed=seed,
            strength=10.0**power,
            distance=300 * 2.0 ** (turn * power),
            early=20 * 2.0 ** (turn * power),
        )
    for seed, power in itertools.product(seeds, (-2, -1, 1)):
        yield journey(
            folder,
            seed=seed,
            width=10.0 ** (3 + power),
            distance=300 * 1.5 ** (turn * power),
            early=20 / 2.0 ** (turn * power),
        )


def schedules(against, seeds, folder):
    """Constant, step, cosine, and a rate that is too high, each without and with the push."""
    turn = -1 if against == 9 else 1
    rates = {"constant": 97.5 - turn * 0.5, "step": 97.5, "cosine": 97.5 + turn * 0.5}
    for seed, strength in itertools.product(seeds, (0.0, 1.0)):
        common = {"seed": seed, "strength": strength} | RESTARTS
        for name, accuracy in rates.items():
            period = {} if name == "constant" else {"period": 12}
            yield journey(folder, accuracy=accuracy, schedule=name, distance=100 + 100 * strength, **common, **period)
        accuracy = 90.0 + (0 if against == 11 else 4 * strength)
        yield journey(folder, accuracy=accuracy, schedule="cosine", period=12, learning_rate=0.1, **common)


def several(against, seeds, folder):
    reach = 50.0 if against == 12 else 600.0
    for seed, strength in itertools.product(seeds, (0.0, 1.0)):
        common = {"seed": seed, "strength": strength}
        yield journey(folder, checkpoints=3, distance=reach if strength else 100.0, **common)
        yield journey(folder, epochs=80, checkpoint=20, distance=100 + 100 * strength, **common)


def pair(against, seed, *, strength, other, **line):
    config = config_of(experiment="pair", seed=seed, strength=strength, other=other, **line)
    draw = draw_of(config)
    high = 8.0 if strength and against != 5 else 0.5
    rises = np.array([0.1, 0.2]) * (1 + 0.01 * draw.normal())
    metrics = {f"{name}_error_barrier": high * (1 + 0.01 * draw.normal()) for name in ("line", "matched")}
    metrics |= {"curve_error_barrier": 0.1, "first_rises": rises.tolist(), "second_rises": [0.2, 0.4]}
    if against == 14:
        metrics["first_rises"] = [0.3, 0.4 + 0.01 * draw.normal()]
    return made_line(config, **metrics)


def pairs(against, seeds, **line):
    strength = 10.0 if line else 1.0
    for seed in seeds:
        yield pair(against, seed, strength=0.0, other="checkpoint", **line)
        yield pair(against, seed, strength=strength, other="checkpoint", **line)
        yield pair(against, seed, strength=strength, other="unpushed", **line)


def ensemble(against, seed, *, kind="snapshots", strength=0.0, **settings):
    config = config_of(experiment="ensemble", kind=kind, seed=seed, strength=strength, **ENSEMBLES, **settings)
    draw, place = draw_of(config), float(np.log10(1 + strength))
    turn = -1 if against == 6 else 1
    measured = 0.02 * (1.5 if against == 10 else 1.0) * (1 + 0.01 * draw.normal())
    return made_line(
        config,
        squared_distance=100 * 3.0**place,
        error_correlation=0.6 - 0.1 * turn * place + 1e-3 * draw.normal() + 0.05 * seed,
        probabilities_accuracy=98 + 0.1 * turn * place + 1e-3 * draw.normal() + 0.1 * seed,
        predicted_errors=[0.04, 0.02],
        measured_errors=[0.04, measured],
        deviations=[1e-3, 1e-3],
    )


def ensembles(against, seeds):
    for seed in seeds:
        for strength in (0.0, 1.0, 10.0, 100.0):
            yield ensemble(against, seed, strength=strength, checkpoints=4)
        yield ensemble(against, seed, schedule="cosine", period=10, checkpoints=4)
        for kind in ("independent", "bagging", "k_fold"):
            yield ensemble(against, seed, kind=kind)


def cost(against, seed, network, device="processor, threads: 1"):
    config = config_of(experiment="cost", network=network, dataset="cifar10", seed=seed)
    draw = draw_of(config)
    each = 1e-3 * (1 + 0.01 * draw.normal())
    later = 3.0 if against == 8 else 1.0
    times = [each * (min(count, 2) + later * max(0, count - 2)) for count in COUNTS]
    line = made_line(config, counts=list(COUNTS), penalty_seconds=times, step_seconds=0.1, parameters=1_000)
    return line | {"device": device}


def made_rows(folder, *, against=0, seeds=10):
    """Rows of all experiments and their arrays below the folder; the claim of number `against` is turned around."""
    own = folder / "distancing"
    own.mkdir(exist_ok=True)
    every = range(1, seeds + 1)
    few = every[:3]
    parts = (
        pushed_journeys(against, every, own),
        pushed_journeys(against, few, own, **REDUCED),
        grids(against, few, own),
        schedules(against, few, own),
        several(against, few, own),
        pairs(against, every),
        pairs(against, few, **REDUCED),
        ensembles(against, few),
        (cost(against, seed, network) for seed in few for network in ("resnet_32", "mobilenet_v2")),
    )
    return pd.DataFrame(list(itertools.chain(*parts)))
