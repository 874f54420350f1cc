"""Texts by name, as numbered words: Penn Treebank, WikiText-2, and a small one that is drawn."""

import functools
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from .files import DataCorrupt, DataMissing, root
from .known_texts import KNOWN_TEXTS, PARTS
from .markov import DRAWN, drawn_text

END, UNKNOWN = "<eos>", "<unk>"  # ends each line; stands for words that are not in the vocabulary
GENERATED_TEXT = "generated"


@dataclass(frozen=True, kw_only=True, eq=False)
class Text:
    """The words of a text's three parts, by their places in the vocabulary."""

    name: str
    train: Int[Tensor, " train_words"]
    validation: Int[Tensor, " validation_words"]
    test: Int[Tensor, " test_words"]
    vocabulary: tuple[str, ...]  # of the training part, most frequent first
    fingerprint: str
    fidelity: str


@functools.lru_cache(maxsize=2)
def load_text(name: str) -> Text:
    """A known text from `root()/text`, or the generated one; a line's end counts as one word.

    ValueError for an unknown name, DataMissing where a part is not there, DataCorrupt where a part has not the known
    checksum. Nothing is ever downloaded or deleted.
    """
    check_text_name(name)
    lines = drawn_text() if name == GENERATED_TEXT else {part: _lines(name, part) for part in PARTS}
    words = {part: [word for line in lines[part] for word in (*line.split(), END)] for part in PARTS}
    vocabulary = tuple(word for word, _ in Counter(words["train"]).most_common())
    train, validation, test = (numbered(words[part], vocabulary) for part in PARTS)
    return Text(
        name=name,
        train=train,
        validation=validation,
        test=test,
        vocabulary=vocabulary,
        fingerprint=text_fingerprint(name),
        fidelity=text_fidelity(name),
    )


def numbered(words: Sequence[str], vocabulary: Sequence[str]) -> Int[Tensor, " words"]:
    """Each word's place in the vocabulary, that of `<unk>` for a strange one; ValueError where there is no `<unk>`."""
    places = {word: place for place, word in enumerate(vocabulary)}
    strange = next((word for word in words if word not in places), None)
    if strange is not None and UNKNOWN not in places:
        raise ValueError(f"words must be in the vocabulary, which has no {UNKNOWN}, got {strange!r}")
    return torch.tensor([places.get(word, places.get(UNKNOWN, -1)) for word in words])


def text_path(name: str, part: str) -> Path:
    """The file of a part of a known text."""
    return root() / "text" / KNOWN_TEXTS[name].folder / f"{part}.txt"


def _lines(name: str, part: str) -> list[str]:
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


def frequencies(text: Text) -> Int[Tensor, " vocabulary"]:
    """How often each word stands in the training part."""
    return torch.bincount(text.train, minlength=len(text.vocabulary))


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
    try:
        intact = all(_lines(name, part) for part in PARTS)
    except DataMissing:
        intact = None
    except DataCorrupt:
        intact = False
    return TextRow(name, paths[0].parent, size, intact)
