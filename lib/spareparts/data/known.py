"""The image sets this project knows by name: their fingerprints are known even where their files are not."""

import hashlib
import importlib.util
from pathlib import Path
from typing import NamedTuple

import numpy as np

# CIFAR-100's superclasses, as its authors list them (Krizhevsky 2009)

SUPERCLASSES = {
    "aquatic mammals": "beaver dolphin otter seal whale",
    "fish": "aquarium_fish flatfish ray shark trout",
    "flowers": "orchid poppy rose sunflower tulip",
    "food containers": "bottle bowl can cup plate",
    "fruit and vegetables": "apple mushroom orange pear sweet_pepper",
    "household electrical devices": "clock keyboard lamp telephone television",
    "household furniture": "bed chair couch table wardrobe",
    "insects": "bee beetle butterfly caterpillar cockroach",
    "large carnivores": "bear leopard lion tiger wolf",
    "large man-made outdoor things": "bridge castle house road skyscraper",
    "large natural outdoor scenes": "cloud forest mountain plain sea",
    "large omnivores and herbivores": "camel cattle chimpanzee elephant kangaroo",
    "medium-sized mammals": "fox porcupine possum raccoon skunk",
    "non-insect invertebrates": "crab lobster snail spider worm",
    "people": "baby boy girl man woman",
    "reptiles": "crocodile dinosaur lizard snake turtle",
    "small mammals": "hamster mouse rabbit shrew squirrel",
    "trees": "maple_tree oak_tree palm_tree pine_tree willow_tree",
    "vehicles 1": "bicycle bus motorcycle pickup_truck train",
    "vehicles 2": "lawn_mower rocket streetcar tank tractor",
}


CLASSES = tuple(sorted(name for names in SUPERCLASSES.values() for name in names.split()))  # by their official numbers


def superclasses() -> dict[str, tuple[int, ...]]:
    """Labels of CIFAR-100's classes in each superclass; both stand in the order of their official numbers."""
    return {title: tuple(map(CLASSES.index, names.split())) for title, names in SUPERCLASSES.items()}


# All sets


class Known(NamedTuple):
    """What is true of a set wherever it lies: fingerprint, relation to the official files, origin, licence, classes."""

    sha256: str
    fidelity: str
    source: str
    licence: str
    classes: tuple[str, ...]  # their names, in the order of the labels
    samples: int = 70_000  # of both parts together
    pixels: int = 28 * 28  # of one image, times its channels

    @property
    def most_bytes(self) -> int:
        """What the arrays take at most: a byte a pixel, and eight for each of a label, a superclass and a header."""
        return self.samples * (self.pixels + 3 * 8)


KNOWN = {
    "mnist": Known(
        "1e35582d42a90940c55b956deb61875c020b567ed20e3c5b174f52bf7809ed9b",
        "byte for byte the official files",
        "torchvision.datasets.MNIST",
        "commonly given as CC BY-SA 3.0 (LeCun, Cortes and Burges)",
        tuple("0123456789"),
    ),
    "fashion_mnist": Known(
        "ece172613115fb18b120bec8f6c02271af90b8b8f0a5af5c51cbd5ceed68e619",
        "byte for byte the official files",
        "torchvision.datasets.FashionMNIST",
        "MIT (Zalando)",
        (
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
    ),
    "cifar10": Known(
        "6b3883dca6c867f1e58def548c063d1865569b8575fcbce06b3e468a89f9895a",
        "pixels, labels and order equal the official files",
        "torchvision.datasets.CIFAR10",
        "none stated by the authors (Krizhevsky 2009, research use, cite the report)",
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        samples=60_000,
        pixels=32 * 32 * 3,
    ),
    "cifar100": Known(
        "0038d1e27200562c98e6642c66674876b73252e6616c45eb0603a7b963ba7ab7",
        "pixels and labels equal the official files; within a class the images stand by file name",
        "torchvision.datasets.CIFAR100",
        "none stated by the authors (Krizhevsky 2009, research use, cite the report)",
        CLASSES,
        samples=60_000,
        pixels=32 * 32 * 3,
    ),
    "digits": Known(
        "3616d13d9b8a0a7a70107bddfd1b1572ec4785e7884f0571b848e039b01e1a3f",
        "scikit-learn's digits (8x8, the test part of UCI optdigits): counts 0..16 scaled to 0..255; "
        "stratified split, 1437 train and 360 test, seed 0",
        "sklearn.datasets.load_digits",
        "CC BY 4.0 (Alpaydin and Kaynak, UCI)",
        tuple("0123456789"),
    ),
}


# scikit-learn's handwritten digits: real images that ship with a dependency, so that a fresh clone has data

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
