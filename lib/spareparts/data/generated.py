"""The artificial sets among the UCI tables, drawn from their published definitions (Breiman 1984, 1996)."""

import numpy as np
from jaxtyping import Float64, Int64

GENERATED = {"led-display": 1000, "ringnorm": 7400, "twonorm": 7400, "waveform": 5000, "waveform-noise": 5000}  # rows
# Lit segments of the digits 0 to 9: top, upper left, upper right, middle, lower left, lower right, bottom.
SEGMENTS = (
    "1110111",
    "0010010",
    "1011101",
    "1011011",
    "0111010",
    "1101011",
    "1101111",
    "1010010",
    "1111111",
    "1111011",
)


def generate(
    name: str, *, generator: np.random.Generator, samples: int | None = None
) -> tuple[Float64[np.ndarray, "samples features"], Int64[np.ndarray, " samples"]]:
    """Features and labels of an artificial set, as many rows as its file has or `samples`.

    ValueError for a set without a generator or fewer than one sample.
    """
    if name not in GENERATED:
        raise ValueError(f"no generator for {name!r}; there are {', '.join(GENERATED)}")
    samples = GENERATED[name] if samples is None else samples
    if samples < 1:
        raise ValueError(f"samples must be at least 1, got {samples}")
    draw = {"twonorm": twonorm, "ringnorm": ringnorm, "led-display": led_display}.get(name)
    return draw(samples, generator) if draw else waveform(samples, generator, noise=19 * name.endswith("noise"))


def twonorm(samples: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two unit normals in 20 dimensions, at plus and minus 2 / sqrt(20) in each; the best possible error is 2.3%."""
    labels = generator.integers(2, size=samples)
    centres = (1 - 2 * labels[:, None]) * 2 / 20**0.5
    return centres + generator.standard_normal((samples, 20)), labels


def ringnorm(samples: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two normals in 20 dimensions: variance 4 about 0, and variance 1 about 2 / sqrt(20) in each."""
    labels = generator.integers(2, size=samples)
    noise = generator.standard_normal((samples, 20))
    return np.where(labels[:, None] == 0, 2 * noise, noise + 2 / 20**0.5), labels


def waveform(samples: int, generator: np.random.Generator, *, noise: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Random mixtures of two of three triangles at 21 points plus unit noise; the best possible error is 14%.

    `noise` more columns hold nothing but unit noise.
    """
    points = np.arange(1, 22)
    triangles = np.stack([np.maximum(6 - np.abs(points - peak), 0) for peak in (11, 15, 7)])
    labels = generator.integers(3, size=samples)
    first, second = np.array([(0, 1), (0, 2), (1, 2)])[labels].T
    share = generator.random((samples, 1))
    clean = share * triangles[first] + (1 - share) * triangles[second]
    columns = np.hstack([clean, np.zeros((samples, noise))])
    return columns + generator.standard_normal(columns.shape), labels


def led_display(samples: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Seven segments of a digit, each inverted with probability 0.1; the best possible error is 26%."""
    labels = generator.integers(10, size=samples)
    lit = np.array([[int(bit) for bit in row] for row in SEGMENTS])[labels]
    flipped = generator.random(lit.shape) < 0.1
    return (lit ^ flipped).astype(np.float64), labels
