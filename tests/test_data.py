"""Image sets: in the one form, checked by their fingerprint, listed, fetched; folders of them are in test_streaming."""

import dataclasses
import hashlib
import json
import os
import pickle
from pathlib import Path
from unittest.mock import MagicMock
from urllib.error import URLError

import numpy as np
import pytest
import torch
from torchvision import datasets

from spareparts import claims, data
from spareparts.data.sets import KNOWN

ORDER = ("train_images", "train_labels", "test_images", "test_labels")


def tiny(colour: bool = False) -> dict[str, np.ndarray]:
    shape, random = ((4, 5, 3) if colour else (4, 5)), np.random.default_rng(0)
    return {
        "train_images": random.integers(0, 256, (6, *shape), dtype=np.uint8),
        "train_labels": np.array([0, 1, 2, 0, 1, 2]),
        "test_images": random.integers(0, 256, (3, *shape), dtype=np.uint8),
        "test_labels": np.array([2, 1, 0]),
    }


def save_tiny(name: str = "mine", *, colour: bool = False, **changes) -> Path:
    """A set of one's own, as the book says how to make one."""
    arrays, path = tiny(colour) | changes, data.root() / f"{name}.npz"
    np.savez(path, **arrays)
    about = {"classes": ["a", "b", "c"], "sha256": data.digest(arrays), "fidelity": "made by a test"}
    path.with_suffix(".json").write_text(json.dumps(about))
    return path


def alter(path: Path, **changes) -> None:
    about = path.with_suffix(".json")
    about.write_text(json.dumps(json.loads(about.read_text()) | changes))


def expect(monkeypatch: pytest.MonkeyPatch, name: str, arrays: dict[str, np.ndarray]) -> None:
    monkeypatch.setitem(KNOWN, name, dataclasses.replace(KNOWN[name], sha256=data.digest(arrays)))


def test_digits_are_a_stratified_split_of_all_1797_images_and_the_same_each_time():
    train, test = data.load("digits", "train"), data.load("digits", "test")
    assert (len(train.images), len(test.images)) == (1437, 360)
    shares = train.labels.bincount() / (train.labels.bincount() + test.labels.bincount())
    assert shares.numpy() == pytest.approx(0.8, abs=0.01)
    assert (train.images.dtype, train.images.shape[1:], train.labels.dtype) == (torch.uint8, (8, 8), torch.int64)
    assert (train.images.min(), train.images.max()) == (0, 255)
    assert torch.equal(data.load("digits", "test").images, test.images)
    assert "0..16 scaled to 0..255" in data.fidelity("digits")


@pytest.mark.parametrize("colour", [False, True])
def test_a_set_in_the_one_form_loads_as_it_was_written(data_folder, colour):
    arrays = tiny(colour)
    save_tiny(colour=colour)
    for split in ("train", "test"):
        found = data.load("mine", split)
        assert np.array_equal(found.images, arrays[f"{split}_images"])
        assert np.array_equal(found.labels, arrays[f"{split}_labels"])
    assert (data.classes("mine"), data.fidelity("mine")) == (("a", "b", "c"), "made by a test")


def test_the_digest_is_sha256_over_all_arrays_and_the_fingerprint_of_ones_own_set_knows_its_classes_too(data_folder):
    arrays = tiny(colour=True)
    assert data.digest(arrays) == hashlib.sha256(b"".join(arrays[key].tobytes() for key in ORDER)).hexdigest()
    assert data.digest({key: np.asfortranarray(array) for key, array in arrays.items()}) == data.digest(arrays)
    path = save_tiny()
    found = [data.fingerprint("mine")]
    assert found == [hashlib.sha256(json.dumps([data.digest(tiny()), ["a", "b", "c"]]).encode()).hexdigest()]
    for names in (["a", "c", "b"], ["a", "b", "c", "d"]):
        alter(path, classes=names)
        found.append(data.fingerprint("mine"))
    assert len(set(found)) == 3


@pytest.mark.parametrize(("name", "count"), [("mnist", 10), ("cifar10", 10), ("cifar100", 100), ("digits", 10)])
def test_what_known_sets_are_needs_no_files(data_folder, name, count):
    assert (data.fingerprint(name), data.fidelity(name)) == (KNOWN[name].sha256, KNOWN[name].fidelity)
    assert len(data.fingerprint(name)) == 64 and len(set(data.classes(name))) == count


