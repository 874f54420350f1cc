"""A small text for tests and demonstrations: a Markov chain over groups of words that are used alike."""

import numpy as np
from jaxtyping import Float64

GROUPS, SIZE = 8, 8  # words of one group follow, and are followed by, the same words
LINES = {"train": 2_000, "valid": 300, "test": 300}
LENGTH = 10  # words of a line
FOLLOWING = 2  # groups that mostly follow a group
DRAWN = "groups of words in a Markov chain, version 1"


def chain() -> tuple[Float64[np.ndarray, "groups groups"], Float64[np.ndarray, " size"]]:
    """Probabilities of the next group, and of a word within its group (Zipf's law: 1, 1/2, 1/3, ... in proportion)."""
    draw = np.random.default_rng(0)
    weights = np.full((GROUPS, GROUPS), 0.02)
    for group in range(GROUPS):
        weights[group, draw.choice(GROUPS, FOLLOWING, replace=False)] += 1
    ranks = 1 / np.arange(1, SIZE + 1)
    return weights / weights.sum(1, keepdims=True), ranks / ranks.sum()


def drawn_text() -> dict[str, list[str]]:
    """Lines of each part: of a first group at random, then of the groups that the chain draws."""
    draw = np.random.default_rng(1)
    following, within = chain()
    return {part: _lines(count, following.cumsum(1), within, draw) for part, count in LINES.items()}


def _lines(count: int, following: np.ndarray, within: np.ndarray, draw: np.random.Generator) -> list[str]:
    """All lines at once, one word after the other."""
    group = draw.integers(GROUPS, size=count)
    columns = []
    for _ in range(LENGTH):
        word = draw.choice(SIZE, size=count, p=within)
        columns.append([f"{chr(ord('a') + own)}{place}" for own, place in zip(group, word, strict=True)])
        group = (draw.random((count, 1)) > following[group]).sum(1).clip(max=GROUPS - 1)
    return [" ".join(words) for words in zip(*columns, strict=True)]


def least_perplexity() -> float:
    """The lowest perplexity that a model of the text can reach, on average: exp of its entropy for each word.

    A line has a free first word, then LENGTH - 1 that depend on the group before, then its certain end.
    """
    following, within = chain()
    inside = -(within * np.log(within)).sum()
    step = -(following * np.log(following)).sum(1)
    group, total = np.full(GROUPS, 1 / GROUPS), np.log(GROUPS)
    for _ in range(LENGTH - 1):
        total += group @ step
        group = group @ following
    return float(np.exp((total + LENGTH * inside) / (LENGTH + 1)))
