"""A text in columns, read window after window: each column goes on where the window before left it."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxtyping import Int
from torch import Tensor


class Window(NamedTuple):
    """A stretch of every column, the words that follow each of its words, and whether the text begins anew here."""

    inputs: Int[Tensor, "window columns"]
    targets: Int[Tensor, "window columns"]
    begins: bool


def in_columns(words: Int[Tensor, " words"], count: int) -> Int[Tensor, "length columns"]:
    """A text cut into `count` stretches of one length, side by side; the rest that fills no row is left out.

    ValueError for fewer than two words a column.
    """
    if not 1 <= count <= len(words) // 2:
        raise ValueError(f"columns must lie in 1..{len(words) // 2}, half of the words, got {count}")
    length = len(words) // count
    return words[: length * count].view(count, length).t().contiguous()


class Windows(Iterator[Window]):
    """Endless passes over a text in columns, `length` words of each at a time, the last of a pass as many as are left.

    `len` is the steps of a pass. ValueError for a length below 1.
    """

    def __init__(self, words: Int[Tensor, " words"], *, columns: int, length: int) -> None:
        if length < 1:
            raise ValueError(f"length must be at least 1 word, got {length}")
        self.columns, self.length = in_columns(words, columns), length
        self._position = 0

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
