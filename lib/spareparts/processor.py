"""What this machine's processor is and can do, told without torch."""

import functools
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
    """The model's name, or else its architecture's."""
    return next(iter(_lines("model name")), platform.processor() or platform.machine())


@functools.cache
def lacks_bfloat16() -> bool:
    """Whether networks train here without instructions for bfloat16: on a known processor that has none, and no GPU."""
    flags = {flag for line in (*_lines("flags"), *_lines("Features")) for flag in line.split()}
    return bool(flags) and not flags & {"avx512_bf16", "amx_bf16", "bf16"} and shutil.which("nvidia-smi") is None


def _lines(key: str) -> list[str]:
    lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines() if CPUINFO.exists() else []
    return [line.partition(":")[2].strip() for line in lines if line.startswith(key)]
