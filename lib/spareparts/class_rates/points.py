"""What the chapter's figures draw: one line a data set and activation, or one a proof and step size."""

import pandas as pd

from .config import ACTIVATIONS
from .rows import shown, title


def differences(pairs: pd.DataFrame) -> pd.DataFrame:
    """Mean difference over seeds of every data set and activation (`kind`), in points."""
    return _lines(pairs, {"difference": "difference"})


def shares(pairs: pd.DataFrame) -> pd.DataFrame:
    """Mean specialised shares of both arms, and the ceiling, in %."""
    return _lines(
        pairs, {"first": "specialized_first", "second": "specialized_second", "ceiling": "specialized_ceiling_first"}
    )


def _lines(pairs: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    lines = [
        {"dataset": title(name), "kind": activation, "pairs": len(part)}
        | {new: part[old].mean() for new, old in columns.items()}
        for name in shown(pairs)
        for activation in ACTIVATIONS
        if len(part := pairs[(pairs.dataset == name) & (pairs.activation == activation)])
    ]
    return pd.DataFrame(lines, columns=["dataset", "kind", "pairs", *columns])


def remainders(rows: pd.DataFrame) -> pd.DataFrame:
    """The relative remainder of every proof at every step size."""
    lines = [
        {"run": row.hash, "form": row.form, "alpha": alpha, "remainder": remainder}
        for row in (rows[rows.arm == "proof"].itertuples() if len(rows) else ())
        for alpha, remainder in zip(row.step_sizes, row.relative_remainders, strict=True)
    ]
    return pd.DataFrame(lines, columns=["run", "form", "alpha", "remainder"])
