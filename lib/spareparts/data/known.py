"""The data sets this project knows by name: their fingerprints are known even where their files are not."""

from typing import NamedTuple

from .superclasses import CLASSES


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
