"""Small tables of what a classifier costs and saves: shares, time, memory, bytes, and language models."""

import pandas as pd

from ..records import lined
from ..stats import BLANK
from .cost_verdicts import shares
from .crossover import crossover
from .head_verdicts import FEWEST_SIZES
from .language import RANKS
from .points import TIMED, costs, language_models, square
from .rows import protocol
from .tables import line
from .titles import HEAD_TITLES, TEXT_TITLES

MEGA = 1e6
BYTES = {
    "memory at once, MB": "peak_bytes",
    "file, MB": "file_bytes",
    "gradient to send, MB": "gradient_bytes",
}


def short(value: float) -> str:
    """Three digits, or all that stand before the point."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def parameters() -> pd.DataFrame:
    """Parameters of each network and of its classifier, counted; the share as published beside."""
    lines = {
        (each.network, each.data): {
            "features": f"{each.features:,}",
            "classes": f"{each.classes:,}",
            "classifier": f"{each.classifier:,}",
            "all": f"{each.parameters:,}",
            "share, %": f"{each.share:.2f}",
            "published, %": BLANK if each.published is None else f"{each.published:g}",
            "left to train": f"{each.left:,}",
            "gradient saved, MB a step": f"{each.saved_gradient_bytes / MEGA:.2f}",
        }
        for each in shares()
    }
    return lined(lines, "network", "data")


def crossings(rows: pd.DataFrame, *, head: str = "hadamard") -> dict[tuple[str, int], float | None]:
    """From how many features, and as many classes, a head is faster than a learned one, by phase and batch size.

    None where it never is; what was measured at fewer than three sizes is left out.
    """
    found, measured = square(rows), {}
    for (phase, batch), part in found.groupby(["phase", "batch"]) if len(found) else ():
        times = part.pivot_table(index="features", columns="head", values="median_milliseconds", aggfunc="min")
        if {"learned", head} <= set(times.columns) and len(times := times[["learned", head]].dropna()) >= FEWEST_SIZES:
            sides = [times[name].to_list() for name in ("learned", head)]
            measured[str(phase), int(batch)] = crossover(times.index.to_list(), *sides)
    return measured


def times(rows: pd.DataFrame) -> pd.DataFrame:
    """Milliseconds of a pass by head, the median over its rounds, for every size that was measured."""
    found = costs(rows)
    if found.empty:
        return lined({})
    names = ["phase", "batch", "features", "classes"]
    table = found.pivot_table(index=names, columns="head", values="median_milliseconds", aggfunc="min")
    table = table.reindex(columns=[head for head in TIMED if head in table]).rename(columns=HEAD_TITLES)
    shown = table.map(lambda value: BLANK if pd.isna(value) else short(value))
    counts = found.groupby(names)["head"].size() // found.groupby(names)["head"].nunique()
    return shown.assign(n=counts, protocol=protocol(found)).sort_index()


def memory(rows: pd.DataFrame) -> pd.DataFrame:
    """Bytes of a training step of each head with the usual batch: held at once, in a file, sent between workers."""
    found = square(rows)
    found = found[(found.phase == "training") & (found.batch > 1)] if len(found) else found
    lines = {}
    for features, each in found.groupby("features") if len(found) else ():
        for head in [head for head in TIMED if head in set(each["head"])]:
            part = each[each["head"] == head]
            cells = {name: short(part[column].max() / MEGA) for name, column in BYTES.items()}
            lines[f"{features:,}", HEAD_TITLES[head]] = cells | {"n": len(part), "protocol": protocol(part)}
    return lined(lines, "features and classes", "head")


def language(rows: pd.DataFrame, text: str) -> pd.DataFrame:
    """Language models of a text: perplexity, of frequent and of rare words too, and what is trained."""
    groups = [f"the {RANKS[0]} most frequent", *(f"up to rank {rank:,}" for rank in RANKS[1:]), "all others"]
    lines = {}
    for title, part in language_models(rows, text).items():
        columns = {"test perplexity": "perplexity", "validation": lambda row: min(row.validation_perplexity)}
        columns |= {
            name: lambda row, place=place: row.perplexity_by_frequency[place] or float("nan")
            for place, name in enumerate(groups)
        }
        trained = f"{part.trained_parameters.iloc[0] / MEGA:.2f}"
        lines[TEXT_TITLES[text], title] = {"trained, million": trained} | line(part, columns, digits=1)
    return lined(lines, "text", "word vectors")
