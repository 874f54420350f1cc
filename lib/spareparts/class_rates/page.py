"""Sentences of the chapter whose every number is computed, as Markdown."""

from collections.abc import Iterable

import pandas as pd

from ..stats import NOTHING, bootstrap_interval
from .config import ACTIVATIONS, PUBLISHED_EPOCHS
from .counting import chance, counted, first_seed, no_better_than_chance, published_count, published_mean
from .rows import (
    LABELS,
    PUBLISHED_RATE,
    absent,
    by_set,
    of_variant,
    published,
    seed_counts,
    shown,
    title,
    with_official,
)
from .table import ARCHITECTURES, ATTAINABLE, PUBLISHED_ACCURACY
from .tables import signed, spread
from .verdicts import remainder_orders


def headline(pairs: pd.DataFrame) -> str:
    """The first thing to know: the counts, and the mean difference with its interval."""
    pairs = published(pairs)
    if pairs.dataset.nunique() < 2:
        return NOTHING
    counts = "; ".join(
        f"{LABELS[name]} {found.wins} won, {found.losses} lost, {found.ties} tied"
        for name in ACTIVATIONS
        if (found := counted(first_seed(pairs, name))).total
    )
    estimate = bootstrap_interval(by_set(pairs))
    return (
        f"Counted as in the paper, with one seed, class rates against the same network without: **{counts}**. Over "
        f"{estimate.n} of the {len(ATTAINABLE)} data sets that can be had, all activations and {seeds(pairs)}, "
        f"accuracy changes by **{signed(estimate.mean)} points** on average (95% interval "
        f"{spread(estimate.interval)}). The paper's own tables have mean changes of {means_of_paper()}."
    )


def means_of_paper() -> str:
    """The paper's mean changes, recomputed from its Table 2."""
    return listed(f"{published_mean(name):+.2f} ({LABELS[name]})" for name in ACTIVATIONS) + " points"


def seeds(pairs: pd.DataFrame) -> str:
    """How many seeds the data sets have."""
    number = seed_counts(pairs)
    return f"{number} seed{'' if number == '1' else 's'} each"


def listed(words: Iterable[str]) -> str:
    """Words in a row, the last after `and`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def protocol_note(pairs: pd.DataFrame) -> str:
    """Which data sets are missing, which run shorter than published, and which were drawn from a generator."""
    sentences = []
    kept = published(pairs)
    if lacking := absent(pairs):
        sentences.append(
            f"**{len(ATTAINABLE) - len(lacking)} of {len(ATTAINABLE)} data sets** have run in all three activations; "
            f"not yet: {', '.join(map(title, lacking))}. Totals below are out of those that have."
        )
    sentences.append(
        f"Of the paper's {len(ARCHITECTURES)} sets, miniboone is not in the collection that this project knows by its "
        f"fingerprints; there can be {len(ATTAINABLE)}."
    )
    if len(short := kept[kept.epochs < PUBLISHED_EPOCHS]):
        epochs = listed(map(str, sorted(set(short.epochs))))
        names = listed(map(title, shown(short)))
        sentences.append(f"**Reduced protocol** on {names}: {epochs} epochs instead of {PUBLISHED_EPOCHS}.")
    if len(drawn := pairs[~pairs.dataset.isin(list(ARCHITECTURES))]):
        sentences.append(f"Not the paper's files, and not counted: {listed(map(title, shown(drawn)))}.")
    return " ".join(sentences)


def chance_note(pairs: pd.DataFrame) -> str:
    """Which networks are no better than always naming the largest class, the paper's own among them."""
    kept = published(pairs)
    if kept.empty:
        return NOTHING
    low = {end: no_better_than_chance(kept, end) for end in ("first", "second")}
    parts = {
        "Only with class rates (and in how many seeds)": low["second"] & ~low["first"],
        "Only without": low["first"] & ~low["second"],
    }
    sentences = [
        f"Of {len(kept)} networks on each side, {low['first'].sum()} baselines and {low['second'].sum()} with class "
        "rates get no more test rows right than always naming the largest class would."
    ]
    sentences += [f"{words}: {_cases(kept[mask])}." for words, mask in parts.items() if mask.any()]
    theirs = listed(map(title, at_chance_in_paper()))
    sentences.append(f"In the paper's own table, baselines are at or below that on {theirs}.")
    return " ".join(sentences)


