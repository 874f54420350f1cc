"""The last layer of a classifier: learned, fixed, or between the two."""

import warnings
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .. import checks
from .coherence import CoincidingRows, described, max_coherence
from .hadamard import Hadamard
from .matrices import orthonormal, tight_frame
from .projections import Fixed, Learned, LowRank, Projection, Sparse, drawn

AFFINE = ("learned", "frozen", "low_rank", "sparse")  # W x + b
SCALED = ("normalised", "orthonormal", "hadamard", "tight_frame")  # scale Q x^ + b
KINDS = (*AFFINE, *SCALED)
OPTIONS: dict[str, tuple[str, object]] = {  # the kind that an option is of, and its value with all others
    "matrix": ("hadamard", "sylvester"),
    "coordinates": ("hadamard", "first"),
    "skip_ones": ("hadamard", False),
    "rank": ("low_rank", None),
    "density": ("sparse", None),
}
DENSITY = 0.25  # weights of a low-rank or sparse head over those of a learned one, where nothing else is asked for


class FixedClassifier(nn.Module):
    """Class scores `scale Q x / (||x|| + eps) + b` of features x, with Q fixed, and b and the scale learned.

    `kind`: `orthonormal` (random; orthonormal columns where there are more classes than features), `hadamard` (with
    `matrix`, `coordinates` and `skip_ones` of `Hadamard`; entries `+-1 / sqrt(N)`, none stored) or `tight_frame`;
    `normalised` is the control whose rows are learned, of length 1. The scale begins with `initial_scale`, or is held
    at `scale`; `negate` changes the products' sign, as the authors' code does. With `scale=1.0` and `bias=False` the
    scores are the cosines that a cosine loss needs.

    The other kinds give `W x + b`: `learned`, `frozen` (W stays as drawn), `low_rank` (of a `rank`) and `sparse` (of a
    `density`, 0 to 1), both by default with a quarter of the weights. These draw their biases, the others begin with 0.

    Raises `ValueError` for sizes below 1, unknown words, a kind that draws without a generator, a scale that is not
    positive or not used, an option of another kind, and features of another width; `TypeError` for an unknown option.
    Warns with `CoincidingRows` where classes share a row.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        kind: str,
        generator: torch.Generator | None = None,
        scale: float | None = None,
        initial_scale: float = 1.0,
        negate: bool = False,
        bias: bool = True,
        eps: float = 1e-6,
        **options: str | bool | float | None,
    ) -> None:
        super().__init__()
        _check(in_features, num_classes, kind=kind, generator=generator)
        _check_scale(kind, scale=scale, initial_scale=initial_scale, negate=negate)
        checks.positive(eps=eps)
        _check_options(kind, options)
        self.in_features, self.num_classes, self.kind, self.eps = in_features, num_classes, kind, eps
        self.projection = _projection(in_features, num_classes, kind=kind, generator=generator, **options)
        first_bias = _first_bias(in_features, num_classes, kind=kind, generator=generator)
        self.bias = nn.Parameter(first_bias) if bias else None
        self.sign = -1.0 if negate else 1.0
        self._set_scale(scale, initial_scale)
        if groups := self.coinciding_rows:
            warnings.warn(described(groups), CoincidingRows, stacklevel=2)

    def _set_scale(self, scale: float | None, initial_scale: float) -> None:
        """A learned number, a held one, or none."""
        if self.kind not in SCALED:
            self.scale = None
        elif scale is None:
            self.scale = nn.Parameter(torch.tensor(float(initial_scale)))
        else:
            self.register_buffer("scale", torch.tensor(float(scale)))

    def forward(self, features: Float[Tensor, "*batch features"]) -> Float[Tensor, "*batch classes"]:
        """Class scores (logits)."""
        checks.width(self.in_features, features=features)
        if self.scale is None:
            return self.projection(features, self.bias)
        # all factors in one, applied to the features: there are mostly fewer of them than of products
        factor = self.sign * self._entry * self.scale / (self.norms(features) + self.eps)
        scaled = factor * features
        if not torch.is_autocast_enabled(features.device.type):
            scaled = scaled.to(features.dtype)
        return self.projection(scaled, self.bias)

    def norms(self, features: Float[Tensor, "*batch features"]) -> Float[Tensor, "*batch 1"]:
        """What a kind that normalises divides each sample by; half precision has no room for it, nor for 1 / eps."""
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


def _projection(
    in_features: int,
    num_classes: int,
    *,
    kind: str,
    generator: torch.Generator | None,
    rank: int | None = None,
    density: float | None = None,
    **hadamard: str | bool,
) -> Projection | Hadamard:
    """The matrix of a kind."""
    sizes, whole = (in_features, num_classes), in_features * num_classes
    few = max(1, round(DENSITY * whole / (in_features + num_classes))) if rank is None else rank
    share = DENSITY if density is None else density

    def weight() -> Tensor:
        return drawn(num_classes, in_features, fan_in=in_features, generator=generator)

    makers: dict[str, Callable[[], Projection | Hadamard]] = {
        "learned": lambda: Learned(weight()),
        "normalised": lambda: Learned(weight(), unit_rows=True),
        "frozen": lambda: Fixed(weight()),
        "orthonormal": lambda: Fixed(orthonormal(num_classes, in_features, generator=generator)),
        "tight_frame": lambda: Fixed(tight_frame(num_classes, in_features, generator=generator)),
        "hadamard": lambda: Hadamard(*sizes, generator=generator, **hadamard),
        "low_rank": lambda: LowRank(*sizes, rank=few, generator=generator),
        "sparse": lambda: Sparse(*sizes, density=share, generator=generator),
    }
    return makers[kind]()


def _first_bias(
    in_features: int, num_classes: int, *, kind: str, generator: torch.Generator | None
) -> Float[Tensor, " classes"]:
    """As PyTorch's linear layer for those that give `W x + b`, else 0."""
    if kind in AFFINE:
        return drawn(num_classes, fan_in=in_features, generator=generator)
    return torch.zeros(num_classes, device="cpu" if generator is None else generator.device)


def _check(in_features: int, num_classes: int, *, kind: str, generator: torch.Generator | None) -> None:
    checks.whole(1, in_features=in_features, num_classes=num_classes)
    checks.one_of(KINDS, kind=kind)
    if generator is None and kind != "hadamard":
        raise ValueError(f"generator must be given for kind {kind!r}, which draws its matrix, got None")


def _check_scale(kind: str, *, scale: float | None, initial_scale: float, negate: bool) -> None:
    if kind not in SCALED and (scale is not None or initial_scale != 1.0 or negate):
        given = f"scale {scale}, initial_scale {initial_scale} and negate {negate}"
        raise ValueError(f"kind {kind!r} has no scale and nothing to negate, got {given}")
    checks.positive(initial_scale=initial_scale, **({} if scale is None else {"scale": scale}))


def _check_options(kind: str, options: Mapping[str, object]) -> None:
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise TypeError(f"unknown options {', '.join(unknown)}; known: {', '.join(OPTIONS)}")
    for name, value in options.items():
        owner, unused = OPTIONS[name]
        if kind != owner and value != unused:
            raise ValueError(f"{name} is of kind {owner!r} and must stay {unused!r} for {kind!r}, got {value!r}")
