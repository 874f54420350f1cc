"""Texts by name, as numbered words: Penn Treebank, WikiText-2, and a small one that is drawn."""

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from .known_texts import (
    GENERATED_TEXT,
    PARTS,
    check_text_name,
    text_fidelity,
    text_fingerprint,
    text_lines,
)
from .markov import drawn_text

END, UNKNOWN = "<eos>", "<unk>"  # ends each line; stands for words that are not in the vocabulary


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
    lines = drawn_text() if name == GENERATED_TEXT else {part: text_lines(name, part) for part in PARTS}
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


def frequencies(text: Text) -> Int[Tensor, " vocabulary"]:
    """How often each word stands in the training part."""
    return torch.bincount(text.train, minlength=len(text.vocabulary))
