import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from spareparts.data import (
    DataCorrupt,
    DataMissing,
    classes,
    digest,
    fetch,
    fidelity,
    fingerprint,
    listing,
    load,
    root,
    save,
)
from spareparts.data.known import KNOWN

REAL = [name for name in KNOWN if name != "digits"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPAREPARTS_DATA", str(tmp_path))
    return tmp_path


def tiny(colour: bool = False) -> dict[str, np.ndarray]:
    shape, random = ((4, 5, 3) if colour else (4, 5)), np.random.default_rng(0)
    return {
        "train_images": random.integers(0, 256, (6, *shape), dtype=np.uint8),
        "train_labels": np.array([0, 1, 2, 0, 1, 2]),
        "test_images": random.integers(0, 256, (3, *shape), dtype=np.uint8),
        "test_labels": np.array([2, 1, 0]),
    }


def save_tiny(name: str = "mine", **changes) -> Path:
    return save(name, tiny() | changes, classes=["a", "b", "c"], fidelity="made by a test")


def test_digits_are_a_stratified_split_of_all_1797_images():
    train, test = load("digits", "train"), load("digits", "test")
    assert (len(train.images), len(test.images)) == (1437, 360)
    shares = train.labels.bincount() / (train.labels.bincount() + test.labels.bincount())
    assert shares.numpy() == pytest.approx(0.8, abs=0.01)
    assert (train.images.dtype, train.images.shape[1:], train.labels.dtype) == (torch.uint8, (8, 8), torch.int64)
    assert (train.images.min(), train.images.max()) == (0, 255)
    assert train.classes == tuple("0123456789")


def test_digits_are_the_same_each_time_and_have_the_known_fingerprint():
    first, second = load("digits", "test"), load("digits", "test")
    assert torch.equal(first.images, second.images)
    assert first.fingerprint == fingerprint("digits") == KNOWN["digits"].sha256
    assert "0..16 scaled to 0..255" in first.fidelity


@pytest.mark.parametrize("colour", [False, True])
def test_a_set_in_the_one_form_loads_as_it_was_written(folder, colour):
    arrays = tiny(colour)
    save("mine", arrays, classes=["a", "b", "c"], fidelity="made by a test")
    for split in ("train", "test"):
        found = load("mine", split)
        assert np.array_equal(found.images, arrays[f"{split}_images"])
        assert np.array_equal(found.labels, arrays[f"{split}_labels"])
        assert (found.name, found.split, found.classes, found.coarse_labels) == ("mine", split, ("a", "b", "c"), None)
        assert (found.fingerprint, found.fidelity) == (fingerprint("mine"), "made by a test")


def test_superclasses_are_loaded_where_the_set_has_them(folder):
    save_tiny(train_coarse=np.array([0, 0, 1, 0, 0, 1]), test_coarse=np.array([1, 0, 0]))
    assert load("mine", "test").coarse_labels.tolist() == [1, 0, 0]


def test_the_fingerprint_is_sha256_over_images_then_labels_train_then_test():
    arrays = tiny()
    order = ("train_images", "train_labels", "test_images", "test_labels")
    assert digest(arrays) == hashlib.sha256(b"".join(arrays[key].tobytes() for key in order)).hexdigest()


def test_the_fingerprint_does_not_depend_on_memory_layout():
    arrays = tiny(colour=True)
    strided = {key: np.asfortranarray(array) for key, array in arrays.items()}
    assert digest(strided) == digest(arrays)


@pytest.mark.parametrize("name", KNOWN)
def test_fingerprint_and_fidelity_of_known_sets_need_no_files(folder, name):
    assert (fingerprint(name), fidelity(name)) == (KNOWN[name].sha256, KNOWN[name].fidelity)
    assert len(fingerprint(name)) == 64


def test_own_sets_have_the_fingerprint_and_fidelity_of_their_json(folder):
    save_tiny()
    text = json.dumps([digest(tiny()), ["a", "b", "c"]])
    assert (fingerprint("mine"), fidelity("mine")) == (hashlib.sha256(text.encode()).hexdigest(), "made by a test")


def test_own_sets_with_other_classes_are_other_data(folder):
    path, before = save_tiny().with_suffix(".json"), fingerprint("mine")
    for names in (["a", "c", "b"], ["a", "b", "c", "d"]):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"classes": names}))
        assert fingerprint("mine") == load("mine", "test").fingerprint != before


