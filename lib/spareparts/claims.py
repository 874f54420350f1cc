"""The claims of the papers and their verdicts: `decide` beside the evidence shows a card and leaves the verdict in the
notebook's output, from which `collect` gathers the ledger; `book/verdicts.csv` is the committed lock of all.
"""

import dataclasses
import difflib
import functools
import itertools
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from IPython.display import HTML, display
from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from .documents import read_yaml
from .records import plain
from .stats import VERDICTS, Planned, Verdict, combine, decide_all, effect_words, of_protocol
from .whole import replacing

BOOK = Path(__file__).resolve().parents[2] / "book"
CLAIMS, LOCK = BOOK / "claims.yaml", BOOK / "verdicts.csv"
PICTURE = BOOK / "captured" / "verdicts.png"
MEDIA = "application/vnd.spareparts.verdicts+json"
STRICT = "SPAREPARTS_STRICT"  # set to 1 where the book is built from the committed records
EXECUTED = "SPAREPARTS_EXECUTED"  # the folder of the executed chapters, where it is not the book's own
SYMBOLS = dict(zip(VERDICTS, "✓✗▲▽◐○", strict=True))

# Okabe and Ito's palette; the colour repeats what symbol and word already say.
_COLOURS = dict(zip(VERDICTS, ("#0072b2", "#d55e00", "#56b4e9", "#cc79a7", "#e69f00", "#999999"), strict=True))


class StatementError(AssertionError):
    """A sentence of a chapter does not hold on the records that the book is built from."""


Text = Annotated[str, StringConstraints(pattern=r"\S")]


@pydantic_dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Claim:
    """One claim of one paper, and what would count as reproducing it."""

    id: Annotated[str, StringConstraints(pattern=r"^\w+-[1-9]\d*$")]  #: <word>-<number>
    where: Text  #: in the paper
    claim: Text
    quantity: Text  #: what is measured
    expect: Text  #: what "reproduced" means
    theirs: Any = None  #: the numbers printed in the paper

    @property
    def word(self) -> str:
        """The paper that claims it."""
        return self.id.rpartition("-")[0]


def load(path: Path | None = None) -> list[Claim]:
    """Every claim, in the order of the file; ValueError that names the entry for one that is malformed or repeated."""
    path = CLAIMS if path is None else path
    return list(_load(path, path.stat().st_mtime_ns))


