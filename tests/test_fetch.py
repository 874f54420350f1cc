import os
import pickle
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from torchvision import datasets

from spareparts.data import DataCorrupt, DownloadFailed, digest, fetch, load
from spareparts.data.download import file_name_order
from spareparts.data.known import KNOWN


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPAREPARTS_DATA", str(tmp_path))
    return tmp_path


def expect(monkeypatch: pytest.MonkeyPatch, name: str, arrays: dict[str, np.ndarray]) -> None:
    monkeypatch.setitem(KNOWN, name, KNOWN[name]._replace(sha256=digest(arrays)))


class FakeMNIST:
    classes = ("0 - zero", "1 - one")

    def __init__(self, root, train, download):
        assert download
        print("Downloading")
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
    classes = ("apple", "whale")

    def __init__(self, root, train, download):
        official = Path(root) / self.base_folder / ("train" if train else "test")
        official.parent.mkdir(exist_ok=True)
        official.write_bytes(pickle.dumps({"filenames": NAMES, "coarse_labels": [7, 3, 7, 3]}))
        self.data, self.targets = IMAGES, LABELS


def test_a_fetched_set_is_converted_checked_and_loads(folder, monkeypatch):
    expect(monkeypatch, "mnist", MNIST)
    monkeypatch.setattr(datasets, "MNIST", FakeMNIST)
    assert fetch("mnist") == folder / "mnist.npz"
    found = load("mnist", "train")
    assert np.array_equal(found.images, MNIST["train_images"])
    assert (found.labels.tolist(), found.classes) == ([0, 1, 0, 1], KNOWN["mnist"].classes)
    assert sorted(path.name for path in folder.iterdir()) == ["mnist.json", "mnist.npz"]


def test_without_progress_nothing_is_printed(folder, monkeypatch, capsys):
    expect(monkeypatch, "mnist", MNIST)
    monkeypatch.setattr(datasets, "MNIST", FakeMNIST)
    fetch("mnist", progress=False)
    assert capsys.readouterr() == ("", "")


def test_cifar100_keeps_the_label_sequence_and_orders_each_class_by_file_name(folder, monkeypatch):
    arrays = {f"{split}_images": IMAGES[[2, 3, 0, 1]] for split in ("train", "test")}
    arrays |= {f"{split}_labels": np.array(LABELS) for split in ("train", "test")}
    expect(monkeypatch, "cifar100", arrays)
    monkeypatch.setattr(datasets, "CIFAR100", FakeCIFAR100)
    fetch("cifar100")
    assert load("cifar100", "test").coarse_labels.tolist() == [7, 3, 7, 3]


def test_the_file_name_order_sorts_within_classes_and_is_a_projection():
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, 200)
    names = np.array([f"{number:04d}.png" for number in random.permutation(200)])
    order = file_name_order(labels, names)
    assert sorted(order) == list(range(200))
    assert np.array_equal(labels[order], labels)
    assert all((np.diff(order_of(names[order][labels == label])) > 0).all() for label in range(5))
    assert np.array_equal(file_name_order(labels, names[order]), np.arange(200))


def order_of(names: np.ndarray) -> np.ndarray:
    return np.array([int(name[:4]) for name in names])


def test_a_set_that_is_there_is_not_downloaded_again(folder, monkeypatch):
    expect(monkeypatch, "mnist", MNIST)
    monkeypatch.setattr(datasets, "MNIST", FakeMNIST)
    before = fetch("mnist").stat().st_mtime_ns
    monkeypatch.delattr(datasets, "MNIST")
    assert fetch("mnist").stat().st_mtime_ns == before


def test_a_download_with_another_fingerprint_is_refused_and_not_kept(folder, monkeypatch):
    monkeypatch.setattr(datasets, "MNIST", FakeMNIST)
    with pytest.raises(DataCorrupt, match=f"{KNOWN['mnist'].sha256}, found {digest(MNIST)}"):
        fetch("mnist")
    assert not list(folder.iterdir())


def test_an_altered_file_is_not_replaced_by_fetching(folder, monkeypatch):
    (folder / "mnist.npz").write_bytes(b"not an archive")
    with pytest.raises(DataCorrupt, match="move it away first"):
        fetch("mnist")
    assert (folder / "mnist.npz").read_bytes() == b"not an archive"


@pytest.mark.parametrize("error", [URLError("no route to host"), RuntimeError("Error downloading\nTried a mirror")])
def test_without_a_network_one_error_names_the_set_and_the_folder(folder, monkeypatch, error):
    def offline(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(datasets, "CIFAR10", offline)
    with pytest.raises(DownloadFailed, match=rf"'cifar10' into {folder}.*Nothing there was changed") as caught:
        fetch("cifar10")
    assert "\n" not in str(caught.value)
    assert not list(folder.iterdir())


def test_only_sets_with_an_official_source_can_be_fetched(folder):
    with pytest.raises(ValueError, match="cannot fetch 'digits'; what can be: mnist, fashion_mnist"):
        fetch("digits")


def test_a_disk_that_fills_up_leaves_nothing_behind(folder, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    expect(monkeypatch, "mnist", MNIST)
    monkeypatch.setattr(datasets, "MNIST", FakeMNIST)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        fetch("mnist")
    assert not list(folder.iterdir())