def test_superclasses_are_twenty_groups_of_five_of_the_hundred_classes():
    groups = data.superclasses()
    assert {len(labels) for labels in groups.values()} == {5} and len(groups) == 20
    assert sorted(label for labels in groups.values() for label in labels) == list(range(100))
    assert groups["aquatic mammals"] == (4, 30, 55, 72, 95)  # as the official file numbers them


def test_a_known_set_is_what_is_known_whatever_its_json_says(data_folder, monkeypatch):
    path = save_tiny("mnist")
    with pytest.raises(data.DataCorrupt, match=f"{KNOWN['mnist'].sha256}, found {data.digest(tiny())}"):
        data.load("mnist", "train")
    expect(monkeypatch, "mnist", tiny())
    alter(path, classes=[str(label) for label in range(12)])
    assert len(data.load("mnist", "train").labels) == 6
    assert data.classes("mnist") == tuple("0123456789")


def test_unknown_names_and_splits_are_refused_with_those_that_are_known(data_folder):
    save_tiny()
    with pytest.raises(ValueError, match=r"unknown data set 'cifar11'; did you mean 'cifar10'.*mnist.*digits, mine"):
        data.load("cifar11", "train")
    with pytest.raises(ValueError, match="split must be one of train, test, got 'valid'"):
        data.load("digits", "valid")


@pytest.mark.parametrize("name", ["../outside", "<img src=x onerror=alert(1)>", "a/b", "a b", "", ".hidden"])
def test_no_name_of_other_characters_is_looked_for(data_folder, name):
    (data_folder.parent / "outside" / "train" / "a").mkdir(parents=True, exist_ok=True)
    for ask in (data.fingerprint, data.fidelity, data.classes, lambda name: data.load(name, "test")):
        with pytest.raises(ValueError, match="name must be of letters, digits, _ and -, got"):
            ask(name)


def test_missing_data_names_the_set_the_command_and_the_folder_in_the_users_cache_or_ones_own(data_folder, monkeypatch):
    wanted = rf"'cifar10'.*{data_folder}.*python -m spareparts data fetch cifar10"
    with pytest.raises(data.DataMissing, match=wanted) as caught:
        data.load("cifar10", "train")
    assert isinstance(caught.value, FileNotFoundError)
    save_tiny().with_suffix(".json").unlink()
    with pytest.raises(data.DataMissing, match=r"mine\.npz needs mine\.json beside it"):
        data.load("mine", "train")
    assert data.root() == data_folder
    monkeypatch.delenv("SPAREPARTS_DATA")
    assert data.root().parts[-2:] == ("spareparts", "data")


def test_an_altered_file_is_refused_with_both_fingerprints_and_kept(data_folder):
    path, altered = save_tiny(), tiny()
    data.load("mine", "train")
    altered["test_images"][0, 0, 0] ^= 1
    np.savez(path, **altered)
    with pytest.raises(data.DataCorrupt, match=f"{path}.*{data.digest(tiny())}.*{data.digest(altered)}"):
        data.load("mine", "train")
    assert path.exists()


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95, None])
def test_a_truncated_file_or_a_page_is_refused_by_name_and_kept_without_advice_to_unpickle_it(data_folder, share):
    path = save_tiny()
    data.load("mine", "train")
    kept = b"<!DOCTYPE html>" if share is None else path.read_bytes()[: int(share * path.stat().st_size)]
    path.write_bytes(kept)
    with pytest.raises(data.DataCorrupt, match=rf"{path}.*bytes.*cannot be read.*{data.digest(tiny())}") as caught:
        data.load("mine", "train")
    assert "pickle" not in str(caught.value)
    assert path.read_bytes() == kept


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"classes": ["a"]}', '{"classes": 4, "sha256": "0"}', '{"classes": ["a"], "sha256": 0}']
)
def test_a_json_that_is_not_whole_is_refused_by_name(data_folder, text):
    path = save_tiny().with_suffix(".json")
    path.write_text(text)
    with pytest.raises(data.DataCorrupt, match=f"{path}.*`classes`, a list of names, and `sha256`"):
        data.load("mine", "train")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_images": np.zeros((6, 4, 5))}, "train: images must be uint8.*float64"),
        ({"train_images": np.zeros((6, 4, 5, 2), np.uint8)}, r"\(n, h, w, 3\), got uint8, \(6, 4, 5, 2\)"),
        ({"test_labels": np.zeros(3, np.int32)}, "test: labels must be int64.*int32"),
        ({"test_labels": np.zeros(2, np.int64)}, r"\(3,\), got int64, \(2,\)"),
        ({"test_labels": np.array([0, 1, 3])}, r"must lie in 0\.\.2, got 0\.\.3"),
        ({"test_labels": np.array([1, 1, 1])}, r"must be of at least two classes, got \[1\]"),
        ({"test_images": np.zeros((3, 5, 4), np.uint8)}, r"of one size, got \(4, 5\) to train on and \(5, 4\)"),
    ],
)
def test_arrays_of_another_form_are_refused_and_not_listed_as_whole(data_folder, changes, message):
    save_tiny(**changes)
    with pytest.raises(ValueError, match=message):
        data.load("mine", "train")
    assert {row.name: row.intact for row in data.listing()}["mine"] is False


