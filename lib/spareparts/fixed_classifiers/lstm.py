"""The language model: two LSTM layers between an embedding of words and a classifier over all words."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from .. import checks, models

LAYERS = 2
RANGE = 0.1  # learned word vectors start uniform within it
EPS = 1e-6
State = tuple[Tensor, Tensor]  # hidden values and cells, (layers, columns, units) each


class LanguageModel(nn.Module):
    """Logits of the next word, `W h + b`, or `s W h / (||h|| + eps) + b` where normalised, with a learned bias b.

    The input is a row of W itself; where not `tied` the embedding is a matrix of its own. A `fixed` W, rows of norm 1,
    is never trained. The scale s is learned from `initial_scale`, or held at `scale`. Dropout acts on what the first
    layer, the second and the classifier are given. The buffers `hidden` and `cells` carry the state from window to
    window, so that a checkpoint keeps them. Raises `ValueError` for sizes below 1, a scale that is not positive, and a
    fixed W that is not tied.
    """

    hidden: Tensor
    cells: Tensor
    scale: Tensor | None

    def __init__(
        self,
        vocabulary: int,
        units: int,
        *,
        generator: torch.Generator,
        tied: bool = True,
        fixed: Float[Tensor, "vocabulary units"] | None = None,
        normalised: bool = False,
        scale: float | None = None,
        initial_scale: float = 1.0,
        dropout: float = 0.5,
        columns: int = 1,
    ) -> None:
        super().__init__()
        checks.whole(1, vocabulary=vocabulary, units=units, columns=columns)
        checks.positive(initial_scale=initial_scale, **({} if scale is None else {"scale": scale}))
        if fixed is not None and (not tied or fixed.shape != (vocabulary, units)):
            raise ValueError(f"fixed must be tied and {(vocabulary, units)}, got tied={tied} and {tuple(fixed.shape)}")
        self._put_words(vocabulary, units, fixed, tied, generator)
        self.layers = nn.ModuleList(nn.LSTM(units, units) for _ in range(LAYERS))
        self.dropouts = nn.ModuleList(models.Dropout(dropout, generator=generator) for _ in range(LAYERS + 1))
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self._put_scale(normalised, scale, initial_scale)
        for name in ("hidden", "cells"):
            self.register_buffer(name, torch.zeros(LAYERS, columns, units))
        for parameter in self.layers.parameters():
            nn.init.uniform_(parameter, -(units**-0.5), units**-0.5, generator=generator)

    def _put_words(
        self, vocabulary: int, units: int, fixed: Tensor | None, tied: bool, generator: torch.Generator
    ) -> None:
        if fixed is not None:
            self.register_buffer("words", fixed.clone())
        else:
            self.words = nn.Parameter(torch.empty(vocabulary, units).uniform_(-RANGE, RANGE, generator=generator))
        self.embedding = None
        if not tied:
            self.embedding = nn.Parameter(torch.empty(vocabulary, units).uniform_(-RANGE, RANGE, generator=generator))

    def _put_scale(self, normalised: bool, held: float | None, initial: float) -> None:
        if normalised and held is None:
            self.scale = nn.Parameter(torch.tensor(float(initial)))
        else:
            self.register_buffer("scale", torch.tensor(float(held or initial)) if normalised else None)

    def features(
        self, words: Int[Tensor, "window columns"], state: State | None = None
    ) -> tuple[Float[Tensor, "window columns units"], State]:
        """What the classifier is given, and the state after the window; it begins from zeros without one."""
        values = functional.embedding(words, self.words if self.embedding is None else self.embedding)
        ends = []
        for place, layer in enumerate(self.layers):
            before = None if state is None else (state[0][place : place + 1], state[1][place : place + 1])
            values, after = layer(self.dropouts[place](values), before)
            ends.append(after)
        hidden, cells = (torch.cat(tensors) for tensors in zip(*ends, strict=True))
        return self.dropouts[-1](values), (hidden, cells)

    def classifier(self, features: Float[Tensor, "*batch units"]) -> Float[Tensor, "*batch vocabulary"]:
        """Logits of the features."""
        if self.scale is not None:
            wide = torch.promote_types(features.dtype, torch.float32)  # half precision has no room for 1 / EPS
            norms = torch.linalg.vector_norm(features, dim=-1, keepdim=True, dtype=wide)
            features = (self.scale * features / (norms + EPS)).to(features.dtype)
        return functional.linear(features, self.words, self.bias)

    def forward(
        self, words: Int[Tensor, "window columns"], state: State | None = None
    ) -> tuple[Float[Tensor, "window columns vocabulary"], State]:
        """Logits of each next word, and the state after the window."""
        features, state = self.features(words, state)
        return self.classifier(features), state

    def carry(
        self, words: Int[Tensor, "window columns"], *, begins: bool
    ) -> Float[Tensor, "window columns vocabulary"]:
        """Logits that go on from the window before, whose state has no gradient; from zeros where a text begins."""
        logits, (hidden, cells) = self(words, None if begins else (self.hidden, self.cells))
        self.hidden, self.cells = hidden.detach(), cells.detach()
        return logits


class Counts(NamedTuple):
    """Numbers of parameters of a language model."""

    words: int  # embedding and classifier
    recurrent: int
    bias: int

    @property
    def share(self) -> float:
        """Of embedding and classifier among all but the classifier's bias, which is learned in any case, in %."""
        return 100 * self.words / (self.words + self.recurrent)


def count_parameters(vocabulary: int, units: int, *, tied: bool) -> Counts:
    """Parameters of a language model: `V N` of words, twice where untied, and `8 N (N + 1)` of each layer."""
    return Counts(vocabulary * units * (1 if tied else 2), LAYERS * 8 * units * (units + 1), vocabulary)
