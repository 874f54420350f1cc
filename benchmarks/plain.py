"""The other sides: what a newcomer writes from the papers, in plain PyTorch and in PyTorch Lightning."""

import contextlib
import io
import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator

import torch
from jaxtyping import Float, Int, UInt8
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import ToTensor

from .row import Side, require

EXTRAS = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")


class Images(Dataset):
    """Images as torchvision's data sets give them: one at a time, through PIL and `ToTensor`."""

    def __init__(self, images: UInt8[Tensor, "samples height width"], labels: Int[Tensor, " samples"]) -> None:
        self.images, self.labels, self.transform = images, labels, ToTensor()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Float[Tensor, "1 height width"], int]:
        return self.transform(Image.fromarray(self.images[index].numpy())), int(self.labels[index])


class PlainMixture(nn.Module):
    """The experts' network with ReLU before pooling and each expert a module of its own."""

    def __init__(self, *, size: int, classes: int, experts: int, hidden_units: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([plain_block(1, 32), plain_block(32, 64)])
        features = 64 * (size // 4) ** 2
        self.gate = nn.Linear(features, experts)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(features, hidden_units), nn.ReLU(), nn.Linear(hidden_units, classes))
            for _ in range(experts)
        )

    def forward(self, images: Float[Tensor, "batch 1 height width"]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Gates (batch x experts), logits (batch x experts x classes) and the outputs of both blocks."""
        first = self.blocks[0](images)
        second = self.blocks[1](first)
        features = second.flatten(1)
        logits = torch.stack([expert(features) for expert in self.experts], dim=1)
        return functional.softmax(self.gate(features), dim=1), logits, [first, second]


def plain_block(channels: int, filters: int) -> nn.Sequential:
    """Conv(3x3) - BatchNorm - ReLU - MaxPool(2)."""
    convolution = nn.Conv2d(channels, filters, kernel_size=3, padding=1)
    return nn.Sequential(convolution, nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(2))


def plain_snnl(embeddings: Float[Tensor, "batch *features"], labels: Int[Tensor, " batch"]) -> Float[Tensor, ""]:
    """Soft nearest neighbor loss as its formula reads: cosine distance, temperature 1."""
    unit = functional.normalize(embeddings.flatten(1), dim=1)
    similar = torch.exp(-(1 - unit @ unit.T)) * (1 - torch.eye(len(labels), device=labels.device))
    same = (labels[:, None] == labels[None, :]).float()
    near, every = (similar * same).sum(1), similar.sum(1)
    valid = near > 0
    return -torch.log(near[valid] / every[valid]).mean()


def plain_objective(network: PlainMixture, images: Tensor, labels: Tensor) -> Float[Tensor, ""]:
    """Gated cross entropy plus the smaller SNNL of the two blocks."""
    gates, logits, blocks = network(images)
    losses = [functional.cross_entropy(logits[:, k], labels, reduction="none") for k in range(gates.shape[1])]
    gated = (gates * torch.stack(losses, dim=1)).sum(1).mean()
    return gated + torch.stack([plain_snnl(block, labels) for block in blocks]).min()


def lightning_side(
    network: nn.Module,
    objective: Callable[[nn.Module, Tensor, Tensor], Tensor],
    optimizer: Callable[[Iterable], torch.optim.Optimizer],
    loader: Callable[[], DataLoader],
    *,
    warm_up: int,
    steps: int,
    accelerator: str = "cpu",
    bare: bool = True,
) -> Side:
    """Train by Lightning and give the milliseconds of a step, once `warm_up` steps have passed.

    Its start is thus not counted. Where `bare`, no log, checkpoint, progress bar or summary slows it down; else it runs
    as it comes and logs its loss, in a temporary folder.
    Raises `Skipped` where Lightning is not installed.
    """
    require("lightning")
    import lightning

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network, self.starts = network, []

        def training_step(self, batch: list[Tensor], index: int) -> Tensor:
            if index in (warm_up, warm_up + steps):  # else the host may run ahead of a GPU
                torch.get_device_module(self.device).synchronize()
            self.starts.append(time.perf_counter())
            loss = objective(self.network, *batch)
            if not bare:
                self.log("loss", loss)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return optimizer(self.parameters())

    def side() -> float:
        module = Module()
        with quiet(), tempfile.TemporaryDirectory() as folder:
            settings = {"accelerator": accelerator, "devices": 1, "default_root_dir": folder}
            settings |= dict.fromkeys(EXTRAS, False) if bare else {}
            lightning.Trainer(max_steps=warm_up + steps + 1, **settings).fit(module, loader())
        return 1000 * (module.starts[warm_up + steps] - module.starts[warm_up]) / steps

    return side


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing of what Lightning has to say about itself; what it draws goes nowhere, though it is drawn."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.getLogger("lightning").setLevel(logging.ERROR)
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        yield
