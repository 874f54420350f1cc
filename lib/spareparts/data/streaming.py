"""Sets too large for memory: folders of images, read and augmented while a network trains."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.data import DataLoader

from .. import checks
from .batches import Batch, Batches
from .files import root
from .sets import FOLDERS, classes

SUFFIXES = (".jpeg", ".jpg", ".png")
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, in [0, 1]
MARGIN = 256 / 224  # an evaluated image's shorter side, in units of the square cut from its middle
MOST_WORKERS = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class StreamedImages:
    """Images in files, with their labels; batches come normalised as ImageNet's, square and of one size."""

    paths: tuple[Path, ...]
    labels: Int[Tensor, " samples"]
    size: int = 224  #: pixels
    device: torch.device | str = "cpu"

    def subset(self, rows: Int[Tensor, " chosen"]) -> "StreamedImages":
        """The images of those numbers."""
        return replace(self, paths=tuple(self.paths[row] for row in rows.tolist()), labels=self.labels[rows])

    def chunks(self, batch_size: int) -> Iterator[Float[Tensor, "batch channels height width"]]:
        """All images in order, cut from their middle."""
        rows = [[(row, None) for row in part.tolist()] for part in torch.arange(len(self.paths)).split(batch_size)]
        for images, _ in self.read(rows):
            yield images

    def read(self, rows: Sequence[Sequence[tuple[int, int | None]]]) -> Iterator[Batch]:
        """A batch for each list of image numbers, and of the seeds that each image is cropped and flipped by."""
        # a generator of its own: else the loader would move the global random state
        options = {"num_workers": _workers(), "pin_memory": torch.device(self.device).type == "cuda"}
        files = _Files(self.paths, self.size)
        loader = DataLoader(files, batch_sampler=rows, generator=torch.Generator(), **options)
        for numbers, images in loader:
            yield Batch(images.to(self.device, non_blocking=True), self.labels[numbers].to(self.device))


def load_folder(name: str, split: str, *, size: int = 224, device: torch.device | str = "cpu") -> StreamedImages:
    """A split ("train" or "test") of a set of folders; ValueError for another split or an image's class unknown."""
    checks.one_of(FOLDERS, split=split)
    numbers = {title: number for number, title in enumerate(classes(name))}
    folder = root() / name / FOLDERS[split]
    paths = tuple(sorted(path for path in folder.glob("*/*") if path.suffix.lower() in SUFFIXES))
    strange = sorted({path.parent.name for path in paths} - set(numbers))
    if strange or not paths:
        raise ValueError(f"{folder} must hold images of the classes of {name}, got {', '.join(strange) or 'none'}")
    labels = torch.tensor([numbers[path.parent.name] for path in paths])
    return StreamedImages(paths=paths, labels=labels, size=size, device=device)


class StreamedBatches(Batches):
    """Endless batches of images in files, in an order and with crops that the generator alone decides."""

    def __init__(
        self, images: StreamedImages, *, batch_size: int, generator: torch.Generator, augment: bool = True
    ) -> None:
        super().__init__(torch.arange(len(images.paths)), images.labels, batch_size=batch_size, generator=generator)
        self.images, self.cropped = images, augment

    def __next__(self) -> Batch:
        self.draw_rows()
        if self._running is None:
            self._running = self.images.read(self._drawn[self._position - 1 :])
        return next(self._running)

    def _start_epoch(self) -> None:
        super()._start_epoch()
        count, self._running = len(self.images.paths), None
        seeds = torch.randint(2**62, (count,), generator=self.generator).tolist() if self.cropped else [None] * count
        own = iter(seeds)  # of the images in the order in which they come
        self._drawn = [[(row, next(own)) for row in rows.tolist()] for rows in self._rows]


class _Files(torch.utils.data.Dataset):
    """Images by number; with a seed cropped and flipped by it alone, else cut from the middle."""

    def __init__(self, paths: Sequence[Path], size: int) -> None:
        from torchvision.transforms import v2

        self.paths = paths
        common = (v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, DEVIATION))
        self.augmented = v2.Compose([v2.RandomResizedCrop(size), v2.RandomHorizontalFlip(), *common])
        self.plain = v2.Compose([v2.Resize(round(MARGIN * size)), v2.CenterCrop(size), *common])

    def __getitem__(self, drawn: tuple[int, int | None]) -> tuple[int, Tensor]:
        from PIL import Image

        row, seed = drawn
        with Image.open(self.paths[row]) as file:
            image = file.convert("RGB")
        if seed is None:
            return row, self.plain(image)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return row, self.augmented(image)


def _workers() -> int:
    """Processes that read images; none beside this one where it may not start any."""
    return 0 if multiprocessing.current_process().daemon else min(MOST_WORKERS, (os.cpu_count() or 1) - 1)
