"""What the tests of worker processes run: importable, as it must be where processes are spawned."""

import os
import signal
import time
from pathlib import Path

import torch

from spareparts import engine


class TwoWords(Exception):
    """An error that cannot be sent to another process, for what it holds."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} {other}")
        self.held = lambda: None


def square(config: dict) -> dict:
    """The square of a number, what this process is like, and such accidents as the config asks for."""
    if "started" in config:
        Path(config["started"]).write_text(str(os.getpid()))
    time.sleep(config.get("wait", 0))
    while "until" in config and not Path(config["until"]).exists():
        time.sleep(0.01)
    if config.get("dies"):
        os.kill(os.getpid(), signal.SIGKILL)
    if config.get("exits"):
        os._exit(3)
    if config.get("fails"):
        raise ValueError(f"cannot square {config['number']}")
    if config.get("odd"):
        raise TwoWords("cannot", "travel")
    inner = list(engine.each(os.path.basename, ["a/b", "c/d"])) if config.get("nested") else None
    return {"square": config["number"] ** 2, "process": os.getpid(), "threads": torch.get_num_threads(), "inner": inner}
