"""Texts as numbered words, and windows of them."""

import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from .. import checks
from .texts import PARTS, text_lines

END, UNKNOWN = "<eos>", "<unk>"  # ends each line; stands for words that are not in the vocabulary


@dataclass(frozen=True, kw_only=True, eq=False)
class Text:
    """The words of a text's three parts, by their places in the vocabulary."""

    train: Int[Tensor, " train_words"]
    validation: Int[Tensor, " validation_words"]
    test: Int[Tensor, " test_words"]
    vocabulary: tuple[str, ...]  #: of the training part, most frequent first


@functools.lru_cache(maxsize=2)
def load_text(name: str) -> Text:
    """The words of a text; a line's end counts as one word. Raises what `text_lines` raises."""
    words = {
        part: [word for line in lines for word in (*line.split(), END)] for part, lines in text_lines(name).items()
    }
    vocabulary = tuple(word for word, _ in Counter(words["train"]).most_common())
    places = {word: place for place, word in enumerate(vocabulary)}
    strange = places.get(UNKNOWN)
    train, validation, test = (torch.tensor([places.get(word, strange) for word in words[part]]) for part in PARTS)
    return Text(train=train, validation=validation, test=test, vocabulary=vocabulary)


# A text in columns, read window after window: each column goes on where the window before left it


class Window(NamedTuple):
    """A stretch of every column, the words that follow each of its words, and whether the text begins anew here."""

    inputs: Int[Tensor, "window columns"]
    targets: Int[Tensor, "window columns"]
    begins: bool


class Windows(Iterator[Window]):
    """Endless passes over a text in columns, `length` words (at least 1) of each at a time; `len` is a pass's steps.

    The columns are stretches of one length; the rest is left out. ValueError below two words a column.
    """

    def __init__(self, words: Int[Tensor, " words"], *, columns: int, length: int) -> None:
        checks.whole(1, length=length)
        if not 1 <= columns <= len(words) // 2:
            raise ValueError(f"columns must lie in 1..{len(words) // 2}, half of the words, got {columns}")
        rows = len(words) // columns
        self.columns = words[: rows * columns].view(columns, rows).t().contiguous()
        self.length, self._position = length, 0

    def __len__(self) -> int:
        return -(-(len(self.columns) - 1) // self.length)

    def __next__(self) -> Window:
        start = self._position * self.length
        stop = min(start + self.length, len(self.columns) - 1)
        self._position = (self._position + 1) % len(self)
        return Window(self.columns[start:stop], self.columns[start + 1 : stop + 1], start == 0)

    def state_dict(self) -> dict[str, int]:
        """Steps of this pass that were taken."""
        return {"position": self._position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on where `state_dict` was taken; ValueError if it cannot fit."""
        if not 0 <= state["position"] < len(self):
            raise ValueError(f"position must lie in 0..{len(self) - 1}, got {state['position']}")
        self._position = state["position"]
