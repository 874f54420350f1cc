"""A Hadamard matrix as the rows of a classifier: by a dense product where that is faster, else by the transform."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from .. import checks, data
from .coherence import groups_of_equal
from .matrices import paley, paley_order, sylvester, sylvester_order
from .transform import fast_hadamard_transform

# Entries N C from which the transform is faster than a dense product, in a training step and in inference: measured
# with a batch of 256 on one core of a CPU. A single sample has it at 2^20 or so, where either takes 0.1 ms.
CROSSOVER = 2**16

MATRICES = ("sylvester", "paley")
COORDINATES = ("first", "scattered")


class Hadamard(nn.Module):
    """The first C rows and N columns of a Hadamard matrix, entries 1 or -1; nothing of the matrix is ever stored.

    `matrix` is `sylvester`, of order `2^ceil(log2 max(N, C))`, or `paley`, of the next order of that kind. `skip_ones`
    begins with row 1, as row 0 is all ones. `coordinates` are the matrix's first N columns, or `scattered`: drawn at
    random from all of them, so that only their places are stored.

    Raises `ValueError` for other words, and for scattered coordinates of a Paley matrix or without a generator.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        matrix: str = "sylvester",
        coordinates: str = "first",
        skip_ones: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        _check(matrix, coordinates, generator)
        self.in_features, self.first, self.stop = in_features, int(skip_ones), num_classes + skip_ones
        least = max(in_features, self.stop)
        self.order = paley_order(least) if matrix == "paley" else sylvester_order(least)
        self.register_buffer("columns", None)  # one for each feature, where they are scattered
        self.register_buffer("signs", None, persistent=False)  # where a dense product is faster
        if coordinates == "scattered":
            self.columns = torch.randperm(self.order, generator=generator, device=generator.device)[:in_features]
        elif matrix == "paley":
            self.signs = paley(self.order)[self.first : self.stop, :in_features].float()
        elif in_features * num_classes < CROSSOVER:
            self.signs = sylvester(torch.arange(self.first, self.stop), torch.arange(in_features)).float()

    def forward(
        self, inputs: Float[Tensor, "*batch features"], bias: Float[Tensor, " classes"] | None = None
    ) -> Float[Tensor, "*batch classes"]:
        """The products with all rows, plus a bias; `ValueError` for inputs of another width."""
        checks.width(self.in_features, inputs=inputs)
        if self.signs is not None:
            return functional.linear(inputs, self.signs.to(inputs.dtype), bias)
        scores = self._rows_of(fast_hadamard_transform(self._folded(inputs)))
        return scores if bias is None else scores + bias

    def _folded(self, inputs: Tensor) -> Tensor:
        """Features that the rows used do not tell apart, those whose columns agree in their low bits, added up.

        C rows have log2 C bits that meet a column's, so that a transform of that size is enough.
        """
        size = sylvester_order(self.stop)
        if self.columns is not None:
            return inputs.new_zeros(*inputs.shape[:-1], size).index_add(-1, self.columns % size, inputs)
        size = min(size, sylvester_order(self.in_features))  # later rows repeat the first ones
        padded = functional.pad(inputs, (0, -self.in_features % size))
        return padded.unflatten(-1, (-1, size)).sum(-2) if padded.shape[-1] > size else padded

    def _rows_of(self, transformed: Tensor) -> Tensor:
        """The rows used, which repeat where there are more than were transformed."""
        size = transformed.shape[-1]
        if self.stop <= size:
            return transformed[..., self.first : self.stop]
        return transformed[..., torch.arange(self.first, self.stop, device=transformed.device) % size]

    def matrix(self) -> Float[Tensor, "classes features"]:
        """All entries."""
        if self.signs is not None:
            return self.signs
        rows = torch.arange(self.first, self.stop)
        columns = torch.arange(self.in_features) if self.columns is None else self.columns.cpu()
        return sylvester(rows, columns).float()

    @torch.no_grad()
    def coinciding_rows(self) -> list[tuple[int, ...]]:
        """Groups of classes whose rows are equal: they give equal products with a vector of random whole numbers.

        Exact, but for a chance of about 2^-40 for each pair of different rows.
        """
        most = 2**52 // self.in_features  # whose sums float64 holds exactly
        vector = torch.randint(most, (self.in_features,), generator=data.generator(0)).double()
        device = next((buffer.device for buffer in self.buffers()), None)
        return groups_of_equal(self(vector.to(device)))


def _check(matrix: str, coordinates: str, generator: torch.Generator | None) -> None:
    checks.one_of(MATRICES, matrix=matrix)
    checks.one_of(COORDINATES, coordinates=coordinates)
    if coordinates == "scattered" and matrix != "sylvester":
        raise ValueError(f"scattered coordinates are those of a sylvester matrix, got {matrix!r}")
    if coordinates == "scattered" and generator is None:
        raise ValueError("generator must be given for scattered coordinates, which are drawn, got None")
