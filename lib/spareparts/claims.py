"""The ledger: every claim of the five papers beside the verdict that the records give it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from IPython.display import HTML

from .stats import VERDICTS, Verdict, effect_words, not_run

CLAIMS = Path(__file__).resolve().parents[2] / "book" / "claims.yaml"
COLUMNS = ("id", "word", "where", "claim", "verdict", "effect", "interval", "unit", "level", "n", "protocol", "note")
SYMBOLS = dict(zip(VERDICTS, "✓✗◐○", strict=True))

# Okabe and Ito's palette; the colour repeats what symbol and word already say.
_COLOURS = dict(zip(VERDICTS, ("#0072b2", "#d55e00", "#e69f00", "#999999"), strict=True))
_STYLE = """<style>
table.ledger.ledger {border-collapse: collapse; width: 100%; table-layout: auto; font-size: .9em}
table.ledger.ledger :is(th, td) {text-align: left; vertical-align: top; white-space: normal; padding: .4em .6em}
table.ledger.ledger td:first-child {border-left: .35em solid var(--mark); white-space: nowrap}
table.ledger.ledger small {display: block; opacity: .8; overflow-wrap: anywhere}
@media (max-width: 600px) {
  table.ledger.ledger, table.ledger.ledger :is(tbody, tr, td) {display: block; width: auto}
  table.ledger.ledger thead {display: none}
  table.ledger.ledger tr {border-left: .35em solid var(--mark); margin: 0 0 .8em; padding: .2em 0}
  table.ledger.ledger td {border: 0; padding: .1em .6em}
  table.ledger.ledger td:first-child {border-left: 0; font-weight: bold}
}
</style>"""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim of one paper, and what would count as reproducing it."""

    id: str  # <word>-<number>
    where: str  # in the paper
    claim: str
    quantity: str  # what is measured
    expect: str  # what "reproduced" means
    theirs: Any = None  # the numbers printed in the paper

    @property
    def word(self) -> str:
        """The paper that claims it."""
        return self.id.rpartition("-")[0]


def load(path: Path | None = None) -> list[Claim]:
    """Every claim, in the order of the file; ValueError that names the entry for one that is malformed or repeated."""
    path = CLAIMS if path is None else Path(path)
    blocks = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(blocks, dict) or not all(isinstance(entries, list) for entries in blocks.values()):
        raise ValueError(f"{path} must map each paper's word to a list of claims, got {type(blocks).__name__}")
    claims = [
        _claim(word, number, entry) for word, entries in blocks.items() for number, entry in enumerate(entries, 1)
    ]
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise ValueError(f"claim ids must be unique, got {claim.id!r} twice in {path}")
        seen.add(claim.id)
    return claims


def _claim(word: str, number: int, entry: Any) -> Claim:
    if not isinstance(entry, dict):
        raise ValueError(f"claim {number} of {word} must be a mapping, got {entry!r}")
    name = entry.get("id", f"number {number} of {word}")
    known = [field.name for field in fields(Claim)]
    if unknown := [key for key in entry if key not in known]:
        raise ValueError(f"claim {name} has the unknown key {unknown[0]!r}; known are {', '.join(known)}")
    for key in known:
        if key != "theirs" and not (isinstance(entry.get(key), str) and entry[key].strip()):
            raise ValueError(f"claim {name} needs a text for {key!r}, got {entry.get(key)!r}")
    if not re.fullmatch(rf"{re.escape(word)}-[1-9]\d*", entry["id"]):
        raise ValueError(f"a claim of {word} must have the id {word}-<number>, got {entry['id']!r}")
    return Claim(**entry)


def ledger(verdicts: Mapping[str, Verdict], *, path: Path | None = None) -> pd.DataFrame:
    """One row per claim with its verdict, `not run` where none is given; ValueError for verdicts on no claim."""
    claims = load(path)
    if unknown := sorted(set(verdicts) - {claim.id for claim in claims}):
        raise ValueError(f"verdicts must be on known claims, got {', '.join(unknown)}")
    return pd.DataFrame([_row(claim, verdicts.get(claim.id, not_run())) for claim in claims], columns=list(COLUMNS))


def _row(claim: Claim, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": claim.id,
        "word": claim.word,
        "where": claim.where,
        "claim": claim.claim,
        "verdict": verdict.verdict,
        "effect": float("nan") if verdict.effect is None else verdict.effect,
        "interval": verdict.interval,
        "unit": verdict.unit,
        "level": verdict.level,
        "n": verdict.n,
        "protocol": verdict.protocol or "",
        "note": verdict.note,
    }


def counts(rows: pd.DataFrame) -> pd.DataFrame:
    """How many claims of each paper have each verdict: papers in the ledger's order, verdicts as columns."""
    table = pd.crosstab(rows["word"], rows["verdict"])
    table = table.reindex(index=rows["word"].unique(), columns=list(VERDICTS), fill_value=0)
    return table.rename_axis("paper").rename_axis(None, axis=1)


def show(rows: pd.DataFrame) -> HTML:
    """The ledger for a notebook: a table on a wide screen, a card per claim on a phone."""
    return HTML(to_html(rows))


def to_html(rows: pd.DataFrame) -> str:
    """The ledger as HTML that loads nothing; symbol and word carry each verdict, colour only repeats them."""
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Verdict", "Claim", "Measured"))
    body = "\n".join(_html_row(row) for row in rows.to_dict("records"))
    return f'{_STYLE}\n<table class="ledger">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>'


def _html_row(row: Mapping[str, Any]) -> str:
    verdict = f'<span aria-hidden="true">{SYMBOLS[row["verdict"]]}</span> {row["verdict"]}'
    claim = f"{escape(row['claim'])}<small>{escape(row['id'])}, {escape(row['where'])}</small>"
    note = f"<small>{escape(row['note'])}</small>" if row["note"] else ""
    cells = "".join(f"<td>{cell}</td>" for cell in (verdict, claim, escape(_measured(row)) + note))
    return f'<tr style="--mark: {_COLOURS[row["verdict"]]}">{cells}</tr>'


def _measured(row: Mapping[str, Any]) -> str:
    """`+0.28 points [0.10, 0.40], n = 5, reduced protocol`, as far as it is known."""
    effect = "" if pd.isna(row["effect"]) else effect_words(row["effect"], row["unit"], level=row["level"])
    if effect and isinstance(row["interval"], tuple):
        effect += " [{:.3g}, {:.3g}]".format(*row["interval"])
    protocol = f"{row['protocol']} protocol" if row["protocol"] else ""
    return ", ".join(part for part in (effect, f"n = {row['n']}" if row["n"] else "", protocol) if part)
