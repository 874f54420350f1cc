"""Hadamard matrices as the rows of a classifier: Sylvester's and Paley's, and the fast transform."""

import functools
import itertools
import math

import scipy.linalg
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from .. import checks, data

Features, Scores = Float[Tensor, "*batch features"], Float[Tensor, "*batch classes"]

# The matrix is a Kronecker product of small ones. A pass over the data for every factor of 16 or 32 is fastest: factors
# of 2, as textbooks have them, move the data more often than they compute, and those of 64 compute too much.
RADIX_BITS = 5
CHUNK = 2**17  # numbers transformed at once on a CPU, so that all passes over them stay in its cache

# Entries N C from which the transform is faster than a dense product, in a training step and in inference: measured
# with a batch of 256 on one core of a CPU. A single sample has it at 2^20 or so, where either takes 0.1 ms.
CROSSOVER = 2**16


def sylvester(rows: Int[Tensor, " classes"], columns: Int[Tensor, " features"]) -> Int[Tensor, "classes features"]:
    """These rows and columns of Sylvester's Hadamard matrix, `(-1)^popcount(i & j)`."""
    common = rows[:, None] & columns
    for shift in (16, 8, 4, 2, 1):
        common = common ^ (common >> shift)
    return 1 - 2 * (common & 1)


def sylvester_order(least: int) -> int:
    """Smallest order of Sylvester's matrices, a power of two, that is at least so large."""
    return 1 << (least - 1).bit_length()


def paley(order: int) -> Int[Tensor, "order order"]:
    """Paley's first Hadamard matrix, whose first row is ones, from the squares modulo a prime q = 3 mod 4.

    Its order is q + 1; raises `ValueError` for another, and `paley_order` gives the next one.
    """
    if order % 4 or not _is_prime(order - 1):
        raise ValueError(f"order must be a prime plus 1 and a multiple of 4 (4, 8, 12, 20, ...), got {order}")
    places = torch.arange(order - 1)
    character = -torch.ones(order - 1, dtype=torch.int64)  # 1 for squares, -1 for others
    character[places * places % (order - 1)] = 1
    character[0] = 0
    whole = torch.ones(order, order, dtype=torch.int64)
    whole[1:, 0] = -1
    whole[1:, 1:] = character[(places[:, None] - places) % (order - 1)] + torch.eye(order - 1, dtype=torch.int64)
    return whole


def paley_order(least: int) -> int:
    """Smallest order of `paley` that is at least so large."""
    return next(order for order in itertools.count(max(4, least + -least % 4), 4) if _is_prime(order - 1))


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


def fast_hadamard_transform(inputs: Features) -> Features:
    """The product of the last axis with the Sylvester matrix of its size, `y_i = sum_j (-1)^popcount(i & j) x_j`.

    Not scaled: applied twice it gives N times the input. It is symmetric, so that its gradient is itself. Raises
    `ValueError` for a size that is not a power of two and for numbers that are not floating-point.
    """
    size = inputs.shape[-1] if inputs.ndim else 0
    if size < 1 or size & (size - 1):
        raise ValueError(f"the last axis must be a power of two (1, 2, 4, ...), got {size}")
    checks.width(size, inputs=inputs)
    return inputs if size == 1 else _Transform.apply(inputs)


class _Transform(torch.autograd.Function):
    """The transform for all that differentiates or batches it; nothing is kept for the backward pass."""

    @staticmethod
    def forward(inputs: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, enabled=False):  # the result has the inputs' own precision
            return _chunked(inputs.reshape(-1, inputs.shape[-1])).view(inputs.shape)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        pass

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return fast_hadamard_transform(gradient)

    @staticmethod
    def vmap(info, in_dims, inputs: Tensor) -> tuple[Tensor, int]:
        return fast_hadamard_transform(inputs.movedim(in_dims[0], 0)), 0


