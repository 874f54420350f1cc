"""The texts this project knows by name: their checksums are known even where their files are not; one is drawn."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from .files import DataCorrupt, DataMissing, intact, root

PARTS = ("train", "valid", "test")
GENERATED_TEXT = "generated"


class KnownText(NamedTuple):
    """What is true of a text wherever it lies."""

    folder: str  # below root() / "text"
    fingerprint: str  # sha256 of what the parts come from
    sha1: dict[str, str]  # of each part's file
    fidelity: str
    licence: str


KNOWN_TEXTS = {
    "ptb": KnownText(
        "ptb",
        "0b6c7d63ba3b5066369952976bfedb370ca0eee0eaffe6f524af316c6beaca3d",  # the three files, one after the other
        {
            "train": "f9ffb014fa33bd5730e5029697ad245184f3a678",
            "valid": "d9f5fed6afa5e1b82cd1e3e5f5040f6852940228",
            "test": "5c15c548b42d80bce9332b788514e6635fb0226e",
        },
        "Mikolov's preprocessing, word for word, with the published numbers of words",
        "Linguistic Data Consortium: for evaluation, not to be passed on",
    ),
    "wikitext_2": KnownText(
        "wikitext-2",
        "92675f1d63015c1c8b51f1656a52d5bdbc33aafa60cc47a218a66e7ee817488c",  # the authors' archive
        {
            "train": "863f29c46ef9d167fff4940ec821195882fe29d1",
            "valid": "0418625c8b4da6e4b5c7a0b9e78d4ae8f7ee5422",
            "test": "c7b8ce0aa086fb34dab808c5c49224211eb2b172",
        },
        "byte for byte the official files",
        "CC BY-SA 3.0 and GFDL (Merity et al. 2016, from Wikipedia)",
    ),
}


def text_path(name: str, part: str) -> Path:
    """The file of a part of a known text."""
    return root() / "text" / KNOWN_TEXTS[name].folder / f"{part}.txt"


def text_lines(name: str, part: str) -> list[str]:
    """The lines of a part of a known text, its checksum checked."""
    path = text_path(name, part)
    if not path.exists():
        how = "Fetch it with: python -m spareparts data fetch wikitext_2"
        if name == "ptb":
            how = "Its licence does not let us fetch it; put Mikolov's ptb.train.txt there under this name"
        raise DataMissing(f"text {name!r} is not there: no {path.name} in {path.parent}. {how}")
    content = path.read_bytes()
    check_part(path, content, KNOWN_TEXTS[name].sha1[part])
    return content.decode().splitlines()


def check_part(what: object, content: bytes, expected: str) -> None:
    """DataCorrupt, with what was expected and found, unless the content has the expected SHA-1."""
    found = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if found != expected:
        raise DataCorrupt(f"{what} is not the expected text: sha1 expected {expected}, found {found}")


def check_text_name(name: str) -> None:
    """ValueError for a text that is not known."""
    if name not in KNOWN_TEXTS and name != GENERATED_TEXT:
        raise ValueError(f"unknown text {name!r}; known: {', '.join(KNOWN_TEXTS)}, {GENERATED_TEXT}")


def text_fingerprint(name: str) -> str:
    """Sha256 that identifies a text, known without its files; ValueError for an unknown name."""
    check_text_name(name)
    if name == GENERATED_TEXT:
        return hashlib.sha256(DRAWN.encode()).hexdigest()
    return KNOWN_TEXTS[name].fingerprint


def text_fidelity(name: str) -> str:
    """How a text relates to the official files, in words; ValueError for an unknown name."""
    check_text_name(name)
    return "drawn from a Markov chain" if name == GENERATED_TEXT else KNOWN_TEXTS[name].fidelity


class TextRow(NamedTuple):
    """One line of `text_listing`."""

    name: str
    folder: Path
    bytes: int  # of the parts that are there
    intact: bool | None  # None: a part is not there


def text_listing() -> list[TextRow]:
    """A line for each known text, its parts checked; the generated one needs no file."""
    return [_row(name) for name in KNOWN_TEXTS]


def _row(name: str) -> TextRow:
    paths = [text_path(name, part) for part in PARTS]
    size = sum(path.stat().st_size for path in paths if path.exists())
    return TextRow(name, paths[0].parent, size, intact(lambda: all(text_lines(name, part) for part in PARTS)))


# A small text for tests and demonstrations: a Markov chain over groups of words that are used alike

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
