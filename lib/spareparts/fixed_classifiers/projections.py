"""The matrices of classifiers that are learned, in whole or in part, and those that are stored and fixed."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional, init

from .. import checks


def drawn(*shape: int, fan_in: float, generator: torch.Generator) -> Tensor:
    """Numbers uniform in +-1 / sqrt(fan_in), as PyTorch draws a linear layer's."""
    bound = fan_in**-0.5
    return init.uniform_(torch.empty(shape, device=generator.device), -bound, bound, generator=generator)


class Projection(nn.Module):
    """Products of features with the rows of a matrix, which a subclass gives."""

    def matrix(self) -> Float[Tensor, "classes features"]:
        """The rows."""
        raise NotImplementedError

    def forward(
        self, inputs: Float[Tensor, "*batch features"], bias: Float[Tensor, " classes"] | None = None
    ) -> Float[Tensor, "*batch classes"]:
        """The products with all rows, plus a bias."""
        return functional.linear(inputs, self.matrix(), bias)


class Fixed(Projection):
    """A matrix that is stored and never trained."""

    def __init__(self, weight: Float[Tensor, "classes features"]) -> None:
        super().__init__()
        self.register_buffer("weight", weight)

    def matrix(self) -> Float[Tensor, "classes features"]:
        """The rows."""
        return self.weight


class Learned(Projection):
    """A matrix that is trained; its rows are normalised to length 1 where `unit_rows`."""

    def __init__(self, weight: Float[Tensor, "classes features"], *, unit_rows: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.unit_rows = unit_rows

    def matrix(self) -> Float[Tensor, "classes features"]:
        """The rows."""
        return functional.normalize(self.weight) if self.unit_rows else self.weight


class LowRank(Projection):
    """The product of two learned matrices with `rank` columns and rows: `rank (N + C)` weights.

    Raises `ValueError` for a rank below 1.
    """

    def __init__(self, in_features: int, num_classes: int, *, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        checks.whole(1, rank=rank)
        self.reduction = nn.Parameter(drawn(rank, in_features, fan_in=in_features, generator=generator))
        self.expansion = nn.Parameter(drawn(num_classes, rank, fan_in=rank, generator=generator))

    def matrix(self) -> Float[Tensor, "classes features"]:
        """The rows."""
        return self.expansion @ self.reduction

    def forward(
        self, inputs: Float[Tensor, "*batch features"], bias: Float[Tensor, " classes"] | None = None
    ) -> Float[Tensor, "*batch classes"]:
        """The products with all rows, plus a bias, without the whole matrix."""
        return functional.linear(functional.linear(inputs, self.reduction), self.expansion, bias)


class Sparse(Projection):
    """A learned matrix whose entries are 0 but for a share `density` of them, in places drawn once.

    Raises `ValueError` for a density outside (0, 1].
    """

    def __init__(self, in_features: int, num_classes: int, *, density: float, generator: torch.Generator) -> None:
        super().__init__()
        if not 0 < density <= 1:
            raise ValueError(f"density must lie in (0, 1], got {density}")
        self.shape = (num_classes, in_features)
        kept = max(1, round(density * math.prod(self.shape)))
        places = torch.randperm(math.prod(self.shape), generator=generator, device=generator.device)[:kept]
        self.register_buffer("places", places.sort().values)
        self.values = nn.Parameter(drawn(kept, fan_in=max(1.0, kept / num_classes), generator=generator))

    def matrix(self) -> Float[Tensor, "classes features"]:
        """The rows."""
        empty = self.values.new_zeros(math.prod(self.shape))
        return empty.scatter(0, self.places, self.values).view(self.shape)
