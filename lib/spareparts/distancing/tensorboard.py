"""Curves of a journey for TensorBoard, with which the source was written; needs the extra `tensorboard`."""

from pathlib import Path
from types import TracebackType
from typing import Any


class TensorBoard:
    """Listener that writes every reading of a journey as scalars, one run a folder; a context that closes its file.

    Raises `ModuleNotFoundError` with what to install where TensorBoard is missing.
    """

    def __init__(self, folder: Path | str) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("TensorBoard is missing: pip install 'spareparts[tensorboard]'") from error
        self.writer = SummaryWriter(str(folder))

    def __call__(self, reading: dict[str, Any]) -> None:
        """Write one reading; a list has one number a checkpoint."""
        for name, value in scalars(reading).items():
            self.writer.add_scalar(name, value, reading["epoch"])

    def __enter__(self) -> "TensorBoard":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()


def scalars(reading: dict[str, Any]) -> dict[str, float]:
    """Every number of a reading by a name of its own."""
    found = {}
    for name, value in reading.items():
        if isinstance(value, list):
            found |= {f"{name}/checkpoint_{place}": each for place, each in enumerate(value, start=1)}
        elif name != "epoch":
            found[name] = value
    return found
