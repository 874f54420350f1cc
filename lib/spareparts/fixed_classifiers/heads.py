"""The last layer of a classifier: learned, fixed, or between the two."""

import math
import warnings
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional, init

from .. import checks
from .config import HEADS, SCALED
from .hadamard import Features, Hadamard, Scores
from .measures import CoincidingRows, max_coherence

OPTIONS = {"hadamard": ("matrix", "coordinates", "skip_ones"), "low_rank": ("rank",), "sparse": ("density",)}
DENSITY = 0.25  # weights of a low-rank or sparse head over those of a learned one, where nothing else is asked for
EPS = 1e-6  # added to a length that is divided by


# What is multiplied: matrices that are learned, in whole or in part, and those that are stored and fixed


def orthonormal(classes: int, features: int, *, generator: torch.Generator) -> Float[Tensor, "classes features"]:
    """A random matrix with orthonormal rows, or orthonormal columns where there are more classes than features.

    Its distribution is Haar's: no direction is preferred.
    """
    return init.orthogonal_(torch.empty(classes, features, device=generator.device), generator=generator)


def tight_frame(classes: int, features: int, *, generator: torch.Generator) -> Float[Tensor, "classes features"]:
    """Rows of length 1 with `Q^T Q = (C / N) I`, turned at random; orthonormal rows for C <= N.

    Row i holds `sqrt(2/N) (cos(2 pi k i / C), sin(2 pi k i / C))` for N/2 different frequencies k between 0 and C/2,
    drawn at random but for k = 1, which keeps rows apart; an odd N adds the constant `sqrt(1/N)`.
    """
    if classes <= features:
        return orthonormal(classes, features, generator=generator)
    device = generator.device
    others = torch.randperm(max(0, (classes - 1) // 2 - 1), generator=generator, device=device)
    frequencies = torch.cat([torch.ones(1, dtype=torch.int64, device=device), 2 + others])[: features // 2]
    angles = 2 * math.pi / classes * (torch.outer(torch.arange(classes, device=device), frequencies) % classes)
    columns = [math.sqrt(2) * angles.cos(), math.sqrt(2) * angles.sin()]
    columns += [torch.ones(classes, 1, device=device)] * (features % 2)
    return torch.cat(columns, 1) / math.sqrt(features) @ orthonormal(features, features, generator=generator)


def drawn(*shape: int, fan_in: float, generator: torch.Generator) -> Tensor:
    """Numbers uniform in +-1 / sqrt(fan_in), as PyTorch draws a linear layer's."""
    bound = fan_in**-0.5
    return init.uniform_(torch.empty(shape, device=generator.device), -bound, bound, generator=generator)


def scale_of(present: bool, held: float | None, initial: float) -> nn.Parameter | nn.Buffer | None:
    """The factor of normalised features: a learned number, a held one, or none; `ValueError` unless it is positive."""
    checks.positive(initial_scale=initial, scale=1.0 if held is None else held)
    if not present:
        return None
    return nn.Parameter(torch.tensor(float(initial))) if held is None else nn.Buffer(torch.tensor(float(held)))


class Projection(nn.Module):
    """Products of features with the rows of a matrix, which a subclass gives as `matrix()`."""

    def forward(self, inputs: Features, bias: Float[Tensor, " classes"] | None = None) -> Scores:
        """The products with all rows, plus a bias."""
        return functional.linear(inputs, self.matrix(), bias)


class Dense(Projection):
    """A matrix that is trained or fixed; its rows are normalised to length 1 where `unit_rows`."""

    def __init__(self, weight: Float[Tensor, "classes features"], *, trained: bool, unit_rows: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight) if trained else nn.Buffer(weight)
        self.unit_rows = unit_rows

    def matrix(self) -> Float[Tensor, "classes features"]:
        """The rows."""
        return functional.normalize(self.weight) if self.unit_rows else self.weight


class LowRank(Projection):
    """The product of two learned matrices with `rank` columns and rows: `rank (N + C)` weights, by default N C / 4."""

    def __init__(self, features: int, classes: int, *, generator: torch.Generator, rank: int | None = None) -> None:
        super().__init__()
        if rank is None:
            rank = max(1, round(DENSITY * features * classes / (features + classes)))
        checks.whole(1, rank=rank)
        self.reduction = nn.Parameter(drawn(rank, features, fan_in=features, generator=generator))
        self.expansion = nn.Parameter(drawn(classes, rank, fan_in=rank, generator=generator))

    def matrix(self) -> Float[Tensor, "classes features"]:
        """The rows."""
        return self.expansion @ self.reduction

    def forward(self, inputs: Features, bias: Float[Tensor, " classes"] | None = None) -> Scores:
        """The products with all rows, plus a bias, without the whole matrix."""
        return functional.linear(functional.linear(inputs, self.reduction), self.expansion, bias)


class Sparse(Projection):
    """A learned matrix whose entries are 0 but for a share `density` of them, in places drawn once."""

    def __init__(
        self, features: int, classes: int, *, generator: torch.Generator, density: float | None = None
    ) -> None:
        super().__init__()
        density = DENSITY if density is None else density
        if not 0 < density <= 1:
            raise ValueError(f"density must lie in (0, 1], got {density}")
        self.shape = (classes, features)
        kept = max(1, round(density * math.prod(self.shape)))
        places = torch.randperm(math.prod(self.shape), generator=generator, device=generator.device)[:kept]
        self.places = nn.Buffer(places.sort().values)
        self.values = nn.Parameter(drawn(kept, fan_in=max(1.0, kept / classes), generator=generator))

    def matrix(self) -> Float[Tensor, "classes features"]:
        """The rows."""
        empty = self.values.new_zeros(math.prod(self.shape))
        return empty.scatter(0, self.places, self.values).view(self.shape)


def _projection(
    features: int, classes: int, *, kind: str, generator: torch.Generator, **options: Any
) -> Projection | Hadamard:
    """The matrix of a kind; `ValueError` for an unknown one, `TypeError` for an option that it does not have."""
    checks.one_of(HEADS, kind=kind)
    if unknown := sorted(options.keys() - OPTIONS.get(kind, ())):
        raise TypeError(f"kind {kind!r} has no {', '.join(unknown)}; options are {OPTIONS}")
    if kind in OPTIONS:
        made = {"hadamard": Hadamard, "low_rank": LowRank, "sparse": Sparse}[kind]
        return made(features, classes, generator=generator, **options)
    if draw := {"orthonormal": orthonormal, "tight_frame": tight_frame}.get(kind):
        return Dense(draw(classes, features, generator=generator), trained=False)
    weight = drawn(classes, features, fan_in=features, generator=generator)
    return Dense(weight, trained=kind != "frozen", unit_rows=kind == "normalised")


class Signs(nn.Module):
    """Signs of features, centred by BatchNorm without parameters: the norm is sqrt(features) (Hubara et al. 2016).

    The gradient passes where the centred feature lies in [-1, 1], as if nothing had been rounded. A sign of 0 is 1.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.centre = nn.BatchNorm1d(features, affine=False)

    def forward(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """-1 or 1 for each feature."""
        clipped = self.centre(features).clamp(-1, 1)
        signs = torch.where(clipped >= 0, 1.0, -1.0).to(clipped.dtype)
        return clipped + (signs - clipped).detach()


# The heads


class FixedClassifier(nn.Module):
    """Class scores `scale Q x / (||x|| + eps) + b` of features x, with Q fixed, and b and the scale learned.

    `kind`: `orthonormal` (random; orthonormal columns where there are more classes than features), `hadamard` (with
    `matrix`, `coordinates` and `skip_ones` of `Hadamard`; entries `+-1 / sqrt(N)`, in no checkpoint) or `tight_frame`;
    `normalised` is the control whose rows are learned, of length 1. The scale begins with `initial_scale`, or is held
    at `scale`; `negate` changes the products' sign, as the authors' code does; `binarised` takes the features' signs.
    With `scale=1.0` and `bias=False` the scores are the cosines that a cosine loss needs.

    The other kinds give `W x + b`: `learned`, `frozen` (W stays as drawn), `low_rank` (of a `rank`) and `sparse` (of a
    `density`, 0 to 1), both by default with a quarter of the weights. These draw their biases, the others begin with 0.
    Raises `ValueError` for sizes below 1, unknown words, a scale that is not positive or not used, and features of
    another width; `TypeError` for an option that the kind does not have. Warns of `CoincidingRows`.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        kind: str,
        generator: torch.Generator,
        scale: float | None = None,
        initial_scale: float = 1.0,
        negate: bool = False,
        bias: bool = True,
        binarised: bool = False,
        **options: str | bool | float | None,
    ) -> None:
        super().__init__()
        checks.whole(1, in_features=in_features, num_classes=num_classes)
        if kind not in SCALED and (scale is not None or initial_scale != 1.0 or negate):
            raise ValueError(f"{kind=} has no scale and nothing to negate, got {scale=}, {initial_scale=}, {negate=}")
        self.in_features, self.num_classes, self.kind = in_features, num_classes, kind
        self.projection = _projection(in_features, num_classes, kind=kind, generator=generator, **options)
        first_bias = torch.zeros(num_classes, device=generator.device)
        if kind not in SCALED:  # as PyTorch's linear layer
            first_bias = drawn(num_classes, fan_in=in_features, generator=generator)
        self.bias = nn.Parameter(first_bias) if bias else None
        self.signs = Signs(in_features) if binarised else None
        self.sign, self.scale = -1.0 if negate else 1.0, scale_of(kind in SCALED, scale, initial_scale)
        if groups := self.coinciding_rows:
            text = f"{len(groups)} groups of classes share a row, first {groups[0]}: only their biases differ"
            warnings.warn(text, CoincidingRows, stacklevel=2)

    def forward(self, features: Features) -> Scores:
        """Class scores (logits)."""
        checks.width(self.in_features, features=features)
        features = features if self.signs is None else self.signs(features)
        if self.scale is None:
            return self.projection(features, self.bias)
        # all factors in one, applied to the features: there are mostly fewer of them than of products
        factor = self.sign * self._entry * self.scale / (self.norms(features) + EPS)
        scaled = factor * features
        if not torch.is_autocast_enabled(features.device.type):
            scaled = scaled.to(features.dtype)
        return self.projection(scaled, self.bias)

    def norms(self, features: Features) -> Float[Tensor, "*batch 1"]:
        """What a kind that normalises divides each sample by; half precision has no room for it, nor for 1 / eps."""
        if self.signs is not None:  # a constant, through which no gradient goes
            return features.new_full((*features.shape[:-1], 1), self.in_features**0.5)
        dtype = torch.promote_types(features.dtype, torch.float32)
        return torch.linalg.vector_norm(features, dim=-1, keepdim=True, dtype=dtype)

    @property
    def _entry(self) -> float:
        """What the projection's rows are multiplied with to become those of Q."""
        return self.in_features**-0.5 if self.kind == "hadamard" else 1.0

    @property
    def matrix(self) -> Float[Tensor, "classes features"]:
        """The rows of Q, or of W."""
        return self._entry * self.projection.matrix().detach()

    @property
    def max_coherence(self) -> float:
        """Largest |cosine| between the rows of two classes, 0 to 1; takes time C^2 N."""
        return max_coherence(self.matrix)

    @property
    def coinciding_rows(self) -> list[tuple[int, ...]]:
        """Groups of classes that a fixed matrix has one row for; of learned and of random rows none."""
        if self.kind == "hadamard":
            return self.projection.coinciding_rows()
        # unit rows in one dimension are one number, 1 or -1; all other random rows differ
        single = self.kind == "tight_frame" and self.in_features == 1 and self.num_classes > 1
        return [tuple(range(self.num_classes))] if single else []
