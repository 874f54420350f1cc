"""Tabular sets: fetched from an archive, read and checked, split and scaled, or drawn from their definitions."""

import dataclasses
import io
import tarfile
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.spatial.distance import cdist

from spareparts import data
from spareparts.data import download, tables
from spareparts.data.collection import read_adult
from spareparts.data.files import TABLE_ARRAYS, DownloadFailed
from spareparts.data.tables import GENERATORS, KNOWN_TABLES, SEGMENTS, KnownTable

ADULT = (
    "39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, 2174, 0, 40, Cuba"
)


@pytest.fixture
def folder(data_folder):
    tables.load_table.cache_clear()
    return data_folder


@pytest.fixture
def known(monkeypatch):
    """Makes these arrays the known sets."""

    def know(sets):
        for name in list(KNOWN_TABLES):
            monkeypatch.delitem(KNOWN_TABLES, name)
        for name, found in sets.items():
            own = KnownTable(4, len(found["y"]) - 4, found["X"].shape[1], 2, data.digest(found, TABLE_ARRAYS))
            monkeypatch.setitem(KNOWN_TABLES, name, own)

    return know


def table(features, labels):
    """Arrays as stored; rows 0 and 3 are in the test half, row 3 in the first test part and row 0 in the second."""
    splits = np.array([16 + 2, 0, 0, 16 + 1], np.uint8)
    return {"X": np.asarray(features), "y": np.array(labels, np.uint8), "splits": splits}


SCALED = np.array([[-1.21268, 0.5], [0.3, -0.866025], [1.1, 1.5], [0.25, -0.7]], np.float32)
BOARD = np.array([[-1, 0], [0, 1], [1, -1], [1, 1]], np.int8)
RAW = np.array([[0.73, 1], [0.5, 0], [0.11, 1], [0.02, 0], [0.9, 1]], np.float32)
SETS = {
    "car": table(SCALED, [0, 1, 1, 0]),
    "connect-4": table(BOARD, [1, 0, 1, 0]),
    "thyroid": table(RAW, [2, 2, 1, 0, 2]),
}


def scaled_file(features, labels):
    head = "\t" + "\t".join(f"f{place}" for place in range(features.shape[1])) + "\tclase\n"
    rows = [
        "\t".join([str(number), *(f"{value:.6g}" for value in row), str(label)])
        for number, (row, label) in enumerate(zip(features, labels, strict=True), 1)
    ]
    return head + "\n".join(rows) + "\n"


FILES = {
    "data/car/car.txt": "n_entradas= 2\nfich1= car_R.dat\n",
    "data/car/car_R.dat": scaled_file(SCALED, [0, 1, 1, 0]),
    "data/connect-4/connect-4.txt": "fich1= connect-4_R.dat\n",
    "data/connect-4/connect-4_R.dat": scaled_file(0.7 * BOARD + 0.2, [1, 0, 1, 0]),
    "data/thyroid/ann-train.data": "0.73 1 3 \n0.5 0 3\n0.11 1 2\n0.02 0 1\n",
    "data/thyroid/ann-test.data": "0.9 1 3\n",
} | {
    f"data/{name}/{file}": text
    for name in SETS
    for file, text in {"conxuntos.dat": "1 2 \n0 3 \n", "conxuntos_kfold.dat": "0 1 2\n3\n1 2 3\n0\n0\n\n0\n\n"}.items()
}


class Answer(io.BytesIO):
    url = download.UCI_ARCHIVE


@pytest.fixture
def served(folder, monkeypatch):
    """Serves an archive with these files in place of the network."""

    def serve(files):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, text in ((name, text) for name, text in files.items() if text is not None):
                entry = tarfile.TarInfo(name)
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
        monkeypatch.setattr(download, "urlopen", lambda *_, **__: Answer(buffer.getvalue()))

    return serve


def test_the_archive_gives_scaled_coded_and_raw_sets_with_their_partitions(folder, known, served):
    known(SETS)
    served(FILES)
    assert data.fetch("uci") == folder / "uci"
    for name, arrays in SETS.items():
        found = data.load_table(name)
        assert np.array_equal(found.features, arrays["X"].astype(np.float64))
        assert found.labels.tolist() == arrays["y"].tolist()
        assert found.test_half.tolist() == [True, False, False, True]
    assert sorted(path.name for path in folder.iterdir()) == ["uci"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data/car/car_R.dat": scaled_file(SCALED + 1, [0, 1, 1, 0])}, "car is not the expected data"),
        ({name: None for name in FILES if "/car/" in name}, "not in the archive"),
        *(
            ({"data/car/car.txt": f"fich1= {name}\n"}, "the file of a set must lie in its folder")
            for name in ("/etc/passwd", "../connect-4/connect-4_R.dat", "..", ".")
        ),
    ],
)
def test_a_set_that_is_not_what_its_fingerprint_promises_is_named_and_not_kept(folder, known, served, changes, message):
    known(SETS)
    served(FILES | changes)
    with pytest.raises(data.DataCorrupt, match=f"1 of 3 sets.*car: {message}"):
        data.fetch("uci")
    assert sorted(path.stem for path in (folder / "uci").iterdir()) == ["connect-4", "thyroid"]


def test_an_archive_of_too_much_is_refused(known, served, monkeypatch):
    known({"car": SETS["car"]})
    served(FILES)
    monkeypatch.setattr(download, "UCI_MOST_BYTES", 10)
    with pytest.raises(DownloadFailed, match="bytes, at most 10"):
        data.fetch("uci")


