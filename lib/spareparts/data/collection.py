"""The UCI sets from the archive of Fernandez-Delgado et al. (2014): its files read into the project's arrays."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from .files import MANIFEST

Rows = tuple[np.ndarray, np.ndarray]  # features and labels


def read_set(folder: Path) -> dict[str, np.ndarray]:
    """A set's arrays, as stored, from its unpacked folder; OSError, ValueError or KeyError for unexpected files."""
    name = folder.name
    if name == "adult":
        parts = [read_adult(folder / file) for file in ("adult.data", "adult.test")]
    elif name in MANIFEST["official"]:  # which have a test file: raw values, that the collection scales part by part
        form = dict(MANIFEST["official"][name])
        files = form.pop("files")  # to train and to test on
        parts = [read_original(folder / file, **form) for file in files]
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


def read_original(path: Path, *, labels: Sequence[str], label_first: bool = False, dropped: Sequence[int] = ()) -> Rows:
    """A file of raw values, separated by commas or spaces; headings and columns that are `dropped` are left out."""
    features, numbers = [], []
    for line in path.read_text().splitlines():
        cells = line.replace(",", " ").split()
        label = cells.pop(0 if label_first else -1) if len(cells) > 1 else ""
        if label in labels:
            features.append([float(cell) for cell in cells])
            numbers.append(labels.index(label))
    return np.delete(np.array(features), dropped, axis=1), np.array(numbers)


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
    """One of Adult's two files, its words as the collection codes them: evenly from -1 to 1, 0 for a missing value."""
    table = pd.read_csv(path, header=None, comment="|", skipinitialspace=True, na_filter=False)
    for column, words in MANIFEST["adult"].items():
        codes = dict(zip(words, np.linspace(-1, 1, len(words)), strict=True)) | {"?": 0.0}
        table[int(column)] = table[int(column)].map(codes)
    labels = table.pop(table.columns[-1]).str.rstrip(" .")
    return table.to_numpy(float), labels.map({"<=50K": 0, ">50K": 1}).to_numpy(int)