def test_a_known_set_has_its_own_classes_whatever_its_json_says(folder, monkeypatch):
    monkeypatch.setitem(KNOWN, "mnist", KNOWN["mnist"]._replace(sha256=digest(tiny())))
    path = save_tiny("mnist").with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"classes": [str(label) for label in range(12)]}))
    assert load("mnist", "train").classes == classes("mnist") == tuple("0123456789")


def test_an_unknown_name_gets_the_nearest_and_all_known_ones(folder):
    save_tiny()
    with pytest.raises(ValueError, match=r"unknown data set 'cifar11'; did you mean 'cifar10'.*mnist.*digits, mine"):
        load("cifar11", "train")
    with pytest.raises(ValueError, match=r"must be of letters, digits, _ and -, got '\.\./mine'"):
        load("../mine", "train")


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match='split must be "train" or "test", got \'valid\''):
        load("digits", "valid")


def test_missing_data_names_the_set_the_folder_and_the_command(folder):
    with pytest.raises(FileNotFoundError) as caught:
        load("cifar10", "train")
    assert isinstance(caught.value, DataMissing)
    for part in ("'cifar10'", str(folder), "python -m spareparts data fetch cifar10"):
        assert part in str(caught.value)


def test_an_altered_file_is_refused_with_both_fingerprints_and_kept(folder):
    path = save_tiny()
    altered = tiny()
    altered["test_images"][0, 0, 0] ^= 1
    np.savez(path, **altered)
    with pytest.raises(DataCorrupt) as caught:
        load("mine", "train")
    for part in (str(path), digest(tiny()), digest(altered)):
        assert part in str(caught.value)
    assert path.exists()


def test_a_known_set_must_have_the_known_fingerprint_whatever_its_json_says(folder):
    save_tiny("mnist")
    with pytest.raises(DataCorrupt, match=f"{KNOWN['mnist'].sha256}, found {digest(tiny())}"):
        load("mnist", "train")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_a_truncated_file_is_refused_by_name_and_kept(folder, share):
    path = save_tiny()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataCorrupt, match=rf"{path}.*bytes.*cannot be read.*{digest(tiny())}"):
        load("mine", "train")
    assert path.read_bytes() == whole[: int(share * len(whole))]


def test_a_page_that_was_saved_as_a_set_is_refused_without_advice_to_unpickle_it(folder):
    path = save_tiny()
    path.write_text("<!DOCTYPE html>")
    with pytest.raises(DataCorrupt, match="cannot be read: File is not a zip file") as caught:
        load("mine", "train")
    assert "pickle" not in str(caught.value)


def test_a_set_without_its_json_is_told_what_it_lacks(folder):
    save_tiny().with_suffix(".json").unlink()
    with pytest.raises(DataMissing, match=r"mine\.npz needs mine\.json beside it"):
        load("mine", "train")


def test_what_load_refuses_is_not_listed_as_whole(folder):
    path = save_tiny()
    about = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(about | {"classes": ["a", "b"]}))
    with pytest.raises(ValueError, match=r"labels of 'mine' must lie in 0\.\.1, got 0\.\.2"):
        load("mine", "train")
    (row,) = (row for row in listing() if row.name == "mine")
    assert row.present and not row.intact


def test_a_file_is_checked_again_once_it_has_changed(folder):
    path = save_tiny()
    load("mine", "train")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataCorrupt):
        load("mine", "train")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"classes": ["a"]}', '{"classes": 4, "sha256": "0"}', '{"classes": ["a"], "sha256": 0}']
)
def test_a_json_that_is_not_whole_is_refused_by_name(folder, text):
    path = save_tiny().with_suffix(".json")
    path.write_text(text)
    with pytest.raises(DataCorrupt, match=str(path)):
        load("mine", "train")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_images": np.zeros((6, 4, 5))}, "must be uint8.*float64"),
        ({"train_images": np.zeros((6, 4, 5, 2), np.uint8)}, r"\(n, h, w, 3\), got uint8, \(6, 4, 5, 2\)"),
        ({"test_labels": np.zeros(3, np.int32)}, "must be int64.*int32"),
        ({"test_labels": np.zeros(2, np.int64)}, r"\(3,\), got int64, \(2,\)"),
        ({"test_labels": np.array([0, 1, 3])}, r"must lie in 0\.\.2, got 0\.\.3"),
        ({"test_labels": np.array([1, 1, 1])}, r"must be of at least two classes, got \[1\]"),
        ({"test_images": np.zeros((3, 5, 4), np.uint8)}, r"of one size, got \(4, 5\) to train on and \(5, 4\)"),
    ],
)
def test_arrays_of_another_form_are_refused_before_anything_is_written(folder, changes, message):
    with pytest.raises(ValueError, match=message):
        save_tiny(**changes)
    assert not list(folder.iterdir())


