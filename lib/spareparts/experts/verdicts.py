"""What the records say about the paper's claims; a claim that is not answered here has not been run."""

import math

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from ..stats import (
    PairedTest,
    Verdict,
    combine,
    decide_equivalence,
    decide_sign,
    equivalence,
    holm,
    not_run,
    paired_wilcoxon,
)
from .config import DATASETS
from .factor_verdicts import (
    extractor_helps,
    inference_costs_nothing,
    minimum_beats_sum,
    mixture_differs_more_than_ensemble,
    similarity_falls_with_the_weight,
)
from .rows import paired, standard
from .tables import title

MARGIN = 0.5  # points of accuracy within which two arms count as equal
CLAIMED_ACCURACY = {"mnist": -1, "fashion_mnist": +1, "cifar100": +1}  # the stars of Table 1
CLAIMED_ENTROPY = {"mnist": +1, "fashion_mnist": -1, "cifar10": +1, "cifar100": +1}
CLAIMED_CLUSTERS = {"silhouette": +1, "neighbour_purity": +1, "class_variance": -1}
CLAIMED_ROLES = {"live_experts": +1, "mutual_information": +1}


def verdicts(rows: pd.DataFrame) -> dict[str, Verdict]:
    """One verdict for every claim of the paper that these records can speak to."""
    return {
        "experts-1": accuracy_changes(rows),
        "experts-2": combine({title(name): similarity_falls(rows, name) for name in DATASETS[1:]}),
        "experts-3": signs(rows, {("entropy", name): sign for name, sign in CLAIMED_ENTROPY.items()}, unit="nats"),
        "experts-4": largest_similarity_halves(rows),
        "experts-5": similarity_falls_with_the_weight(rows),
        "experts-6": signs(rows, every_dataset(CLAIMED_CLUSTERS)),
        "experts-7": inference_costs_nothing(rows),
        "experts-8": minimum_beats_sum(rows),
        "experts-9": combine({title(name): inputs_narrow(rows, name) for name in DATASETS}),
        "experts-10": signs(rows, every_dataset(CLAIMED_ROLES)),
        "experts-11": mixture_differs_more_than_ensemble(rows),
        "experts-12": quartiles_rise(rows),
        "experts-13": extractor_helps(rows),
    }


def every_dataset(signs: dict[str, int]) -> dict[tuple[str, str], int]:
    """The same expected sign of a metric on every data set."""
    return {(metric, name): sign for name in DATASETS for metric, sign in signs.items()}


def compare(rows: pd.DataFrame, metric: str, dataset: str) -> tuple[PairedTest | None, str]:
    """SNNL against baseline by seed, or None with fewer than two pairs; and the protocol."""
    first, second, protocol = paired(rows, metric, dataset)
    return (paired_wilcoxon(first, second) if len(first) > 1 else None), protocol


def signs(rows: pd.DataFrame, expected: dict[tuple[str, str], int], *, unit: str = "") -> Verdict:
    """Paired tests of several metrics and data sets against their expected signs, Holm-corrected over all of them."""
    return combine(_signs(rows, expected, unit=unit))


def _signs(rows: pd.DataFrame, expected: dict[tuple[str, str], int], *, unit: str) -> dict[str, Verdict]:
    tests = {part: compare(rows, *part) for part in expected}
    # a data set that has not run counts as a test without a result, so that its arrival cannot undo a verdict
    corrected = holm({" ".join(part): 1.0 if test is None else test.p for part, (test, _) in tests.items()})
    found = {}
    for part, (test, protocol) in tests.items():
        metric, dataset = part
        name = (
            title(dataset)
            if len({metric for metric, _ in expected}) == 1
            else f"{title(dataset)} {metric.replace('_', ' ')}"
        )
        found[name] = (
            not_run()
            if test is None
            else decide_sign(
                test,
                expected=expected[part],
                corrected_p=corrected[" ".join(part)],
                comparisons=len(tests),
                protocol=protocol,
                unit=unit,
            )
        )
    return found


def accuracy_changes(rows: pd.DataFrame) -> Verdict:
    """experts-1: the starred data sets by sign, CIFAR-10 by equivalence."""
    expected = {("accuracy", name): sign for name, sign in CLAIMED_ACCURACY.items()}
    parts = _signs(rows, expected, unit="points")
    first, second, protocol = paired(rows, "accuracy", "cifar10")
    parts[title("cifar10")] = (
        not_run()
        if len(first) < 2
        else decide_equivalence(equivalence(first, second, margin=MARGIN), protocol=protocol, unit="points")
    )
    return combine({title(name): parts[title(name)] for name in DATASETS})


