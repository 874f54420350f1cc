"""Tests of claims: each decided once, beside its evidence; the ledger says honestly what is known; the lock holds."""

import html
import json
import re

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml

from spareparts import claims
from spareparts.stats import VERDICTS, Pairs, Verdict, not_run, of_protocol, sign, within

SIZES = {
    "experts": 13,
    "distancing": 14,
    "fixed_classifiers": 14,
    "class_rates": 10,
    "redundancy": 16,
    "cross_examination": 5,
}
ENTRY = {"id": "experts-1", "where": "Table 1", "claim": "rises", "quantity": "accuracy", "expect": "higher"}
HIGHER = Verdict("reproduced", 0.28, (0.1, 0.4), 5, "reduced", "points", "p = 0.01")


def decision(claim, verdict):
    return claims.Decision(claim=claim, verdict=of_protocol(verdict), parts={}, because="")


def ledger(verdicts, *, path=None):
    """The ledger of a book in which these claims have been decided and the others have not."""
    decisions = [decision(claim, verdicts.get(claim.id, not_run())) for claim in claims.load(path)]
    return pd.DataFrame([claims._line(each.claim, claims._entry(each) | {"chapter": ""}) for each in decisions])


def test_no_claim_of_the_five_papers_is_dropped_and_their_numbers_are_read_as_numbers():
    theirs = {claim.id: claim.theirs for claim in claims.load()}
    assert set(theirs) >= {f"{word}-{number}" for word, size in SIZES.items() for number in range(1, size + 1)}
    assert theirs["experts-1"]["mnist"] == [[99.36, 0.03], [99.25, 0.08]]
    assert theirs["distancing-6"]["none"] == 93.9
    assert theirs["experts-4"] is None
    assert {claim.word for claim in claims.load()} == set(yaml.safe_load(claims.CLAIMS.read_text()))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"experts": [ENTRY | {"id": "experts-01"}]}, "experts 0 id: .* got 'experts-01'"),
        ({"experts": [ENTRY | {"id": "redundancy-1"}]}, "must be its paper's word .* got 'redundancy-1'"),
        ({"experts": [ENTRY | {"expected": "higher"}]}, "experts 0 expected: .* got 'higher'"),
        ({"experts": [ENTRY | {"claim": ""}]}, "experts 0 claim: .* got ''"),
        ({"experts": [ENTRY | {"id": None}]}, "experts 0 id: .* got None"),
        ({"experts": [ENTRY, ENTRY]}, "a number of its own, got 'experts-1'"),
        ({"experts": ["rises"]}, "experts 0: .* got 'rises'"),
        (["experts-1"], r"valid dictionary, got \['experts-1'\]"),
    ],
)
def test_a_file_of_another_form_is_refused_by_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ValueError, match=message):
        claims.load(path)


def text_of(page):
    """What a reader without colours would have of a page."""
    return html.unescape(re.sub("<[^>]*>", "", page))


def test_a_row_tells_its_verdict_by_symbol_and_word_its_numbers_and_an_anchor_and_no_note_is_markup():
    assert len(set(claims.SYMBOLS.values())) == len(VERDICTS)
    verdicts = {f"experts-{number}": Verdict(word, None, None, 0, None) for number, word in enumerate(VERDICTS, 1)}
    page = text_of(claims.show(ledger(verdicts)).data)
    assert all(f"{claims.SYMBOLS[word]} {word}" in page for word in VERDICTS)
    note = Verdict("undecided", None, None, 5, None, "", "p < .05 <script>")
    page = claims.show(ledger({"experts-2": HIGHER, "experts-3": note})).data
    assert "<td>+0.28 points [0.1, 0.4]</td><td>5<small>reduced</small></td>" in page
    about = 'data-paper="experts" data-verdict="seen (reduced)" data-protocol="reduced"'
    assert f'<tr id="ledger-experts-2" {about}' in page
    assert "p &lt; .05 &lt;script&gt;" in page
    assert "://" not in page and "url(" not in page  # nothing is asked for from outside


def pairs(*differences, protocol="paper"):
    return Pairs(np.zeros(len(differences)), np.array(differences, dtype=float), protocol)


TEN = [0.1 * number for number in range(1, 11)]


def test_holm_corrects_over_the_planned_tests_of_a_claim_and_over_nothing_else():
    alone = claims.decide("experts-1", {"rises": sign(pairs(*TEN), +1)})
    both = claims.decide("experts-1", {"rises": sign(pairs(*TEN), +1), "too": sign(pairs(*TEN), +1)})
    beside = claims.decide(
        "experts-1", {"rises": sign(pairs(*TEN), +1), "equal": within(pairs(*TEN), margin=9, unit="")}
    )
    smallest = 2 / 2**10
    assert alone.verdict.effect == pytest.approx(np.mean(TEN))
    assert alone.verdict.note == beside.parts["rises"].note == f"p = {smallest:.2g}"
    assert both.parts["rises"].note == f"p = {2 * smallest:.2g}"


