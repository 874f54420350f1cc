"""What a run computes on: the device's name for the record, threads and precision."""

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator

import torch

from .. import checks, processor

PRECISIONS = ("float32", "bfloat16", "tf32")


def describe(device: torch.device | str) -> str:
    """The device in a record: runs can be expected to agree to the last bit only where all of this is the same."""
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    instructions = torch.backends.cpu.get_cpu_capability() + (" and AMX" if processor.has_amx() else "")
    return f"{processor.name()}, {instructions}, threads: {torch.get_num_threads()}"


def choose_device(name: str | None = None) -> str:
    """The device of that name, else CUDA or, where there is none, the CPU; `ValueError` for one that is not there."""
    count = torch.cuda.device_count()
    if name is None:
        return "cuda" if count else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device must be cpu, cuda or cuda:0 to cuda:N, got {name!r}") from error
    if device.type not in ("cpu", "cuda") or (device.type == "cuda" and (device.index or 0) >= count):
        raise ValueError(f"device {name!r} is not there: this machine has a CPU and {count} CUDA devices")
    return name


def elapsed(work: Callable[[], object], device: torch.device | str, *, repeats: int = 1) -> float:
    """Mean seconds of a piece of work, with all that it leaves for the device to do."""
    wait = torch.get_device_module(device).synchronize
    wait()
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    wait()
    return (time.perf_counter() - started) / repeats


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One CPU thread inside, as before outside: two busy threads on small networks only get in each other's way."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check_precision(name: str, device: torch.device | str) -> None:
    """Raise `ValueError` for an unknown precision, and for `tf32` on a device that has none; warn of a slow one."""
    kind = torch.device(device).type
    checks.one_of(PRECISIONS, precision=name)
    if name == "tf32" and kind != "cuda":
        raise ValueError(f"precision 'tf32' needs a CUDA device, got {kind!r}")
    if name == "bfloat16" and kind == "cpu" and processor.lacks_bfloat16():
        warnings.warn(processor.SLOW, stacklevel=2)


def autocast(name: str, device: torch.device) -> contextlib.AbstractContextManager:
    """Context for one forward pass, new for each step: autocast keeps the weights that it cast until it is left."""
    if name != "bfloat16":
        return contextlib.nullcontext()
    capturing = device.type == "cuda"  # a graph must cast the weights anew each time it is replayed
    return torch.autocast(device.type, torch.bfloat16, cache_enabled=not capturing)


@contextlib.contextmanager
def matmul_precision(name: str) -> Iterator[None]:
    """Let float32 products and convolutions, which do by default, run in TF32 only where the precision is `tf32`."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = name == "tf32"
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]
