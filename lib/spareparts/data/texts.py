"""The texts that are known by name, as lines: Penn Treebank, WikiText-2, and a small one that is drawn."""

import functools
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from .files import MANIFEST, check_fingerprint, look_up, present, root

PARTS = ("train", "valid", "test")
# The folder below root() / "text"; the sha1 of each part; a fingerprint: the sha256 of ptb's three files one after the
# other, of the authors' archive, or of the words "groups of words in a Markov chain, version 1"
KNOWN_TEXTS: dict[str, dict[str, Any]] = MANIFEST["texts"]
known_text = functools.partial(look_up, "text", known=KNOWN_TEXTS)  # ValueError for an unknown name


def text_path(name: str, part: str) -> Path:
    """The file of a part of a known text."""
    return root() / "text" / KNOWN_TEXTS[name]["folder"] / f"{part}.txt"


def text_lines(name: str) -> dict[str, list[str]]:
    """The lines of each part of a text; ValueError for an unknown one, DataMissing, DataCorrupt where it is altered."""
    drawn = "sha1" not in known_text(name)
    return drawn_text() if drawn else {part: _part(name, part).splitlines() for part in PARTS}


def _part(name: str, part: str) -> str:
    how = "Fetch it with: python -m spareparts data fetch wikitext_2"
    if name == "ptb":
        how = "Its licence does not let us fetch it; put Mikolov's ptb.train.txt there under this name"
    path = present(text_path(name, part), f"text {name!r}", how)
    return check_part(path, name, part, path.read_bytes()).decode()


def check_part(what: object, name: str, part: str, content: bytes) -> bytes:
    """The content; DataCorrupt unless it is that of a part of a known text."""
    check_fingerprint(what, KNOWN_TEXTS[name]["sha1"][part], hashlib.sha1(content, usedforsecurity=False).hexdigest())
    return content


def text_fingerprint(name: str) -> str:
    """Sha256 that identifies a text, known without its files; ValueError for an unknown name."""
    return known_text(name)["fingerprint"]


def text_fidelity(name: str) -> str:
    """How a text relates to the official files, in words; ValueError for an unknown name."""
    return known_text(name)["fidelity"]


# A small text for tests and demonstrations: a Markov chain over groups of words that are used alike

GROUPS, SIZE = 8, 8  # words of one group follow, and are followed by, the same words
LINES = {"train": 2_000, "valid": 300, "test": 300}
LENGTH = 10  # words of a line
FOLLOWING = 2  # groups that mostly follow a group


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
