"""The UCI sets from the archive of Fernandez-Delgado et al. (2014): its files read into the project's arrays."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from .files import MANIFEST

Rows = tuple[np.ndarray, np.ndarray]  # features and labels


class Official(NamedTuple):
    """Original files of a set that has an official test file: raw values, which the collection scales part by part."""

    files: tuple[str, str]  # training, test
    labels: str = "0 1 2 3 4 5 6 7 8 9"  # in the order of their numbers
    label_first: bool = False
    dropped: tuple[int, ...] = ()  # constant columns, which the collection leaves out


OFFICIAL = {
    "hill-valley": Official(("Hill_Valley_with_noise_Training.data", "Hill_Valley_with_noise_Testing.data")),
    "image-segmentation": Official(
        ("segmentation.data", "segmentation.test"),
        labels="BRICKFACE SKY FOLIAGE CEMENT WINDOW PATH GRASS",
        label_first=True,
        dropped=(2,),
    ),
    "optical": Official(("optdigits.tra", "optdigits.tes"), dropped=(0, 39)),
    "pendigits": Official(("pendigits.tra", "pendigits.tes")),
    "statlog-landsat": Official(("sat.trn", "sat.tst"), labels="1 2 3 4 5 7"),
    "statlog-shuttle": Official(("shuttle.trn", "shuttle.tst"), labels="1 2 3 4 5 6 7"),
    "thyroid": Official(("ann-train.data", "ann-test.data"), labels="1 2 3"),
}


def read_set(folder: Path) -> dict[str, np.ndarray]:
    """Features, labels and splits of the set in an unpacked folder of the archive, as `load_table` stores them.

    `OSError` where a file is missing, `ValueError` or `KeyError` where one is not what was expected.
    """
    name = folder.name
    if name == "adult":
        parts = [read_adult(folder / file) for file in ("adult.data", "adult.test")]
    elif name in OFFICIAL:
        parts = [read_original(folder / file, OFFICIAL[name]) for file in OFFICIAL[name].files]
    else:
        parts = [read_scaled(folder)]
    features, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    features = ranks(features) if name == "connect-4" else features.astype(np.float32)
    return {"X": features, "y": labels.astype(np.uint8), "splits": read_splits(folder, rows=len(parts[0][1]))}


def read_scaled(folder: Path) -> Rows:
    """The file of scaled values that the collection's description names: a line like `fich1= car_R.dat`.

    A heading, then a number, the features and the class in each row. ValueError where it leads out of the folder.
    """
    lines = (folder / f"{folder.name}.txt").read_text().splitlines()
    file = dict(line.split(maxsplit=1) for line in lines if line)["fich1="]
    if file != Path(file).name or file in ("", ".", ".."):
        raise ValueError(f"the file of a set must lie in its folder, got {file!r}")
    table = np.loadtxt(folder / file, skiprows=1, ndmin=2)
    return table[:, 1:-1], table[:, -1].astype(int)


def read_original(path: Path, form: Official) -> Rows:
    """A file of raw values, separated by commas or spaces, with the class first or last; headings are passed over."""
    known, features, labels = form.labels.split(), [], []
    for line in path.read_text().splitlines():
        cells = line.replace(",", " ").split()
        label = cells.pop(0 if form.label_first else -1) if len(cells) > 1 else ""
        if label in known:
            features.append([float(cell) for cell in cells])
            labels.append(known.index(label))
    return np.delete(np.array(features), form.dropped, axis=1), np.array(labels)


def ranks(features: np.ndarray) -> np.ndarray:
    """The codes -1, 0 and 1 behind columns that were scaled: an increasing map keeps their order."""
    columns = [np.unique(column, return_inverse=True)[1] - 1 for column in features.T]
    return np.stack(columns, axis=1).astype(np.int8)


def read_splits(folder: Path, *, rows: int) -> np.ndarray:
    """The collection's partitions as bits: 4 for the second half of the tuning split, 0 to 3 for the test parts."""
    splits = np.zeros(rows, np.uint8)
    halves = (folder / "conxuntos.dat").read_text().splitlines()
    folds = (folder / "conxuntos_kfold.dat").read_text().splitlines()
    for bit, line in ((4, halves[1]), *enumerate(folds[1:8:2])):
        splits[np.array(line.split(), int)] |= 1 << bit
    return splits


def read_adult(path: Path) -> Rows:
    """Features and labels of one of Adult's two files, whose words the collection codes as numbers.

    They are evenly from -1 to 1 in the order of their column, and 0 for a missing value; NaN for a strange one.
    """
    table = pd.read_csv(path, header=None, comment="|", skipinitialspace=True, na_filter=False)
    for column, words in MANIFEST["adult"].items():
        codes = dict(zip(words, np.linspace(-1, 1, len(words)), strict=True)) | {"?": 0.0}
        table[int(column)] = table[int(column)].map(codes)
    labels = table.pop(table.columns[-1]).str.rstrip(" .")
    return table.to_numpy(float), labels.map({"<=50K": 0, ">50K": 1}).to_numpy(int)
