"""What the book shows of audits: records made again, and sweeps that were killed."""

from collections import Counter
from typing import Any

import pandas as pd

from .sweep.durations import show_duration


def sentence(audit: dict[str, Any]) -> str:
    """When, where and with what result an audit was made, in Markdown."""
    outcomes = Counter(check["outcome"] for check in audit["checks"])
    asked = audit["asked"]
    return (
        f"{audit['written'][:10]}, code `{audit['commit']}`, torch {audit['versions']['torch']}, seed {asked['seed']}, "
        f"at most {show_duration(asked['budget'])}: of {len(audit['checks'])} records **{outcomes['agrees']} agreed**, "
        f"{outcomes['differs']} differed, {outcomes['skipped']} could not be run."
    )


def page_table(audit: dict[str, Any]) -> pd.DataFrame:
    """An audit for the book, one line a record."""
    lines = [
        {
            "paper": check["word"],
            "run": ", ".join(f"{name} {value}" for name, value in check["settings"].items()),
            "metrics": check["metrics"],
            "equal to the": check["criterion"],
            "outcome": check["outcome"],
            "then": show_duration(check["recorded_seconds"]),
            "now": show_duration(check["seconds"]),
            "note": check["note"],
        }
        for check in audit["checks"]
    ]
    return pd.DataFrame(lines).set_index(["paper", "run"])


def kills_table(kills: list[dict[str, Any]]) -> pd.DataFrame:
    """Sweeps that were killed, added up by what was killed."""
    rows = pd.DataFrame(kills)
    rows["finished"] = rows.status == 0
    rows["lost"] = rows.expected - rows.whole
    names = {"cut_off": "cut off", "run_twice": "repeated", "left_alive": "left alive", "expected": "runs"}
    columns = ["kills", "finished", "runs", "whole", "lost", "cut off", "repeated", "left alive"]
    counted = rows.assign(kills=1).rename(columns=names).groupby("victim")[columns].sum()
    return pd.concat([counted, counted.sum().to_frame("all").T]).rename_axis("killed")
