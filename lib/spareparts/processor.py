"""What this machine's processor is and can do, told without torch."""

import functools
import os
import platform
import shutil
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
SLOWDOWN = 9  # in bfloat16 without instructions for it: 11.0 s against 1.24 s in float32 for a step of ResNet-20
SLOW = (
    "this processor has no instructions for bfloat16, in which it takes about nine times as long as in float32 "
    "(11.0 s against 1.24 s for a step of ResNet-20)"
)


def name() -> str:
    """The processor's name with family and model, since one name may stand for several; else the architecture's."""
    named = next(iter(_lines("model name")), platform.processor() or platform.machine())
    family, model = _lines("cpu family"), [line for line in _lines("model") if line.isdigit()]
    return f"{named}, family {family[0]} model {model[0]}" if family and model else named


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_amx() -> bool:
    """Whether the processor multiplies whole tiles of a matrix at once, in bfloat16."""
    return "amx_bf16" in _flags()


@functools.cache
def lacks_bfloat16() -> bool:
    """Whether networks train here without instructions for bfloat16: on a known processor that has none, and no GPU."""
    flags = _flags()
    return bool(flags) and not flags & {"avx512_bf16", "amx_bf16", "bf16"} and shutil.which("nvidia-smi") is None


def _flags() -> set[str]:
    return {flag for line in (*_lines("flags"), *_lines("Features")) for flag in line.split()}


def _lines(key: str) -> list[str]:
    lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines() if CPUINFO.exists() else []
    return [line.partition(":")[2].strip() for line in lines if line.startswith(key)]