@functools.lru_cache(maxsize=4)
def _load(path: Path, written: int) -> tuple[Claim, ...]:
    """The claims, read once unless the file changes: a chapter decides twenty."""
    try:
        papers = TypeAdapter(dict[str, list[Claim]]).validate_python(read_yaml(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        wrong = error.errors()[0]
        place = " ".join(map(str, wrong["loc"]))
        raise ValueError(f"{path}: {place}: {wrong['msg']}, got {wrong['input']!r}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    counts = Counter(claim.id for claims in papers.values() for claim in claims)
    strays = [claim.id for word, claims in papers.items() for claim in claims if claim.word != word]
    if wrong := strays + [name for name, count in counts.items() if count > 1]:
        raise ValueError(f"{path}: a claim's id must be its paper's word and a number of its own, got {wrong[0]!r}")
    return tuple(itertools.chain(*papers.values()))


def claim(id: str, *, path: Path | None = None) -> Claim:
    """The claim of that id; ValueError, with the nearest id, where there is none."""
    known = {claim.id: claim for claim in load(path)}
    if id not in known:
        near = difflib.get_close_matches(id, known, n=1, cutoff=0)
        raise ValueError(f"there is no claim {id!r}; did you mean {near[0]!r}?" if near else f"no claim {id!r}")
    return known[id]


# Deciding, beside the evidence


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decision:
    """A verdict on one claim with its parts and the sentence that says why; a notebook shows it as a card."""

    claim: Claim
    verdict: Verdict
    parts: dict[str, Verdict]
    because: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        words = f"{self.claim.id}: {self.verdict.verdict}. {self.claim.claim}"
        return {"text/html": _card(self), "text/plain": words, MEDIA: [_entry(self)]}


def decide(id: str, parts: Mapping[str, Planned | Verdict], *, because: str = "", path: Path | None = None) -> Decision:
    """The verdict on a claim from its parts: Holm over the planned tests, then one word for all of them.

    Parts of a reduced protocol are at most seen or not seen: they settle nothing. `because` is the sentence that a
    person wrote under it. Raises `ValueError` for an unknown claim, one that this notebook has decided already (while
    the book is built), and no parts.
    """
    about = claim(id, path=path)
    if strict() and id in _DECIDED:  # a reader may run a cell as often as he likes
        raise ValueError(f"claim {id} is decided twice in this notebook")
    _DECIDED.add(id)
    tested = decide_all({name: part for name, part in parts.items() if isinstance(part, Planned)})
    found = {name: tested.get(name, part) for name, part in parts.items()}
    whole = next(iter(found.values())) if len(found) == 1 else combine(found)
    worded = {name: of_protocol(part) for name, part in found.items()}
    return Decision(claim=about, verdict=of_protocol(whole), parts=worded, because=because)


_DECIDED: set[str] = set()


def strict() -> bool:
    """Whether the book is being built from the committed records, where every sentence must hold."""
    return os.environ.get(STRICT) == "1"


def stands(condition: Any, text: str) -> None:
    """What a sentence asserts, checked: a note on the page where it does not hold, `StatementError` in a build.

    `text` repeats the sentence's assertion: "the loss costs accuracy on CIFAR-100". Raises `TypeError` for a condition
    that is no truth value, since NaN and arrays would pass as one.
    """
    if not isinstance(condition, bool | np.bool_):
        raise TypeError(f"the condition must be True or False, got {condition!r} for {text!r}")
    if condition:
        return
    if strict():
        raise StatementError(f"the text says that {text}; the committed records do not: rewrite the paragraph")
    note = f"The text below says that {escape(text)}. <strong>These records do not.</strong>"
    display(HTML(f'<div class="statement" role="note">{note}</div>'))


def _entry(decision: Decision) -> dict[str, Any]:
    """A decision in JSON's types."""
    verdict = dataclasses.asdict(decision.verdict)
    parts = {name: dataclasses.asdict(part) for name, part in decision.parts.items()}
    return plain({"id": decision.claim.id, "because": decision.because, **verdict, "parts": parts})


def _card(decision: Decision) -> str:
    """The card of a decision: word, claim, the written sentence, and every part with its numbers."""
    verdict, about = decision.verdict, decision.claim
    place = ", ".join(filter(None, (about.where, f"{verdict.protocol} protocol" if verdict.protocol else "")))
    head = f"{_word(verdict.verdict)} <span>{escape(about.claim)}</span> <small>({escape(place)})</small>"
    titles = "".join(f'<th scope="col">{title}</th>' for title in ("part", "verdict", "effect", "n", "decided by"))
    rows = ""
    for name, part in decision.parts.items():  # without the protocol, which the head has
        effect = _effect(dataclasses.asdict(part)) or "–"
        cells = (_word(part.verdict, short=True), escape(effect), part.n, escape(part.note))
        rows += f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    table = f'<div class="parts"><table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>'
    reason = f"<p>{escape(decision.because)}</p>" if decision.because else ""
    mark = _COLOURS[verdict.verdict]
    return f'<div class="verdict" id="{about.id}" style="--mark: {mark}"><p>{head}</p>{reason}{table}</div>'


def _word(verdict: str, *, short: bool = False) -> str:
    """A verdict with its symbol; in short without the protocol that stands beside it."""
    word = verdict.removesuffix(" (reduced)") if short else verdict
    return f'<strong><span aria-hidden="true">{SYMBOLS[verdict]}</span> {word}</strong>'


# The ledger, collected from executed notebooks


def collect(notebooks: Iterable[Path], *, path: Path | None = None) -> pd.DataFrame:
    """The ledger of executed notebooks, a row a claim; ValueError names those decided twice, by nobody, or unknown."""
    claims = load(path)
    entries = []
    for notebook in notebooks:
        try:
            cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{notebook} is no whole notebook: {error}") from error
        shown = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
        entries += [(entry, notebook.stem) for data in shown for entry in data.get(MEDIA, [])]
    counts = Counter(entry["id"] for entry, _ in entries)
    wrong = {
        "decided more than once": [name for name, count in counts.items() if count > 1],
        "decided nowhere": [claim.id for claim in claims if claim.id not in counts],
        "not among the claims": sorted(set(counts) - {claim.id for claim in claims}),
    }
    if any(wrong.values()):
        raise ValueError("; ".join(f"{what}: {', '.join(names)}" for what, names in wrong.items() if names))
    decided = {entry["id"]: entry | {"chapter": chapter} for entry, chapter in entries}
    return pd.DataFrame([_line(claim, decided[claim.id]) for claim in claims])


def executed_folder() -> Path:
    """Where the executed chapters of this build lie."""
    return Path(os.environ.get(EXECUTED) or BOOK / "executed")


def executed() -> list[Path]:
    """The executed chapters, in no order that matters; ValueError where there is none."""
    found = [path for path in executed_folder().glob("*.ipynb") if path.stem != "ledger" and ".failed" not in path.name]
    if not found:
        raise ValueError(f"no chapter was executed into {executed_folder()}: python -m spareparts book does it")
    return sorted(found)


def _line(claim: Claim, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A ledger's row: the note is the written sentence where there is one, else what the tests say."""
    about = {"id": claim.id, "word": claim.word, "where": claim.where, "claim": claim.claim}
    found = {name: entry[name] for name in ("verdict", "unit", "level", "n", "chapter")}
    effect = float("nan") if entry["effect"] is None else entry["effect"]
    interval = None if entry["interval"] is None else tuple(entry["interval"])
    written = {"protocol": entry["protocol"] or "", "note": entry["because"] or entry["note"]}
    return about | found | written | {"effect": effect, "interval": interval}


def lock(ledger: pd.DataFrame) -> pd.DataFrame:
    """What the lock holds of a ledger: word, protocol and n of every claim, as texts."""
    return ledger.set_index("id")[["verdict", "protocol", "n"]].astype(str)


def read_lock(path: Path = LOCK) -> pd.DataFrame:
    """The committed lock."""
    return pd.read_csv(path, dtype=str, keep_default_na=False, index_col="id")


def locked(word: str, path: Path = LOCK) -> pd.Series:
    """The verdict on each claim of a paper, by its id, as the committed lock has it."""
    verdicts = read_lock(path).verdict
    return verdicts[[id.rpartition("-")[0] == word for id in verdicts.index]]


def write_lock(ledger: pd.DataFrame, path: Path = LOCK) -> None:
    """Write the lock: one line a claim, so that a changed verdict is one line of a difference."""
    with replacing(path) as file:
        file.write(lock(ledger).to_csv(lineterminator="\n").encode())


def changes(ledger: pd.DataFrame, path: Path = LOCK) -> list[str]:
    """What a ledger has otherwise than the lock, each as `experts-1: undecided, paper, n = 5 -> ...`."""
    old, new = (held.to_dict("index") for held in (read_lock(path), lock(ledger)))

    def told(about: Mapping[str, str] | None) -> str:
        return "nothing" if about is None else f"{about['verdict']}, {about['protocol'] or 'no run'}, n = {about['n']}"

    return [f"{id}: {told(old.get(id))} -> {told(new.get(id))}" for id in old | new if old.get(id) != new.get(id)]


# How a ledger is shown


def show(rows: pd.DataFrame) -> HTML:
    """The ledger for a notebook; each row has an anchor, `ledger-<id>`, and what the page's filters ask for."""
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Verdict", "Claim", "Why", "Effect", "n"))
    body = "\n".join(_html_row(row) for row in rows.to_dict("records"))
    return HTML(f'<table class="ledger">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>')


def _html_row(row: Mapping[str, Any]) -> str:
    name, protocol = escape(row["id"]), row["protocol"] or "no run"
    place = f"{name}, {escape(row['where'])}"
    if row.get("chapter"):
        place = f'<a href="{escape(row["chapter"])}.html#{name}">{place}</a>'
    n = f"{row['n']}<small>{protocol}</small>" if row["n"] else "–"
    cells = (_word(row["verdict"]), f"{escape(row['claim'])}<small>{place}</small>", escape(row["note"]))
    cells = "".join(f"<td>{cell}</td>" for cell in (*cells, escape(_effect(row)) or "–", n))
    about = f'data-paper="{escape(row["word"])}" data-verdict="{row["verdict"]}" data-protocol="{protocol}"'
    return f'<tr id="ledger-{name}" {about} style="--mark: {_COLOURS[row["verdict"]]}">{cells}</tr>'


def _effect(row: Mapping[str, Any]) -> str:
    """`+0.28 points [0.10, 0.40]`, or nothing."""
    if row["effect"] is None or pd.isna(row["effect"]):
        return ""
    effect = effect_words(row["effect"], row["unit"], level=row["level"])
    if row["interval"] is None or isinstance(row["interval"], float):
        return effect
    return effect + " [{:.3g}, {:.3g}]".format(*row["interval"])