def test_images_of_two_sizes_are_refused_when_loading(folder):
    path, arrays = save_tiny(), tiny() | {"test_images": np.zeros((3, 8, 8), np.uint8)}
    np.savez(path, **arrays)
    about = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(about | {"sha256": digest(arrays)}))
    with pytest.raises(ValueError, match=r"images of 'mine' must be of one size"):
        load("mine", "train")


def test_a_name_cannot_lead_out_of_the_folder(folder):
    with pytest.raises(ValueError, match="letters, digits"):
        save_tiny("../mine")


@pytest.mark.parametrize("name", ["../outside", "<img src=x onerror=alert(1)>", "a/b", "a b", "", ".hidden"])
def test_no_name_of_other_characters_is_looked_for(folder, name):
    (folder.parent / "outside" / "train" / "a").mkdir(parents=True, exist_ok=True)
    for ask in (fingerprint, fidelity, classes, lambda name: load(name, "test")):
        with pytest.raises(ValueError, match="name must be of letters, digits, _ and -, got"):
            ask(name)


def test_a_known_set_that_would_unpack_to_more_than_it_has_is_refused_before_it_is_read(folder, monkeypatch):
    monkeypatch.setitem(KNOWN, "mnist", KNOWN["mnist"]._replace(samples=9, pixels=20))
    path = folder / "mnist.npz"
    np.savez_compressed(path, **tiny() | {"train_images": np.zeros((9_000, 4, 5), np.uint8)})
    path.with_suffix(".json").write_text(json.dumps({"classes": ["a"], "sha256": "0"}))
    monkeypatch.setattr(np, "load", lambda *_: pytest.fail("it was read"))
    for ask in (lambda: load("mnist", "test"), lambda: fetch("mnist")):
        with pytest.raises(DataCorrupt, match=r"mnist\.npz unpacks to 180,\d+ bytes, where the set has at most 396"):
            ask()
    assert {row.name: row.intact for row in listing()}["mnist"] is False


def test_a_write_that_fails_leaves_nothing_behind(folder, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_tiny()
    assert not list(folder.iterdir())


def test_listing_tells_present_missing_altered_and_own_sets_apart(folder):
    save_tiny()
    save_tiny("mnist")
    (folder / ".half.npz").write_bytes(b"")
    rows = {row.name: row for row in listing()}
    assert list(rows) == [*KNOWN, "mine"]
    assert rows["mine"][1:] == (True, folder / "mine.npz", (6, 3), (4, 5), True)
    assert rows["mnist"].intact is False
    assert rows["cifar10"][1:] == (False, folder / "cifar10.npz", None, None, None)
    assert rows["digits"][1:] == (True, None, (1437, 360), (8, 8), True)


@pytest.mark.parametrize(("name", "count"), [("mnist", 10), ("cifar10", 10), ("cifar100", 100), ("digits", 10)])
def test_the_classes_of_known_sets_need_no_files(folder, name, count):
    assert len(set(classes(name))) == count


def test_the_root_is_the_users_cache_folder_unless_one_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("SPAREPARTS_DATA", str(tmp_path))
    assert root() == tmp_path
    monkeypatch.delenv("SPAREPARTS_DATA")
    assert root().parts[-2:] == ("spareparts", "data")


@pytest.mark.parametrize("name", REAL)
def test_the_real_arrays_have_the_known_fingerprint(name):
    if not (root() / f"{name}.npz").exists():
        pytest.skip(f"{name} is not in {root()}")
    train, test = load(name, "train"), load(name, "test")
    assert train.fingerprint == fingerprint(name)
    assert len(test.images) == 10_000
    assert train.labels.bincount().numel() == len(train.classes)
    assert train.classes == classes(name)
    assert (train.coarse_labels is not None) == (name == "cifar100")