def _cases(pairs: pd.DataFrame) -> str:
    """Data sets with the activations concerned, and in how many seeds each."""
    words = []
    for name in shown(pairs):
        counts = pairs[pairs.dataset == name].activation.value_counts()
        kinds = (f"{LABELS[kind]} {counts[kind]}" for kind in ACTIVATIONS if kind in counts)
        words.append(f"{title(name)} ({', '.join(kinds)})")
    return listed(words)


def at_chance_in_paper() -> list[str]:
    """Data sets on which a baseline in the paper's Table 2 is no better than always naming the largest class."""
    return [
        name
        for name in ATTAINABLE
        if any(PUBLISHED_ACCURACY[name][kind] <= round(100 * chance(name), 2) for kind in ACTIVATIONS)
    ]


def official_note(pairs: pd.DataFrame) -> str:
    """The mean difference on the official test files beside that on half of the training file, on the same sets."""
    found = with_official(published(pairs))
    if found.dataset.nunique() < 2:
        return "Fewer than two sets with an official test file have run."
    here, there = (bootstrap_interval(by_set(found, column)) for column in ("difference", "official"))
    return (
        f"On {there.n} sets ({len(found)} pairs of networks) class rates change accuracy by {signed(there.mean)} "
        f"points on the official files (95% interval {spread(there.interval)}), and by {signed(here.mean)} "
        f"({spread(here.interval)}) on the paper's test half."
    )


def sign_note() -> str:
    """The sign tests that the paper's own counts would have had."""
    tests = listed(
        f"p = {found.sign_p:.3f} for {LABELS[name]} ({found})"
        for name in ACTIVATIONS
        if (found := published_count(name))
    )
    return f"One-sided sign tests on the paper's own counts give {tests}. Its mean changes are {means_of_paper()}."


def ceiling_note(pairs: pd.DataFrame) -> str:
    """The data sets on which no network at all could have every neuron specialised for every class."""
    found = {name: pairs[pairs.dataset == name].specialized_ceiling_first.iloc[0] for name in shown(pairs)}
    low = [f"{title(name)} {ceiling:.1f}%" for name, ceiling in found.items() if ceiling < 100]
    if not low:
        return "Every class of these data sets has enough test rows for a neuron to pass the test."
    return f"The largest share that any network could reach is below 100% on {len(low)} sets: {', '.join(low)}."


def one_batch_note(pairs: pd.DataFrame) -> str:
    """The data sets whose epoch is so short that a reset follows every step, or every second one."""
    if pairs.empty:
        return NOTHING
    steps = pairs.groupby("dataset").epoch_steps_first.min()
    one, few = (
        listed(found) if (found := [title(name) for name in steps.index[mask]]) else "none"
        for mask in (steps == 1, (steps > 1) & (steps <= 4))
    )
    return (
        f"An epoch is one single batch on: {one}. There each step is plain SGD with one growth of μ, forgotten at "
        f"once. It has two to four batches, hence at most two steps between resets, on: {few}."
    )


def divergence_note(rows: pd.DataFrame) -> str:
    """How many runs diverged first, and how many in the end."""
    rated = rows[rows.arm == "class_rates"] if len(rows) else rows
    if rated.empty:
        return NOTHING
    most = int(rated.reductions.max())
    again = f", as often as {most} times" if most > 1 else ""
    first, last = int((rated.reductions > 0).sum()), int((rated.outcome == "diverged").sum())
    plain = of_variant(rows, "baseline")
    plain = plain[plain.learning_rate.isin(PUBLISHED_RATE)]
    left = (
        " A set on which one side diverged for good makes no pair, and is not counted as won or lost." if last else ""
    )
    return (
        f"Of {len(rated):,} runs with rates (all variants and cutoffs), {first} ({first / len(rated):.0%}) diverged at "
        f"the paper's α_μ and were started anew with a tenth of it{again}; {last} diverged in the end. Of the "
        f"{len(plain):,} baselines, with the same α, {int((plain.outcome == 'diverged').sum())} diverged.{left} "
        "Runs that differ in their cutoff only are alike up to the first cutoff, so most divergences are counted more "
        "than once."
    )


def proof_note(rows: pd.DataFrame) -> str:
    """With which power of alpha the remainder shrinks, form by form."""
    found = remainder_orders(rows)
    if found.empty:
        return NOTHING
    powers = listed(f"{part.order.mean():.2f} (`{form}`)" for form, part in found.groupby("form"))
    return (
        f"Fitted over all step sizes, the absolute remainder shrinks with α to the power of {powers}, means over "
        f"{len(found)} checks in all, each of one network in one form; at the smallest α the remainder is at most "
        f"{found.smallest.max():.1e} of the growth."
    )
