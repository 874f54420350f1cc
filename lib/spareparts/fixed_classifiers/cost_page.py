"""Sentences on what classifiers cost and save, whose every number is computed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..stats import Pairs, capitalised, difference_words, not_yet, said
from .cost_tables import crossings
from .cost_verdicts import named, shares, text_of
from .decisions import EQUAL
from .head_verdicts import BATCH, OPEN
from .language import EPOCHS, UNITS
from .points import FEATURES_OF_RESNET, TIMED_TITLES, accuracy_and_cost, by_number, language_models, square
from .titles import HEAD_TITLES, TEXT_TITLES
from .words import joined

BENCHMARKS = ("hadamard_4096", "head_step", "head_inference")
MEGA = 1e6


def saving() -> str:
    """What a fixed classifier saves, from none to most, in a sentence: arithmetic, without any run."""
    small, large = named("ResNet-56 (padding)"), named("ShuffleNet (3 groups)")
    jft = next(each for each in shares() if each.data == "JFT-300M")
    return (
        f"What a fixed classifier saves depends on the network. Of the {small.parameters:,} parameters of ResNet-56 "
        f"the classifier has **{small.share:.2f}%**; of ShuffleNet's, with its {large.classes:,} classes, "
        f"**{large.share:.1f}%**, and of a ResNet-50 with the {jft.classes:,} classes of JFT-300M **{jft.share:.1f}%**."
    )


def shares_found() -> str:
    """The counted shares beside the published ones, and what need not be sent between workers."""
    known = [each for each in shares() if each.published is not None and each.data != "JFT-300M"]
    parts = [f"{each.network} on {each.data}: {each.share:.2f}%, published {each.published:g}%" for each in known]
    jft = next(each for each in shares() if each.data == "JFT-300M")
    newer = named("ShuffleNet v2")
    return (
        f"{'; '.join(parts)}. Of ShuffleNet there are several: ours is the first one with three groups; torchvision's, "
        f"version 2, has {newer.share:.1f}%. With JFT-300M's classes it is {jft.share:.1f}%, published as over "
        f"{jft.published:g}%: {jft.saved_gradient_bytes / MEGA:,.0f} MB of gradient that no worker has to send in a "
        "step."
    )


def fewer_than_images() -> str:
    """Whether more images are trained on than there are parameters, with the numbers."""
    found = named("ShuffleNet (3 groups)")
    more = "more training images than parameters" if found.left < found.images else "fewer images than parameters"
    return (
        f"With its classifier fixed, ShuffleNet has {found.left:,} parameters left to train, and ImageNet has "
        f"{found.images:,} training images, {found.images_per_parameter:.2f} for each: {more}. With it learned there "
        f"are {found.parameters:,} parameters, {found.images / found.parameters:.2f} images for each. An image is more "
        f"than one condition, though: its loss compares {found.classes:,} scores."
    )


def times_found(rows: pd.DataFrame) -> str:
    """From which size a Hadamard head is faster than a learned one, and by how much at the largest."""
    found, crossed = square(rows), crossings(rows)
    if not crossed:
        return not_yet("heads of at least three sizes")
    parts = []
    for (phase, batch), start in sorted(crossed.items(), reverse=True):
        part = found[(found.phase == phase) & (found.batch == batch)]
        times = part.pivot_table(index="features", columns="head", values="median_milliseconds", aggfunc="min")
        last = times[["learned", "hadamard"]].dropna().iloc[-1]
        where = "at no measured size" if start is None else f"from about {start:,.0f} features and classes on"
        ratio = last.hadamard / last.learned
        parts.append(f"{phase}, batch {batch}: {where}; at {last.name:,} it takes {ratio:.3g} times as long")
    rounds = found.milliseconds.map(len)
    return (
        f"A Hadamard head is faster than a learned one, in {'; in '.join(parts)}. n = {len(found)} measured heads, "
        f"each the median of {rounds.min()} to {rounds.max()} rounds, on {found.device.iloc[0]}."
    )


def memory_found(rows: pd.DataFrame) -> str:
    """What each head holds at once in a training step, and stores, at the largest size."""
    found = square(rows)
    found = found[(found.phase == "training") & (found.batch > 1)] if len(found) else found
    if found.empty:
        return not_yet("the memory of heads")
    found = found[found.features == found.features.max()]
    parts = [
        f"{title} {part.peak_bytes.max() / MEGA:,.0f} MB, file {part.file_bytes.max() / MEGA:,.1f} MB (n = {len(part)})"
        for head, title in TIMED_TITLES.items()
        if len(part := found[found["head"] == head])
    ]
    return (
        f"Held at once in a training step with {found.features.iloc[0]:,} features and classes and a batch of {BATCH}: "
        f"{'; '.join(parts)}."
    )


def benchmarks_found(benchmarks: Sequence[Mapping[str, Any]]) -> str:
    """What `make bench` measured of the transform and of Hadamard heads, for each device."""
    found = [row for name in BENCHMARKS for row in benchmarks if row["name"] == name]
    if not found:
        return not_yet(f"the rows {', '.join(f'`{name}`' for name in BENCHMARKS)} of `make bench`")
    return "\n".join(
        f"- `{row['name']}`, {row['device']}: {row['ours']:.3g} {row['unit']} instead of {row['other']:.3g}, "
        f"**{row['ratio']:.2f} times as fast**. {row['note']}"
        for row in found
    )


def worth_found(rows: pd.DataFrame) -> str:
    """Whether what is saved is worth what it costs in accuracy, by head."""
    found = accuracy_and_cost(rows)
    found = found.dropna(subset=["time"]) if len(found) else found
    if len(found) < 2:
        return not_yet("accuracy and cost of the same heads")
    found = found[found["head"] != HEAD_TITLES["learned"]]
    parts = [
        f"{row['head']} {row.change:+.2f} points ({row.low:+.2f} to {row.high:+.2f}, n = {row.n}), "
        f"{row.parameters:,.0f} trained parameters, {row.time:.3g} times a learned head's time"
        for _, row in found.iterrows()
    ]
    return said(
        "On CIFAR-10 against a learned head, with 95% intervals, and the time of a training step of a head of "
        f"{OPEN:,} features and as many classes: {'; '.join(parts)}. {_small_heads(rows)}",
        " ".join([*(_judged(row) for _, row in found.iterrows()), _many_classes(rows)]),
    )


def _judged(row: pd.Series) -> str:
    """Whether a head can be taken in place of a learned one, with a margin for its accuracy."""
    saved = f"**{capitalised(row['head'])}** saves {'time' if row.time < 1 else 'no time'} in large heads"
    if row.low > -EQUAL:
        return f"{saved} and costs no {EQUAL:g} points of accuracy here."
    if row.high < -EQUAL:
        return f"{saved} and costs more than {EQUAL:g} points of accuracy here."
    return f"{saved}; whether it costs {EQUAL:g} points of accuracy, n = {row.n} leaves open."


def _many_classes(rows: pd.DataFrame) -> str:
    """What fixing costs with the most classes that were tried: heads are large where classes are many."""
    found = by_number(rows)
    if found.empty:
        return ""
    most = found[found.classes == found.classes.max()]
    price = Pairs(np.zeros(len(most)), -most.price.to_numpy(float), "")
    return (
        "But heads are large where classes are many, and there the accuracy was another: with "
        f"{most.classes.max():.0f} classes of CIFAR-100 an orthonormal head changed it by {difference_words(price)} "
        "points."
    )


def _small_heads(rows: pd.DataFrame) -> str:
    """What a training step takes with heads as small as that of the network."""
    found = square(rows)
    found = found[(found.phase == "training") & (found.batch > 1) & (found.features == FEATURES_OF_RESNET)]
    if found.empty:
        return ""
    times = found.groupby("head").median_milliseconds.min()
    parts = [f"{title} {times[head]:.2g} ms" for head, title in TIMED_TITLES.items() if head in times]
    return f"With {FEATURES_OF_RESNET} features and as many classes the step itself takes: {', '.join(parts)}."


def language_found(rows: pd.DataFrame, text: str | None = None) -> str:
    """Perplexities by the kind of word vectors, against learned and tied ones."""
    text = text or text_of(rows)
    found = language_models(rows, text)
    if len(found) < 2:
        return not_yet("language models with learned and with fixed word vectors")
    (title, first), *others = found.items()
    parts = []
    for name, part in others:
        pairs = joined(first, part, "perplexity")
        logs = Pairs(np.log(pairs.first), np.log(pairs.second), pairs.protocol)
        parts.append(f"{name} {part.perplexity.mean():.1f}, {difference_words(logs)} as logarithm of the ratio")
    knows = first.unigram_perplexity.iloc[0]
    row = first.iloc[0]
    units, epochs = (row.get(name) for name in ("units", "epochs"))
    how = f"{UNITS if pd.isna(units) else int(units)} units, {EPOCHS if pd.isna(epochs) else int(epochs)} epochs"
    return said(
        f"Test perplexity on {TEXT_TITLES[text]}, **{row.protocol} protocol** ({how}): {title} "
        f"{first.perplexity.mean():.1f} (n = {len(first)}); {'; '.join(parts)}. Word frequencies alone give "
        f"{knows:,.1f}."
    )
