"""The UCI sets from the archive of Fernandez-Delgado et al. (2014): its files read into the project's arrays."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

# Adult, whose words the collection codes as numbers


# Categories in the collection's order; a column without them holds numbers.
CATEGORIES = {
    1: "Private Self-emp-not-inc Self-emp-inc Federal-gov Local-gov State-gov Without-pay Never-worked",
    3: "Bachelors Some-college 11th HS-grad Prof-school Assoc-acdm Assoc-voc 9th 7th-8th 12th Masters 1st-4th 10th "
    "Doctorate 5th-6th Preschool",
    5: "Married-civ-spouse Divorced Never-married Separated Widowed Married-spouse-absent Married-AF-spouse",
    6: "Tech-support Craft-repair Other-service Sales Exec-managerial Prof-specialty Handlers-cleaners "
    "Machine-op-inspct Adm-clerical Farming-fishing Transport-moving Priv-house-serv Protective-serv Armed-Forces",
    7: "Wife Own-child Husband Not-in-family Other-relative Unmarried",
    8: "White Asian-Pac-Islander Amer-Indian-Eskimo Other Black",
    9: "Male Female",
    13: "United-States Cambodia England Puerto-Rico Canada Germany Outlying-US(Guam-USVI-etc) India Japan Greece South "
    "China Cuba Iran Honduras Philippines Italy Poland Jamaica Vietnam Mexico Portugal Ireland France "
    "Dominican-Republic Laos Ecuador Taiwan Haiti Columbia Hungary Guatemala Nicaragua Scotland Thailand Yugoslavia "
    "El-Salvador Trinadad&Tobago Peru Hong Holand-Netherlands",
}
CLASSES = ("<=50K", ">50K")


def codes() -> dict[int, dict[str, float]]:
    """The number of each word: evenly from -1 to 1 in the order of its column, and 0 for a missing value."""
    found = {}
    for column, text in CATEGORIES.items():
        words = text.split()
        n = len(words)
        found[column] = {word: 2 / (n - 1) * k + (1 + n) / (1 - n) for k, word in enumerate(words, 1)} | {"?": 0.0}
    return found


def read_adult(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of one of Adult's two files; `KeyError` for a word that it should not hold."""
    known, features, labels = codes(), [], []
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("|"):
            continue
        *cells, label = (cell.strip() for cell in line.rstrip(" .").split(","))
        row = [known[place][cell] if place in known else float(cell) for place, cell in enumerate(cells)]
        features.append(row)
        labels.append(CLASSES.index(label))
    return np.array(features), np.array(labels)


# The archive's files

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
        parts = [read_scaled(folder / inside(described(folder)["fich1="]))]
    features, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    features = ranks(features) if name == "connect-4" else features.astype(np.float32)
    return {"X": features, "y": labels.astype(np.uint8), "splits": read_splits(folder, rows=len(parts[0][1]))}


def inside(name: str) -> str:
    """A file's name as the collection gives it; ValueError where it leads out of the set's folder."""
    if name != Path(name).name or name in ("", ".", ".."):
        raise ValueError(f"the file of a set must lie in its folder, got {name!r}")
    return name


def described(folder: Path) -> dict[str, str]:
    """The collection's own description of a set: lines like `fich1= car_R.dat`."""
    return dict(line.split(maxsplit=1) for line in (folder / f"{folder.name}.txt").read_text().splitlines() if line)


def read_scaled(path: Path) -> Rows:
    """A file of scaled values: a heading, then a number, the features and the class in each row."""
    table = np.loadtxt(path, skiprows=1, ndmin=2)
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
