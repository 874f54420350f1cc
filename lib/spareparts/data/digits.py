"""scikit-learn's handwritten digits: real images that ship with a dependency, so that a fresh clone has data."""

import hashlib
import importlib.util
from pathlib import Path

import numpy as np

FILE = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"  # sha256 of scikit-learn's digits.csv.gz


def digits() -> dict[str, np.ndarray]:
    """The 1,797 images (8x8, uint8, 0..255) in a stratified split of 1,437 for training and 360 for testing."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    counts, labels = load_digits(return_X_y=True)
    images = np.rint(counts.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    parts = train_test_split(images, labels.astype(np.int64), test_size=360, stratify=labels, random_state=0)
    return dict(zip(("train_images", "test_images", "train_labels", "test_labels"), parts, strict=True))


def is_known_file() -> bool:
    """Whether scikit-learn's file is the one that the fingerprint is of; asked without importing scikit-learn."""
    package = importlib.util.find_spec("sklearn")
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz" if package else None
    return path is not None and path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == FILE
