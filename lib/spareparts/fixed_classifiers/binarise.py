"""Features reduced to their signs, as in a binarised network (Hubara et al. 2016): their norm is constant."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .heads import FixedClassifier


class Signs(nn.Module):
    """Signs of features, centred by BatchNorm without parameters: each sample has the norm sqrt(features).

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


class BinarisedClassifier(FixedClassifier):
    """A classifier of the features' signs, whose norm is known: none is computed, and no gradient goes through it."""

    def __init__(self, in_features: int, num_classes: int, **settings: Any) -> None:
        super().__init__(in_features, num_classes, **settings)
        self.signs = Signs(in_features)

    def forward(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """Class scores (logits)."""
        return super().forward(self.signs(features))

    def norms(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, "1 1"]:
        """The square root of the number of features."""
        return features.new_full((1, 1), self.in_features**0.5)