def test_a_known_set_that_would_unpack_to_more_than_it_has_is_refused_before_it_is_read(data_folder, monkeypatch):
    monkeypatch.setitem(KNOWN, "mnist", dataclasses.replace(KNOWN["mnist"], most_bytes=396))
    np.savez_compressed(data_folder / "mnist.npz", **tiny() | {"train_images": np.zeros((9_000, 4, 5), np.uint8)})
    monkeypatch.setattr(np, "load", lambda *_: pytest.fail("it was read"))
    for ask in (lambda: data.load("mnist", "test"), lambda: data.fetch("mnist")):
        with pytest.raises(data.DataCorrupt, match=r"mnist\.npz .* unpacks to 18\d,\d+ bytes, where .* at most 396"):
            ask()
    assert {row.name: row.intact for row in data.listing()}["mnist"] is False


def test_listing_tells_present_missing_altered_and_own_sets_apart(data_folder):
    save_tiny()
    save_tiny("mnist")
    (data_folder / ".half.npz").write_bytes(b"")
    rows = {row.name: row for row in data.listing()}
    assert list(rows)[:6] == [*KNOWN, "mine"]
    assert rows["mine"][1:] == (True, "6 + 3 of 4x5", data_folder / "mine.npz")
    assert rows["mnist"][1:] == (False, "", data_folder / "mnist.npz")
    assert rows["cifar10"][1:] == (None, "", data_folder / "cifar10.npz")
    assert rows["digits"][1:] == (True, "1,437 + 360 of 8x8", None)


@pytest.mark.parametrize("change", ["arrays", "json", "expected"])
def test_what_has_changed_since_it_was_listed_as_whole_is_listed_as_damaged(data_folder, monkeypatch, change):
    expect(monkeypatch, "mnist", tiny())
    name = "mnist" if change == "expected" else "mine"
    path = save_tiny(name)
    assert {row.name: row.intact for row in data.listing()}[name]
    if change == "arrays":
        np.savez(path, **tiny() | {"test_images": np.zeros((3, 4, 5), np.uint8)})
    elif change == "json":
        alter(path, classes=["a", "b"])
    else:
        monkeypatch.setitem(KNOWN, "mnist", dataclasses.replace(KNOWN["mnist"], sha256="0" * 64))
    assert {row.name: row.intact for row in data.listing()}[name] is False


@pytest.mark.parametrize("name", [name for name in KNOWN if name != "digits"])
def test_the_real_arrays_have_the_known_fingerprint(name):
    if not (data.root() / f"{name}.npz").exists():
        pytest.skip(f"{name} is not in {data.root()}")
    train, test = data.load(name, "train"), data.load(name, "test")
    assert len(test.images) == 10_000
    assert train.labels.bincount().numel() == len(data.classes(name))


class FakeMNIST:
    def __init__(self, root, train, download):
        assert download
        count = 4 if train else 2
        self.data = torch.arange(count * 6, dtype=torch.uint8).reshape(count, 2, 3)
        self.targets = torch.arange(count) % 2