def _chunked(rows: Tensor) -> Tensor:
    """The transform of each row, on a CPU of few rows at a time."""
    few = max(1, CHUNK // rows.shape[1])
    if rows.is_cuda or len(rows) <= few:
        return _passes(rows)
    found = torch.empty_like(rows, memory_format=torch.contiguous_format)
    for source, target in zip(rows.split(few), found.split(few), strict=True):
        target.copy_(_passes(source))
    return found


def _passes(rows: Tensor) -> Tensor:
    """The transform of each row: one pass for each Kronecker factor, from the fastest index to the slowest."""
    size, inner = rows.shape[1], 1
    bits = torch.arange(size.bit_length() - 1)
    for part in bits.tensor_split(-(-len(bits) // RADIX_BITS)):  # as equal as can be
        factor = _factor(len(part), rows.dtype, rows.device)
        width = len(factor)
        rows = rows.reshape(-1, width) @ factor if inner == 1 else factor @ rows.reshape(-1, width, inner)
        inner *= width
    return rows.reshape(-1, size)


@functools.lru_cache(maxsize=64)
def _factor(bits: int, dtype: torch.dtype, device: torch.device) -> Float[Tensor, "size size"]:
    """The Sylvester matrix of size 2^bits."""
    return torch.from_numpy(scipy.linalg.hadamard(2**bits)).to(device, dtype)


class Hadamard(nn.Module):
    """The first C rows and N columns of a Hadamard matrix, entries 1 or -1; no checkpoint has any of them.

    `matrix` is `sylvester`, of order `2^ceil(log2 max(N, C))`, or `paley`, of the next order of that kind. `skip_ones`
    begins with row 1, as row 0 is all ones. `coordinates` are the matrix's first N columns, or `scattered`: drawn at
    random, so that only their places are stored. Raises `ValueError` for other words and scattered ones of a Paley.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        matrix: str = "sylvester",
        coordinates: str = "first",
        skip_ones: bool = False,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        checks.one_of(("sylvester", "paley"), matrix=matrix)
        checks.one_of(("first", "scattered"), coordinates=coordinates)
        if coordinates == "scattered" and matrix != "sylvester":
            raise ValueError(f"scattered coordinates are those of a sylvester matrix, got {matrix!r}")
        self.in_features, self.first, self.stop = in_features, int(skip_ones), num_classes + skip_ones
        least = max(in_features, self.stop)
        self.order = paley_order(least) if matrix == "paley" else sylvester_order(least)
        self.register_buffer("columns", None)  # one for each feature, where they are scattered
        self.register_buffer("signs", None, persistent=False)  # in memory, where a dense product is faster
        if coordinates == "scattered":
            self.columns = torch.randperm(self.order, generator=generator, device=generator.device)[:in_features]
        elif matrix == "paley":
            self.signs = paley(self.order)[self.first : self.stop, :in_features].float()
        elif in_features * num_classes < CROSSOVER:
            self.signs = sylvester(torch.arange(self.first, self.stop), torch.arange(in_features)).float()

    def forward(self, inputs: Features, bias: Float[Tensor, " classes"] | None = None) -> Scores:
        """The products with all rows, plus a bias; `ValueError` for inputs of another width."""
        checks.width(self.in_features, inputs=inputs)
        if self.signs is not None:
            return functional.linear(inputs, self.signs.to(inputs.dtype), bias)
        transformed = fast_hadamard_transform(self._folded(inputs))
        size = transformed.shape[-1]
        if self.stop <= size:
            scores = transformed[..., self.first : self.stop]
        else:  # rows repeat where there are more than were transformed
            scores = transformed[..., torch.arange(self.first, self.stop, device=inputs.device) % size]
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
        groups: dict[float, list[int]] = {}
        for row, product in enumerate(self(vector.to(device)).tolist()):
            groups.setdefault(product, []).append(row)
        return [tuple(rows) for rows in groups.values() if len(rows) > 1]
