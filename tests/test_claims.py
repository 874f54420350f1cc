"""Tests of the ledger: every claim has a row, and every row says honestly what is known."""

from html.parser import HTMLParser

import pandas as pd
import pytest
import yaml

from spareparts.claims import CLAIMS, COLUMNS, SYMBOLS, counts, ledger, load, show, to_html
from spareparts.stats import VERDICTS, Verdict

SIZES = {"experts": 13, "distancing": 14, "fixed_classifiers": 14, "class_rates": 10, "redundancy": 16}
ENTRY = {"id": "experts-1", "where": "Table 1", "claim": "rises", "quantity": "accuracy", "expect": "higher"}
HIGHER = Verdict("reproduced", 0.28, (0.1, 0.4), 5, "reduced", "points", "p = 0.01")


def written(tmp_path, *entries, word="experts"):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump({word: list(entries)}))
    return path


def test_no_claim_of_the_five_papers_is_dropped():
    ids = {claim.id for claim in load()}
    assert ids >= {f"{word}-{number}" for word, size in SIZES.items() for number in range(1, size + 1)}


def test_the_numbers_of_the_papers_are_read_as_numbers():
    theirs = {claim.id: claim.theirs for claim in load()}
    assert theirs["experts-1"]["mnist"] == [[99.36, 0.03], [99.25, 0.08]]
    assert theirs["distancing-6"]["none"] == 93.9
    assert theirs["experts-4"] is None


def test_a_claim_belongs_to_the_paper_that_its_id_begins_with():
    assert {claim.word for claim in load()} == set(yaml.safe_load(CLAIMS.read_text()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "experts-01"}, r"must have the id experts-<number>, got 'experts-01'"),
        ({"id": "redundancy-1"}, r"must have the id experts-<number>, got 'redundancy-1'"),
        ({"expected": "higher"}, r"claim experts-1 has the unknown key 'expected'"),
        ({"claim": ""}, r"claim experts-1 needs a text for 'claim', got ''"),
        ({"where": 2}, r"claim experts-1 needs a text for 'where', got 2"),
        ({"id": None}, r"needs a text for 'id', got None"),
    ],
)
def test_a_malformed_claim_is_refused_by_name(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        load(written(tmp_path, ENTRY | change))


def test_a_missing_field_is_refused_by_name(tmp_path):
    entry = {key: value for key, value in ENTRY.items() if key != "expect"}
    with pytest.raises(ValueError, match="claim experts-1 needs a text for 'expect', got None"):
        load(written(tmp_path, entry))


def test_an_id_may_not_repeat(tmp_path):
    with pytest.raises(ValueError, match="unique, got 'experts-1' twice"):
        load(written(tmp_path, ENTRY, ENTRY))


def test_a_claim_must_be_a_mapping(tmp_path):
    with pytest.raises(ValueError, match="claim 1 of experts must be a mapping, got 'rises'"):
        load(written(tmp_path, "rises"))


def test_a_file_of_claims_must_map_words_to_lists(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text("- experts-1\n")
    with pytest.raises(ValueError, match="must map each paper's word to a list of claims, got list"):
        load(path)


def test_without_verdicts_every_claim_reads_not_run():
    rows = ledger({})
    assert list(rows.columns) == list(COLUMNS)
    assert len(rows) == len(load())
    assert set(rows["verdict"]) == {"not run"}


def test_a_verdict_stands_in_the_row_of_its_claim():
    row = ledger({"experts-2": HIGHER}).set_index("id").loc["experts-2"]
    assert (row["verdict"], row["effect"], row["interval"], row["n"]) == ("reproduced", 0.28, (0.1, 0.4), 5)
    assert (row["protocol"], row["unit"], row["note"]) == ("reduced", "points", "p = 0.01")


def test_a_verdict_on_no_claim_is_refused():
    with pytest.raises(ValueError, match="known claims, got experts-99"):
        ledger({"experts-99": HIGHER})


def test_the_counts_of_a_paper_add_up_to_its_claims():
    table = counts(ledger({"experts-2": HIGHER}))
    assert list(table.columns) == list(VERDICTS)
    assert list(table.index) == list(dict.fromkeys(claim.word for claim in load()))
    assert table.sum(axis=1).to_dict() == pd.Series([claim.word for claim in load()]).value_counts().to_dict()
    assert table.loc["experts", "reproduced"] == 1


class Words(HTMLParser):
    """The text of a page, as a reader without colours would have it."""

    def __init__(self):
        super().__init__()
        self.text = []

    def handle_data(self, data):
        self.text.append(data)


def test_every_verdict_is_told_by_its_own_symbol_and_by_a_word():
    assert len(set(SYMBOLS.values())) == len(VERDICTS)
    verdicts = {f"experts-{number}": Verdict(word, None, None, 0, None) for number, word in enumerate(VERDICTS, 1)}
    page = Words()
    page.feed(to_html(ledger(verdicts)))
    text = "".join(page.text)
    assert all(f"{SYMBOLS[word]} {word}" in text for word in VERDICTS)


def test_a_row_gives_effect_interval_n_and_protocol():
    assert "+0.28 points [0.1, 0.4], n = 5, reduced protocol" in to_html(ledger({"experts-2": HIGHER}))


def test_what_a_note_says_is_never_read_as_markup():
    note = "p < .05 <script>"
    assert "p &lt; .05 &lt;script&gt;" in to_html(
        ledger({"experts-2": Verdict("undecided", None, None, 5, None, "", note)})
    )


def test_the_ledger_asks_for_nothing_from_outside_the_page():
    assert "://" not in to_html(ledger({})) and "url(" not in to_html(ledger({}))


def test_a_notebook_shows_the_ledger_as_html():
    rows = ledger({}, path=None)
    assert show(rows)._repr_html_() == to_html(rows)