@pytest.mark.parametrize(
    ("protocol", "expected", "word"),
    [
        ("paper", +1, "reproduced"),
        ("paper", -1, "not reproduced"),
        ("reduced", +1, "seen (reduced)"),
        ("reduced", -1, "not seen (reduced)"),
    ],
)
def test_a_reduced_protocol_shows_and_settles_nothing_and_one_such_part_makes_a_claim_so(protocol, expected, word):
    part = sign(pairs(*TEN, protocol=protocol), expected)
    decision = claims.decide("experts-1", {"rises": part})
    assert decision.verdict.verdict == decision.parts["rises"].verdict == word
    assert claims.decide("experts-1", {"paper": sign(pairs(*TEN), expected), "rises": part}).verdict.verdict == word


def test_an_unknown_claim_is_refused_with_the_nearest_and_while_the_book_is_built_one_that_is_decided(monkeypatch):
    parts = {"rises": sign(pairs(*TEN), +1)}
    with pytest.raises(ValueError, match=r"there is no claim 'expert-12'; did you mean 'experts-12'\?"):
        claims.decide("expert-12", parts)
    monkeypatch.setenv(claims.STRICT, "1")
    monkeypatch.setattr(claims, "_DECIDED", set())
    claims.decide("experts-1", parts)
    with pytest.raises(ValueError, match="claim experts-1 is decided twice"):
        claims.decide("experts-1", parts)


def test_the_card_shows_word_claim_parts_and_the_written_sentence_as_text():
    decision = claims.decide("experts-4", {"a <b>": sign(pairs(*TEN), +1)}, because="since 1 < 2")
    card = decision._repr_mimebundle_()["text/html"]
    for shown in ("✓ reproduced", decision.claim.claim, "a <b>", "+0.55", "paper protocol", "since 1 < 2"):
        assert shown in text_of(card)
    assert "<b>" not in card and 'id="experts-4"' in card


def test_a_sentence_that_does_not_hold_leaves_a_note_on_a_users_page_and_stops_the_book(monkeypatch):
    shown = []
    monkeypatch.setattr(claims, "display", shown.append)
    claims.stands(np.bool_(True), "it rises")
    assert shown == []
    claims.stands(False, "a < b")
    assert "a &lt; b" in shown[0].data and "These records do not" in shown[0].data
    monkeypatch.setenv(claims.STRICT, "1")
    claims.stands(np.bool_(True), "it rises")
    with pytest.raises(claims.StatementError, match="the text says that it rises; the committed records do not"):
        claims.stands(False, "it rises")


@pytest.mark.parametrize("condition", [float("nan"), np.array([True]), None, 1])
def test_what_is_no_truth_value_cannot_vouch_for_a_sentence(condition):
    with pytest.raises(TypeError, match=r"the condition must be True or False, got .* for 'it rises'"):
        claims.stands(condition, "it rises")


def executed(tmp_path, name, *bundles):
    """An executed notebook whose cells showed these."""
    outputs = [nbformat.v4.new_output("display_data", data=bundle._repr_mimebundle_()) for bundle in bundles]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])
    path = tmp_path / f"{name}.ipynb"
    path.write_text(json.dumps(notebook))
    return path


def two_claims(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump({"experts": [ENTRY, ENTRY | {"id": "experts-2"}]}))
    return path


def test_a_ledger_is_collected_from_what_chapters_decided_once(tmp_path):
    path = two_claims(tmp_path)
    first = claims.decide("experts-1", {"rises": sign(pairs(*TEN), +1)}, because="it does", path=path)
    old = decision(claims.load(path)[1], HIGHER)
    rows = claims.collect([executed(tmp_path, "a", first), executed(tmp_path, "b", old)], path=path).set_index("id")
    assert rows.chapter.to_dict() == {"experts-1": "a", "experts-2": "b"}
    assert rows.verdict.to_dict() == {"experts-1": "reproduced", "experts-2": "seen (reduced)"}
    assert rows.note["experts-1"] == "it does"
    assert rows.interval["experts-2"] == HIGHER.interval
    assert 'href="a.html#experts-1"' in claims.show(rows.reset_index()).data
    (tmp_path / "cut.ipynb").write_text("{")
    with pytest.raises(ValueError, match="is no whole notebook"):
        claims.collect([tmp_path / "cut.ipynb"], path=path)
    with pytest.raises(ValueError, match="decided more than once: experts-1; decided nowhere: experts-2"):
        claims.collect([executed(tmp_path, "a", first, first)], path=path)


def test_the_lock_has_a_line_for_every_claim_and_names_what_changed_and_nothing_else(tmp_path):
    path, lock = two_claims(tmp_path), tmp_path / "verdicts.csv"
    claims.write_lock(ledger({"experts-2": HIGHER}, path=path), lock)
    assert claims.changes(ledger({"experts-2": HIGHER}, path=path), lock) == []
    lower = Verdict("undecided", 0.1, (-0.1, 0.3), 4, "paper")
    assert claims.changes(ledger({"experts-2": lower}, path=path), lock) == [
        "experts-2: seen (reduced), reduced, n = 5 -> undecided, paper, n = 4"
    ]
    assert list(claims.read_lock().index) == [claim.id for claim in claims.load()]