MNIST = {
    "train_images": np.arange(24, dtype=np.uint8).reshape(4, 2, 3),
    "train_labels": np.array([0, 1, 0, 1]),
    "test_images": np.arange(12, dtype=np.uint8).reshape(2, 2, 3),
    "test_labels": np.array([0, 1]),
}

# Official order; by file name, class 0 stands as a, c and class 1 as b, d.
NAMES, LABELS = ["c.png", "d.png", "a.png", "b.png"], [0, 1, 0, 1]
IMAGES = np.arange(4 * 2 * 2 * 3, dtype=np.uint8).reshape(4, 2, 2, 3)


class FakeCIFAR100:
    base_folder = "cifar-100-python"

    def __init__(self, root, train, download):
        official = Path(root) / self.base_folder / ("train" if train else "test")
        official.parent.mkdir(exist_ok=True)
        official.write_bytes(pickle.dumps({"filenames": NAMES}))
        self.data, self.targets = IMAGES, LABELS


def test_cifar100_keeps_the_label_sequence_and_orders_each_class_by_file_name(data_folder, monkeypatch):
    arrays = {f"{split}_images": IMAGES[[2, 3, 0, 1]] for split in ("train", "test")}
    expect(monkeypatch, "cifar100", arrays | {f"{split}_labels": np.array(LABELS) for split in ("train", "test")})
    monkeypatch.setattr(datasets, "CIFAR100", FakeCIFAR100)
    assert data.fetch("cifar100").exists()


def test_a_fetched_set_is_kept_only_if_it_is_the_expected_one_and_not_downloaded_again(data_folder, monkeypatch):
    monkeypatch.setattr(datasets, "MNIST", FakeMNIST)
    with pytest.raises(data.DataCorrupt, match=f"{KNOWN['mnist'].sha256}, found {data.digest(MNIST)}"):
        data.fetch("mnist")
    assert not list(data_folder.iterdir())
    expect(monkeypatch, "mnist", MNIST)
    assert data.fetch("mnist") == data_folder / "mnist.npz"
    found = data.load("mnist", "train")
    assert np.array_equal(found.images, MNIST["train_images"]) and found.labels.tolist() == [0, 1, 0, 1]
    assert [path.name for path in data_folder.iterdir()] == ["mnist.npz"]
    monkeypatch.delattr(datasets, "MNIST")
    before = (data_folder / "mnist.npz").stat().st_mtime_ns
    assert data.fetch("mnist").stat().st_mtime_ns == before


@pytest.mark.parametrize("error", [URLError("no route to host"), RuntimeError("Error downloading\nTried a mirror")])
def test_without_a_network_one_error_names_the_set_and_the_folder(data_folder, monkeypatch, error):
    monkeypatch.setattr(datasets, "CIFAR10", MagicMock(side_effect=error))
    wanted = rf"'cifar10' into {data_folder}.*Nothing there was changed"
    with pytest.raises(data.DownloadFailed, match=wanted) as caught:
        data.fetch("cifar10")
    assert "\n" not in str(caught.value)
    assert not list(data_folder.iterdir())


def test_only_sets_with_an_official_source_can_be_fetched_and_an_altered_file_is_not_replaced(data_folder):
    with pytest.raises(ValueError, match="cannot fetch 'digits'; what can be: mnist, fashion_mnist"):
        data.fetch("digits")
    (data_folder / "mnist.npz").write_bytes(b"not an archive")
    with pytest.raises(data.DataCorrupt, match="move it away first"):
        data.fetch("mnist")
    assert (data_folder / "mnist.npz").read_bytes() == b"not an archive"


def test_a_disk_that_fills_up_leaves_nothing_behind(data_folder, monkeypatch):
    expect(monkeypatch, "mnist", MNIST)
    monkeypatch.setattr(datasets, "MNIST", FakeMNIST)
    monkeypatch.setattr(os, "fsync", MagicMock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        data.fetch("mnist")
    assert not list(data_folder.iterdir())


def test_the_labels_that_a_page_reads_are_those_of_the_test_images():
    text = (claims.BOOK / "reference" / "mnist_test_labels.txt").read_text(encoding="utf-8")
    labels = np.array([*"".join(text.split())], dtype=int)
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    try:
        stored = data.load("mnist", "test").labels.numpy()
    except data.DataMissing:
        pytest.skip("MNIST is not here")
    assert labels.tolist() == stored.tolist()
