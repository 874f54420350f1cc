"""Texts: numbered words, checked files, a download, columns and windows, and the small drawn one."""

import hashlib
import io
import zipfile
from unittest.mock import MagicMock
from urllib.error import URLError

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from spareparts import data
from spareparts.data import download, texts
from spareparts.data.text import END, UNKNOWN

PARTS = {"train": "a b <unk>\n a\n", "valid": "b\n", "test": "a zebra\n\n"}


def sha1(content):
    return hashlib.sha1(content.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def folder(data_folder, monkeypatch):
    """Where WikiText-2 lies in a data folder of the test's own, where both known texts are three short files."""
    for name, known in list(texts.KNOWN_TEXTS.items())[:2]:
        own = known | {"sha1": {part: sha1(content) for part, content in PARTS.items()}}
        monkeypatch.setitem(texts.KNOWN_TEXTS, name, own)
    data.load_text.cache_clear()
    yield data_folder / "text" / "wikitext-2"
    data.load_text.cache_clear()


def write(folder, **parts):
    folder.mkdir(parents=True, exist_ok=True)
    for part, content in parts.items():
        (folder / f"{part}.txt").write_text(content)


def served(monkeypatch, **parts):
    """What the server gives: an archive with these parts; the requests that it was asked for."""
    buffer, asked = io.BytesIO(), []
    with zipfile.ZipFile(buffer, "w") as archive:
        for part, content in parts.items():
            archive.writestr(f"wikitext-2/wiki.{part}.tokens", content)

    def answer(request, timeout):
        asked.append(request)
        found = io.BytesIO(buffer.getvalue())
        found.url = request.full_url
        return found

    monkeypatch.setattr(download, "urlopen", answer)
    return asked


def test_words_are_numbered_by_frequency_and_every_line_ends_with_a_word(folder):
    write(folder, **PARTS)
    found = data.load_text("wikitext_2")
    assert sorted(found.vocabulary) == sorted(["a", END, "b", UNKNOWN])
    assert set(found.vocabulary[:2]) == {"a", END}
    read = [found.vocabulary[place] for place in found.train]
    assert read == ["a", "b", UNKNOWN, END, "a", END]
    assert [found.vocabulary[place] for place in found.test] == ["a", UNKNOWN, END, END]
    counts = found.train.bincount().tolist()
    assert counts == sorted(counts, reverse=True)


def test_a_missing_or_altered_part_is_named(folder):
    with pytest.raises(data.DataMissing, match=r"no train.txt in .*data fetch wikitext_2"):
        data.load_text("wikitext_2")
    with pytest.raises(data.DataMissing, match="licence does not let us fetch it"):
        data.load_text("ptb")
    write(folder, **PARTS | {"valid": "c\n"})
    with pytest.raises(data.DataCorrupt, match=f"valid.txt is not the expected data.*found {sha1('c' + chr(10))}"):
        data.load_text("wikitext_2")
    with pytest.raises(ValueError, match=r"unknown text 'ptp'; did you mean 'ptb'.*ptb, wikitext_2, generated"):
        data.load_text("ptp")


def test_each_text_has_a_fingerprint_and_the_listing_tells_what_is_there_and_whole(folder):
    found = {data.text_fingerprint(name) for name in ("ptb", "wikitext_2", "generated")}
    assert len(found) == 3 and {len(text) for text in found} == {64}
    assert data.text_fidelity("generated") == "drawn from a Markov chain"

    def rows():
        return {row.name: row for row in data.listing() if row.name in texts.KNOWN_TEXTS}

    assert {name: row.intact for name, row in rows().items()} == {"ptb": None, "wikitext_2": None}
    write(folder, **PARTS)
    assert rows()["wikitext_2"][1:] == (True, f"{sum(map(len, PARTS.values()))} bytes of text", folder)
    write(folder, test="x")
    assert rows()["wikitext_2"].intact is False


def test_wikitext_2_is_fetched_once_and_reads_as_the_archive_has_it(folder, monkeypatch, capsys):
    asked = served(monkeypatch, **PARTS)
    assert data.fetch("wikitext_2") == folder
    assert "4.5 MB" in capsys.readouterr().out
    assert "python" not in asked[0].get_header("User-agent").lower()
    assert (folder / "test.txt").read_text() == PARTS["test"]
    data.fetch("wikitext_2")
    assert len(asked) == 1


def test_only_missing_parts_are_fetched_and_what_is_not_the_text_is_neither_kept_nor_replaced(folder, monkeypatch):
    served(monkeypatch, **PARTS | {"test": "other"})
    with pytest.raises(data.DataCorrupt, match="test as downloaded"):
        data.fetch("wikitext_2")
    assert not folder.exists()
    served(monkeypatch, **PARTS)
    write(folder, test=PARTS["test"])
    data.fetch("wikitext_2")
    assert sorted(path.name for path in folder.iterdir()) == ["test.txt", "train.txt", "valid.txt"]
    write(folder, test="other")
    with pytest.raises(data.DataCorrupt, match=r"test.txt is not the expected data"):
        data.fetch("wikitext_2")
    assert (folder / "test.txt").read_text() == "other"


def test_without_a_whole_archive_one_error_says_what_to_do(folder, monkeypatch):
    told = r"Nothing there was changed.*put train.txt, valid.txt and test.txt"
    served(monkeypatch, train="a")
    with pytest.raises(data.DownloadFailed, match=told):
        data.fetch("wikitext_2")
    monkeypatch.setattr(download, "urlopen", MagicMock(side_effect=URLError("no route")))
    with pytest.raises(data.DownloadFailed, match=told):
        data.fetch("wikitext_2")


@given(some.integers(1, 5), some.integers(1, 7), some.integers(10, 60))
def test_windows_walk_through_every_column_in_order(columns, length, count):
    words = torch.arange(count)
    source = data.Windows(words, columns=columns, length=length)
    steps = [next(source) for _ in range(len(source))]
    whole = words[: count // columns * columns].view(columns, -1).t()
    assert torch.equal(torch.cat([step.inputs for step in steps]), whole[:-1])
    assert torch.equal(torch.cat([step.targets for step in steps]), whole[1:])
    assert [step.begins for step in steps] == [True] + [False] * (len(source) - 1)
    assert torch.equal(whole.t().reshape(-1), words[: whole.numel()])
    assert next(source).begins


def test_windows_go_on_where_their_state_was_taken():
    words = torch.arange(50)
    first, second = (data.Windows(words, columns=2, length=4) for _ in range(2))
    for _ in range(3):
        next(first)
    second.load_state_dict(first.state_dict())
    assert torch.equal(next(first).inputs, next(second).inputs)
    with pytest.raises(ValueError, match=r"position must lie in 0..5, got 6"):
        second.load_state_dict({"position": 6})
    for columns, length, message in ((6, 1, "1..5, half of"), (0, 1, "1..5"), (2, 0, "length")):
        with pytest.raises(ValueError, match=message):
            data.Windows(torch.arange(10), columns=columns, length=length)


def test_the_drawn_text_is_the_same_every_time_has_lines_of_one_length_and_follows_its_chain():
    found = texts.drawn_text()
    assert found == texts.drawn_text()
    assert {len(line.split()) for line in found["train"]} == {texts.LENGTH}
    loaded = data.load_text("generated")
    assert len(loaded.vocabulary) == texts.GROUPS * texts.SIZE + 1
    assert len(loaded.train) == texts.LINES["train"] * (texts.LENGTH + 1)
    following, within = texts.chain()
    assert np.allclose(following.sum(1), 1) and np.isclose(within.sum(), 1)
    pairs = np.zeros_like(following)
    for line in texts.drawn_text()["train"]:
        groups = [ord(word[0]) - ord("a") for word in line.split()]
        np.add.at(pairs, (groups[:-1], groups[1:]), 1)
    assert np.abs(pairs / pairs.sum(1, keepdims=True) - following).max() < 0.04
