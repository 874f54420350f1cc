"""What a mixture is trained on: the losses of an arm, joined."""

import dataclasses
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from .. import data
from .config import Config
from .losses import gated_cross_entropy, soft_nearest_neighbor_loss
from .network import MixtureOutput, full


@dataclasses.dataclass(frozen=True, kw_only=True)
class Objective:
    """Gated cross entropy plus, in the `snnl` arm, the weighted SNNL of the blocks (Eq. 7).

    Weight and temperature are settings, so that configs that differ in them only share an objective.
    """

    arm: str
    distance: str
    layers: str

    def __call__(
        self, network: Callable[[Tensor], MixtureOutput], batch: data.Batch, settings: Mapping[str, float | Tensor]
    ) -> Tensor:
        """The loss of a batch."""
        output = network(batch.inputs)
        loss = gated_cross_entropy(output.gates, output.logits, batch.labels)
        if self.arm != "snnl":
            return loss
        return loss + settings["snnl_weight"] * self.snnl(output, batch.labels, settings["temperature"])

    def snnl(self, output: MixtureOutput, labels: Tensor, temperature: float | Tensor) -> Tensor:
        """Minimum or sum over the blocks of their SNNL, in full precision."""
        with torch.autocast(labels.device.type, enabled=False):
            each = torch.stack(
                [
                    soft_nearest_neighbor_loss(full(block), labels, temperature=temperature, distance=self.distance)
                    for block in output.blocks
                ]
            )
        return each.min() if self.layers == "minimum" else each.sum()


def objective_of(config: Config) -> tuple[Objective, dict[str, float]]:
    """The objective of a config and its settings."""
    shared = Objective(arm=config.arm, distance=config.distance, layers=config.layers)
    weighted = {"snnl_weight": config.snnl_weight, "temperature": config.temperature}
    return shared, weighted if config.arm == "snnl" else {}
