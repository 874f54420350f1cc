"""Made-up records of the fixed-classifiers chapter: all claims as claimed, but for the one that is turned around."""

import functools
import itertools

import numpy as np
import pandas as pd
from made import draw_of, made_line

from spareparts.fixed_classifiers import Config
from spareparts.fixed_classifiers.accuracy_verdicts import FEATURES, NUMBERS

SHORT = {"network": "resnet_20", "train_samples": 5_000, "epochs": 15}
HUNDRED = {"dataset": "cifar100", "network": "resnet_20", "epochs": 15}
SIZES = {"first": 1.0, "final": 8.0}  # of heads, before and after training
PERPLEXITIES = {"learned_tied": 150.0, "learned_untied": 155.0, "orthogonal": 300.0, "pmi": 200.0, "word2vec": 190.0}


@functools.cache
def config_of(**settings):
    """A config, checked once for all tests."""
    return Config(**settings)


def trained(config, *, accuracy, train_accuracy=70.0, grows=0.0, sooner=0, logarithm=0.99):
    """A trained network: one with a fixed head reaches accuracies so many epochs sooner."""
    draw = draw_of(config)
    metrics = {
        "accuracy": accuracy + 0.02 * draw.normal(),
        "train_accuracy": train_accuracy + 0.02 * draw.normal(),
        **{f"{when}_{size}": value for size in ("scale", "weight_norm") for when, value in SIZES.items()},
        "growth": {
            "logarithm": logarithm,
            "square_root": 0.9 + 1e-3 * draw.random(),
            "linear": 0.7,
            "levelling_off": 0.5,
        },
        "growth_before_drop": {"logarithm": None, "square_root": None, "linear": None, "levelling_off": None},
        "norm_growth": grows + 0.01 * draw.normal(),
        "epochs_to": {"20": 3 - sooner, "30": 4 - sooner, "40": 6 - sooner, "45": 15},
    }
    if sooner == 0:
        del metrics["epochs_to"]["45"]
    return made_line(config, **metrics)


def on_cifar10(against, seed):
    """Heads, losses and scales on CIFAR-10."""
    base = {"dataset": "cifar10", "seed": seed, **SHORT}
    yield trained(config_of(**base), accuracy=60.0, train_accuracy=75.0, grows=0.5)
    own = {"train_accuracy": 76.0 if against == 2 else 70.0, "grows": 0.5 if against == 14 else 0.0}
    own |= {"sooner": -2 if against == 13 else 2, "logarithm": 0.8 if against == 3 else 0.99}
    fixed = 55.0 if against == 1 else 60.0
    yield trained(config_of(head="orthonormal", **base), accuracy=fixed, **own)
    yield trained(config_of(head="normalised", **base), accuracy=60.0)
    yield trained(config_of(head="hadamard", **base), accuracy=50.0 if against == 7 else 60.0)
    for scale, lost in ((0.1, 5.0), (1.0, 5.0 if against == 4 else 0.1), (10.0, 0.0)):
        yield trained(config_of(head="orthonormal", scale=scale, **base), accuracy=fixed - lost)
    for loss in ("cosine_squared", "cosine_absolute"):
        changed = 1.0 if against == 8 else -1.0
        yield trained(config_of(head="orthonormal", loss=loss, **base), accuracy=fixed + changed)


def on_cifar100(against, seed):
    """Both heads by number of classes, by choice of classes, and by features."""
    for head in ("learned", "orthonormal"):
        fixed = head == "orthonormal"
        base = {"head": head, "seed": seed, **HUNDRED}
        for classes in NUMBERS:
            size = np.log10(classes)
            price = 0.1 if classes == 100 else (3 - size if against == 12 else size) - 2
            own = {} if classes == 100 else {"classes": classes}
            yield trained(config_of(**base, **own), accuracy=60.0 - price * fixed)
        for choice, price in (("across", 1.0), ("within", 0.5 if against == 10 else 2.0)):
            yield trained(config_of(classes=10, class_choice=choice, **base), accuracy=60.0 - price * fixed)
        for features in FEATURES[1:]:
            lost = 2.0 if against == 9 else 0.0
            yield trained(config_of(features=features, **base), accuracy=50.0 - lost * fixed)
        densenet = {"dataset": "cifar100", "network": "densenet_bc_100_12", "head": head, "seed": seed}
        yield trained(config_of(**densenet), accuracy=77.0 - 2 * fixed * (against == 5))


def language_lines(against, seed):
    """Language models with every kind of word vectors."""
    for embedding, perplexity in PERPLEXITIES.items():
        config = config_of(experiment="language", embedding=embedding, units=128, epochs=3, seed=seed)
        found = 140.0 if against == 11 and embedding == "orthogonal" else perplexity
        yield made_line(config, perplexity=found * (1 + 1e-3 * np.random.default_rng(seed).normal()))


def head_lines(against):
    """Costs of learned and Hadamard heads: the latter faster from a size between 64 and 1,024."""
    for head, phase, size in itertools.product(("learned", "hadamard"), ("training", "inference"), (64, 1_024, 4_096)):
        open_or_set = {} if size == 4_096 else {"features": size, "classes": size}
        config = config_of(experiment="heads", head=head, phase=phase, **open_or_set)
        learned = 1e-6 * size**2
        time = learned if head == "learned" else learned * (20 if against == 7 else 1) * 256 / size
        stored = 4 * size**2 if head == "learned" else 0
        yield made_line(config, median_milliseconds=time, milliseconds=[time], matrix_bytes=stored)


def made_rows(*, against=0, seeds=5):
    """Rows of all experiments; the claim of number `against` is turned around."""
    makers = (on_cifar10, on_cifar100, language_lines)
    lines = [line for make, seed in itertools.product(makers, range(1, seeds + 1)) for line in make(against, seed)]
    return pd.DataFrame([*lines, *head_lines(against)])
