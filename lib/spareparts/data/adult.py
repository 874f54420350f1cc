"""Adult, whose words the collection codes as numbers."""

from pathlib import Path

import numpy as np

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
