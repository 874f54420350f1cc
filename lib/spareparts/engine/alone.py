"""One replica trained by itself: what one would write without an engine."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from .device import autocast, lay_out
from .replica import Run


class Alone:
    """Trainer of one replica by its own optimizer."""

    def __init__(self, group: Sequence[Run], *, precision: str) -> None:
        (self.run,) = group
        self.precision = precision
        lay_out(self.run.replica.network)

    def stretch(self, steps: int) -> Float[Tensor, "1 steps"]:
        """Take `steps` steps and give their losses, without a read from the device."""
        replica, losses = self.run.replica, torch.empty(1, steps, device=self.run.replica.device)
        network, optimizer, schedule = replica.network.train(), replica.optimizer, replica.schedule
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        for step in range(steps):
            batch = next(self.run.batches)
            with autocast(self.precision, replica.device):
                loss = replica.objective(network, batch, replica.settings)
            for parameter in parameters:  # what zero_grad does, without its 30 microseconds
                parameter.grad = None
            loss.backward()
            if replica.adjust is not None:
                replica.adjust(network)
            optimizer.step()
            if schedule is not None:
                schedule.step()
            losses[0, step] = loss.detach()
        return losses

    def finite(self) -> Bool[Tensor, " 1"]:
        """Whether all parameters are finite."""
        sums = [parameter.detach().sum() for parameter in self.run.replica.network.parameters()]
        return torch.stack(sums).isfinite().all()[None]

    def keep(self, survivors: Sequence[Run]) -> None:
        """Go on with these runs of the group only."""

    def close(self) -> None:
        """Nothing to give back."""