def similarity_falls(rows: pd.DataFrame, dataset: str) -> Verdict:
    """experts-2 on one data set: SIM falls among live experts, from above what shuffled rows give."""
    first, second, protocol = paired(rows, "live_similarity", dataset)
    everything, _, _ = paired(rows, "similarity", dataset)
    if len(everything) < 2:
        return not_run()
    if len(first) < 2:
        note = f"two experts live in both arms in {len(first)} of {len(everything)} seeds: nothing to compare"
        return Verdict("undecided", None, None, len(first), protocol, note=note)
    chance, _, _ = paired(rows, "null_live_mean", dataset)
    fall = paired_wilcoxon(100 * first, 100 * second)
    above = paired_wilcoxon(100 * chance, 100 * first)
    corrected = holm({"falls": fall.p, "above chance": above.p})
    return combine(
        {
            name: decide_sign(
                test, expected=sign, corrected_p=corrected[name], comparisons=2, protocol=protocol, unit="x100"
            )
            for name, test, sign in (("falls", fall, -1), ("above chance", above, +1))
        }
    )


def halving_chance(pairs: int, *, draws: int = 20_000, seed: int = 0) -> float:
    """How often the largest of `pairs` similarities of dead experts is less than half that of another such network."""
    largest = np.random.default_rng(seed).standard_normal((2, draws, pairs)).max(2)
    return float(((largest[0] > 0) & (largest[1] < largest[0] / 2)).mean())


def largest_similarity_halves(rows: pd.DataFrame, dataset: str = "cifar100") -> Verdict:
    """experts-4: how often the largest similarity falls by more than half, against how often chance alone does it."""
    first, second, protocol = paired(rows, "max_similarity", dataset)
    if len(first) < 2:
        return not_run()
    chance = halving_chance(math.comb(int(standard(rows).experts.iloc[0]), 2))
    halved = int(((first > 0) & (second < first / 2)).sum())
    test = binomtest(halved, len(first), chance, alternative="greater")
    interval = test.proportion_ci(0.95, method="exact")
    two_sided = binomtest(halved, len(first), chance).proportion_ci(0.95, method="exact")
    word = "reproduced" if test.pvalue < 0.05 else "not reproduced" if two_sided.high < 0.5 else "undecided"
    note = (
        f"halved in {halved} of {len(first)} seeds, by chance in {chance:.0%}; one-sided binomial p = {test.pvalue:.2g}"
    )
    return Verdict(
        word, halved / len(first), (interval.low, interval.high), len(first), protocol, "of seeds", note, level=True
    )


def inputs_narrow(rows: pd.DataFrame, dataset: str) -> Verdict:
    """experts-9 on one data set: variance left within experts, below a random partition's and lower with SNNL."""
    first, second, protocol = paired(rows, "expert_variance", dataset)
    chance, _, _ = paired(rows, "random_expert_variance", dataset)
    if len(first) < 2:
        return not_run()
    tests = {"below random": paired_wilcoxon(chance, first), "lower with SNNL": paired_wilcoxon(first, second)}
    corrected = holm({name: test.p for name, test in tests.items()})
    return combine(
        {
            name: decide_sign(test, expected=-1, corrected_p=corrected[name], comparisons=2, protocol=protocol, unit="")
            for name, test in tests.items()
        }
    )


def quartiles_rise(rows: pd.DataFrame) -> Verdict:
    """experts-12: the order of quartiles, medians and maxima that Fig. 5 shows, as it stands in these seeds."""
    accuracy, with_snnl, protocol = paired(rows, "accuracy", "cifar100")
    entropy, entropy_with, _ = paired(rows, "entropy", "cifar100")
    best, best_with, _ = paired(rows, "accuracy", "cifar10")
    if min(len(accuracy), len(best)) < 2:
        return not_run()
    risen = np.quantile(with_snnl, [0.25, 0.5, 0.75]) > np.quantile(accuracy, [0.25, 0.5, 0.75])
    facts = {
        "CIFAR-100 quartiles of accuracy rise": bool(risen.all()),
        "CIFAR-100 median entropy rises": bool(np.median(entropy_with) > np.median(entropy)),
        "CIFAR-10 maximum rises": bool(best_with.max() > best.max()),
    }
    word = "reproduced" if all(facts.values()) else "not reproduced"
    note = "; ".join(f"{name}: {'yes' if true else 'no'}" for name, true in facts.items()) + "; an order, not a test"
    return Verdict(word, None, None, len(accuracy), protocol, note=note)
