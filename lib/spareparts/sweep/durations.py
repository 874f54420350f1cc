"""Durations as people write and read them."""

import re

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> float:
    """Seconds of `90`, `90s`, `10m`, `1.5h` or `2d`; ValueError for anything else, and for no time at all."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if not found or not float(found[1]):
        raise ValueError(f"a duration is written like 90s, 10m or 1.5h, got {text!r}")
    return float(found[1]) * UNITS[found[2] or "s"]


def show_duration(seconds: float | None) -> str:
    """Rounded for reading: `45 s`, `12 min`, `3.4 h`; `unknown` for None."""
    if seconds is None:
        return "unknown"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"