def test_without_a_network_or_over_http_the_message_says_what_to_do(folder, known, monkeypatch):
    led = Answer(b"")
    led.url = "http://elsewhere/data.tar.gz"
    assert {download.UCI_ARCHIVE[:8], download.TEXT_ARCHIVE[:8]} == {"https://"}
    known(SETS)
    for answer, reason in ((OSError("no route"), "no route"), ([led], "leads to http://elsewhere")):
        monkeypatch.setattr(download, "urlopen", MagicMock(side_effect=answer))
        with pytest.raises(DownloadFailed, match=rf"{reason}.*\. Nothing there was changed.*{folder / 'uci'}"):
            data.fetch("uci")
    assert list(folder.iterdir()) == []


def test_what_is_there_is_neither_downloaded_nor_replaced(stored, monkeypatch):
    stored.write_bytes(b"mine")
    monkeypatch.setattr(download, "urlopen", None)
    data.fetch("uci")
    assert stored.read_bytes() == b"mine"


def test_adults_words_are_codes_from_minus_one_to_one_and_zero_where_missing(tmp_path):
    path = tmp_path / "adult.test"
    path.write_text(f"|1x3 Cross validator\n{ADULT}, <=50K.\n\n{ADULT.replace('State-gov', '?')}, >50K.\n")
    features, labels = read_adult(path)
    assert labels.tolist() == [0, 1]
    assert features[0, [0, 1, 2, 3]] == pytest.approx([39, 3 / 7, 77516, -1])
    assert features[1, 1] == 0


@pytest.fixture
def stored(folder, known):
    known({"car": SETS["car"]})
    (folder / "uci").mkdir()
    path = folder / "uci" / "car.npz"
    np.savez(path, **SETS["car"])
    return path


def test_a_missing_table_names_the_command_that_fetches_it(folder):
    with pytest.raises(data.DataMissing, match="data fetch uci"):
        data.load_table("car")


def test_a_table_that_would_unpack_to_more_than_it_has_is_refused_before_it_is_read(stored, monkeypatch):
    np.savez_compressed(stored, **SETS["car"] | {"X": np.zeros((100_000, 2))})
    monkeypatch.setattr(np, "load", lambda *_: pytest.fail("it was read"))
    with pytest.raises(data.DataCorrupt, match=r"car\.npz .* unpacks to 1,600,\d+ bytes, where the set has at most"):
        data.load_table("car")


def test_a_truncated_or_altered_table_is_refused_and_listed_as_damaged(stored):
    assert states() == [True]
    whole = stored.read_bytes()
    np.savez(stored, **SETS["car"] | {"X": SETS["car"]["X"] + np.float32(0.001)})
    with pytest.raises(data.DataCorrupt, match=r"car\.npz is not the expected data: checksum expected"):
        data.load_table("car")
    assert states() == [False]
    stored.write_bytes(whole[:-40])
    with pytest.raises(data.DataCorrupt, match=r"car\.npz"):
        data.load_table("car")
    stored.unlink()
    assert states() == [None]


def states():
    return [row.intact for row in data.listing() if row.name == "car"]


@pytest.fixture(scope="module")
def twonorm():
    return data.load_table("generated-twonorm")


def split(table, **settings):
    return data.partition(table, generator=data.generator(1), **settings)


def test_parts_are_disjoint_and_their_columns_scaled_to_mean_zero_and_deviation_one(twonorm):
    parts = split(twonorm)
    rows = torch.cat([parts.train.inputs, parts.validation.inputs, parts.test.inputs])
    assert len(rows) == len(torch.unique(rows, dim=0)) == 7400
    assert len(parts.validation.labels) == round(0.15 * 3700)
    assert parts.official is None
    train = split(twonorm, scaling="train").train.inputs
    for found in (rows, train):
        assert torch.allclose(found.mean(0), torch.zeros(20), atol=1e-5)
        assert torch.allclose(found.std(0), torch.ones(20), atol=1e-4)
    features = twonorm.features.copy()
    features[:, 3] = 5
    parts = split(dataclasses.replace(twonorm, features=features))
    assert torch.equal(parts.train.inputs[:, 3], torch.zeros(len(parts.train.labels)))


def draw(name, samples=40_000):
    return GENERATORS[name](samples, np.random.default_rng(1))


def test_generated_sets_have_the_best_error_of_their_definition():
    """The optimal rule is the sign of the sum; its error is the normal tail at 2."""
    features, labels = draw("twonorm")
    error = ((features.sum(1) < 0) != labels).mean()
    assert error == pytest.approx(stats.norm.sf(2), abs=0.004)
    # The nearest digit errs in about 26 of 100 displays (Breiman 1984).
    features, labels = draw("led-display")
    digits = np.array([[int(bit) for bit in row] for row in SEGMENTS])
    error = (cdist(features, digits, "cityblock").argmin(1) != labels).mean()
    assert error == pytest.approx(0.26, abs=0.02)
    assert (features != digits[labels]).mean() == pytest.approx(0.1, abs=0.005)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_gives_the_same_rows_for_the_same_seed_and_as_many_as_its_file(name):
    first, second = (draw(name, 100) for _ in range(2))
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])
    found, known = data.load_table(f"generated-{name}"), KNOWN_TABLES[f"generated-{name}"]
    assert (*found.features.shape, found.classes) == (known.train_rows, known.features, known.classes)
