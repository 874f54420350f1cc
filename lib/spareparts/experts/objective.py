"""What a mixture is trained on: the losses of an arm, joined."""

import dataclasses
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from .config import BALANCED, CONTRASTED, Config
from .contrastive import normalized_temperature_cross_entropy, supervised_contrastive_loss
from .feeding import Batch
from .losses import gated_cross_entropy, load_balancing_loss, soft_nearest_neighbor_loss
from .network import MixtureOutput, full

ANNEALED_EPOCHS, ANNEALED_POWER = 25, 0.55  # t = 1/(1 + epoch)^0.55, an epoch being a 25th of the training


@dataclasses.dataclass(frozen=True, kw_only=True)
class Objective:
    """Gated cross entropy plus what the arm adds: the weighted SNNL of the blocks (Eq. 7), or another loss.

    Weights and temperature are settings, so that configs that differ in them only share an objective.
    """

    arm: str
    distance: str = "cosine"
    layers: str = "minimum"
    weight_schedule: str = "constant"
    temperature_schedule: str = "constant"

    def __call__(
        self, network: Callable[[Tensor], MixtureOutput], batch: Batch, settings: Mapping[str, float | Tensor]
    ) -> Tensor:
        """The loss of a batch; in the `simclr` arm its inputs are two views of each image."""
        views = batch.inputs.unbind(1) if self.arm == "simclr" else (batch.inputs,)
        outputs = [network(view) for view in views]
        output = outputs[0]
        loss = gated_cross_entropy(output.gates, output.logits, batch.labels)
        if self.arm in BALANCED:
            loss = loss + settings["balance_weight"] * load_balancing_loss(output.gates, output.scores)
        if self.arm not in CONTRASTED:
            return loss
        progress = getattr(batch, "progress", 0.0)
        temperature = self.temperature(output, settings, progress)
        added = self.contrast([output.blocks for output in outputs], batch.labels, temperature)
        return loss + self.weight(settings, progress) * added

    def weight(self, settings: Mapping[str, float | Tensor], progress: float | Tensor) -> float | Tensor:
        """Alpha of Eq. 7 after that share of the training."""
        shares = {"constant": 1, "rising": progress, "falling": 1 - progress}
        return settings["snnl_weight"] * shares[self.weight_schedule]

    def temperature(
        self, output: MixtureOutput, settings: Mapping[str, float | Tensor], progress: float | Tensor
    ) -> float | Tensor:
        """The temperature after that share of the training; a learned one comes with the output."""
        if output.temperature is not None:
            return output.temperature
        if self.temperature_schedule == "annealed":
            return settings["temperature"] / (1 + ANNEALED_EPOCHS * progress) ** ANNEALED_POWER
        return settings["temperature"]

    def contrast(
        self, views: list[tuple[Tensor, ...]], labels: Tensor, temperature: float | Tensor
    ) -> Float[Tensor, ""]:
        """Minimum or sum over the blocks of their SNNL, or of what stands in its place, in full precision."""
        with torch.autocast(labels.device.type, enabled=False):
            blocks = zip(*([full(block).flatten(1) for block in view] for view in views), strict=True)
            each = torch.stack([self.layer_loss(block, labels, temperature) for block in blocks])
        return each.min() if self.layers == "minimum" else each.sum()

    def layer_loss(self, views: tuple[Tensor, ...], labels: Tensor, temperature: float | Tensor) -> Float[Tensor, ""]:
        """The loss of one block's outputs."""
        if self.arm == "simclr":
            return normalized_temperature_cross_entropy(*views, temperature=temperature)
        if self.arm == "supcon":
            return supervised_contrastive_loss(*views, labels, temperature=temperature)
        return soft_nearest_neighbor_loss(*views, labels, temperature=temperature, distance=self.distance)


def objective_of(config: Config) -> tuple[Objective, dict[str, float]]:
    """The objective of a config and its settings."""
    names = [field.name for field in dataclasses.fields(Objective)]
    shared = Objective(**{name: getattr(config, name) for name in names})
    settings = {"balance_weight": config.balance_weight} if config.arm in BALANCED else {}
    if config.arm in CONTRASTED:
        settings |= {"snnl_weight": config.snnl_weight, "temperature": config.temperature}
    return shared, settings
