"""Sentences of the chapter whose every number is computed, as Markdown."""

from collections.abc import Iterable

import pandas as pd

from ..stats import bootstrap_interval
from .config import PUBLISHED_EPOCHS
from .counting import counted, first_seed, published_count, published_mean
from .networks import ACTIVATIONS
from .rows import LABELS, absent, by_set, published, shown, title
from .table import ARCHITECTURES
from .verdicts import remainder_orders

NOTHING = "No run of these settings has a record yet."


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
    low, high = estimate.interval
    return (
        f"Counted as in the paper, class rates against the same network without them: **{counts}**. Over "
        f"{estimate.n} of the paper's {len(ARCHITECTURES)} data sets, all activations and {seeds(pairs)}, accuracy "
        f"changes by **{estimate.mean:+.2f} points** on average (95% interval {low:+.2f} to {high:+.2f}). "
        f"The paper's own tables have mean changes of {means_of_paper()}."
    )


def means_of_paper() -> str:
    """The paper's mean changes, recomputed from its Table 2."""
    return listed(f"{published_mean(name):+.2f} ({LABELS[name]})" for name in ACTIVATIONS) + " points"


def seeds(pairs: pd.DataFrame) -> str:
    """How many seeds the data sets have."""
    few, many = (f(pairs.groupby(["dataset", "activation"]).seed.nunique()) for f in (min, max))
    number = str(many) if few == many else f"{few} to {many}"
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
            f"**{len(ARCHITECTURES) - len(lacking)} of {len(ARCHITECTURES)} data sets** have run in all three "
            f"activations; not yet: {', '.join(map(title, lacking))}. Totals below are out of those that have."
        )
    if "miniboone" in lacking:
        sentences.append("Miniboone is not in the collection that this project knows by its fingerprints.")
    if len(short := kept[kept.epochs < PUBLISHED_EPOCHS]):
        epochs = listed(map(str, sorted(set(short.epochs))))
        names = listed(map(title, shown(short)))
        sentences.append(f"**Reduced protocol** on {names}: {epochs} epochs instead of {PUBLISHED_EPOCHS}.")
    if len(drawn := pairs[~pairs.dataset.isin(list(ARCHITECTURES))]):
        sentences.append(f"Not the paper's files, and not counted: {listed(map(title, shown(drawn)))}.")
    return " ".join(sentences)


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
    return (
        f"Of {len(rated):,} runs with rates (all variants and cutoffs), {first} ({first / len(rated):.0%}) diverged at "
        f"the paper's α_μ and were started anew with a tenth of it"
        f"{again}; {last} diverged in the end."
    )


def proof_note(rows: pd.DataFrame) -> str:
    """With which power of alpha the remainder shrinks, form by form."""
    found = remainder_orders(rows)
    if found.empty:
        return NOTHING
    powers = listed(f"{part.order.mean():.2f} (`{form}`)" for form, part in found.groupby("form"))
    return (
        f"Fitted over all step sizes, the absolute remainder shrinks with α to the power of {powers}, mean of "
        f"{len(found)} networks; at the smallest α it is at most {found.smallest.max():.1e} of the growth."
    )
