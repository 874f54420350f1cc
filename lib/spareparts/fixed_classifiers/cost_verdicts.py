"""What fixed classifiers save, counted, and what they cost a language model."""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..stats import Pairs, Verdict, combine, remarked
from .decisions import MUCH, above, below, equal
from .lstm import count_parameters
from .rows import FIXED, LEARNED, TRAINED, compared, measured
from .shares import Share, parameter_shares

LANGUAGE_SHARE = 89  # % of the parameters of the untied model of WikiText-2, as the paper says
WIKITEXT_2, UNITS = 33_278, 512  # its vocabulary, and the paper's units
TEXTS = {"wikitext_2": "WikiText-2", "ptb": "Penn Treebank"}


@functools.cache
def shares() -> tuple[Share, ...]:
    """The table of parameters, counted once."""
    return tuple(parameter_shares())


def densenet_is_equal(rows: pd.DataFrame) -> Verdict:
    """Claim 5, CIFAR-100: the classifier's share of DenseNet-BC-100-12, and equal accuracies."""
    pairs = compared(rows, LEARNED, FIXED, dataset="cifar100", network="densenet_bc_100_12")
    return with_counts({"accuracy": equal(measured(pairs, "accuracy"))}, share=share_of("DenseNet-BC-100-12", 4))


def with_counts(tested: Mapping[str, Verdict], **counted: Verdict) -> Verdict:
    """All parts of a claim together; its n is that of the tests, as counting parameters has none."""
    ran = [part.n for part in tested.values() if part.verdict != "not run"]
    return dataclasses.replace(combine({**tested, **counted}), n=min(ran, default=0))


def named(network: str) -> Share:
    """The share of a network with the paper's own classes."""
    return next(each for each in shares() if each.network == network)


def share_of(network: str, published: float) -> Verdict:
    """Whether a network's classifier has the published share of the parameters, rounded as it is: arithmetic."""
    found = named(network)
    word = "reproduced" if round(found.share) == published else "not reproduced"
    note = f"{found.classifier:,} of {found.parameters:,} parameters, published {published:g}%"
    return Verdict(word, found.share, None, 1, "paper", "% of the parameters", note, level=True)


def large_networks_save(rows: pd.DataFrame) -> Verdict:
    """Claim 6: the shares of ResNet-50 and DenseNet-169 as published, that of ShuffleNet more than half."""
    most, newer = (named(name) for name in ("ShuffleNet (3 groups)", "ShuffleNet v2"))
    word = "reproduced" if most.share > 50 else "not reproduced"
    note = f"{most.classifier:,} of {most.parameters:,} parameters with 3 groups; {newer.share:.1f}% in version 2"
    parts = {name: share_of(name, published) for name, published in (("ResNet-50", 8), ("DenseNet-169", 12))}
    parts["ShuffleNet"] = Verdict(word, most.share, None, 1, "paper", "% of the parameters", note, level=True)
    return combine(parts)


def perplexities(rows: pd.DataFrame, first: str, second: str) -> Pairs:
    """Logarithms of the test perplexities with two kinds of word vectors, the same seeds, training and text."""
    kinds = ({"embedding": first}, {"embedding": second})
    pairs = compared(rows, *kinds, how=TRAINED, experiment="language", corpus=text_of(rows))
    found = measured(pairs, "perplexity")
    return Pairs(np.log(found.first), np.log(found.second), found.protocol)


def text_of(rows: pd.DataFrame) -> str:
    """The text that most language models read, WikiText-2 if as many did."""
    found = rows[rows.experiment == "language"].corpus if len(rows) else rows
    return max(TEXTS, key=lambda name: int((found == name).sum()) if len(found) else 0)


def random_vectors_are_poor(rows: pd.DataFrame) -> Verdict:
    """Claim 11: perplexity with random orthogonal vectors a tenth above that with learned, and with pre-trained ones.

    And embedding and classifier have the published share of the model of WikiText-2, which is arithmetic.
    """
    compared_kinds = {
        "orthogonal against learned, tied": ("learned_tied", "orthogonal", above),
        "PMI factors against orthogonal": ("orthogonal", "pmi", below),
        "word2vec against orthogonal": ("orthogonal", "word2vec", below),
    }
    parts = {
        name: decide(perplexities(rows, first, second), margin=MUCH, unit="as log ratio of perplexities")
        for name, (first, second, decide) in compared_kinds.items()
    }
    found = count_parameters(WIKITEXT_2, UNITS, tied=False)
    word = "reproduced" if round(found.share) == LANGUAGE_SHARE else "not reproduced"
    note = f"untied, vocabulary of {WIKITEXT_2:,} words, {UNITS} units"
    share = Verdict(word, found.share, None, 1, "paper", "% of the parameters", note, level=True)
    return remarked(with_counts(parts, share=share), f"text: {TEXTS[text_of(rows)]}")
