"""The tabular sets this project knows by name: sizes and fingerprints, and the artificial ones drawn anew."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

# name, rows of the training file, rows of the official test file, features, classes,
# sha256 of the bytes of features, labels and splits
_SETS = """
abalone 4177 0 8 3 db4da414478e9576ce1bba6ea60dc9a88ad18087aa0fafb360f1cb9d94d384c6
adult 32561 16281 14 2 b601cde5549dd2a3b40aa3dbce5ca86c1dae81a6dff7e9e6781324302a9cb640
bank 4521 0 16 2 d65e90ed75b66c9c2f1a88d75fd2aae2e9ceeb1cd8daa5e3598de47a27f0ab4c
car 1728 0 6 4 1f8e2c757904ef524f852813d84613162d32c5818ab21d36ed804c2e9355afa6
cardiotocography-10clases 2126 0 21 10 eb958a970604c849b71a2d6276495c95a3b579465ce34322a8fb39b19fb14a21
cardiotocography-3clases 2126 0 21 3 21d17b410a12bdd5cd5f4f20711a659aa8579a473ec67703bb363d07b012df6d
chess-krvk 28056 0 6 18 ee0e51be4bfa9f3600ab0c00f5f421c6f2ca118556199f23b2bff574d9c2c859
chess-krvkp 3196 0 36 2 f6ca383e480be4f78aa7986f527832d5758562b1e91d61fb8a7bbd7362cf3f79
connect-4 67557 0 42 2 a0b5d9a64a1ed270c81c74a9a4c4c2beb5f0fb945537e42b20645ad33f1fe00d
contrac 1473 0 9 3 716d766382262d7aff84b20577119ba4ae84ef6c0b3340f4a5185489ddec0f7d
hill-valley 606 606 100 2 d38c92485f1a52abf81332f3d1816e23d92f19c551ca33acb2e672b14e62f907
image-segmentation 210 2100 18 7 60e0332a80575aab6bf3209b5754dd019d105d12dcd53272d7e54c4a786056a6
led-display 1000 0 7 10 954ed0fb6ab9a34778e6cc3d4869ef7759ad6ac748e08c1936feb5ce2cce2224
letter 20000 0 16 26 99c11a9bdff6cecbd4b77ff3d9068ea6f39190368a5b18a1cf262cc745557b10
magic 19020 0 10 2 90af7220ac88582b78faa093c6561020f230ebf07e4543621e176ad7927e5a05
molec-biol-splice 3190 0 60 3 3d01eb570f796d430d3da30f67d4494f561af4daa6411445476ff4a79c2d8f65
mushroom 8124 0 21 2 904eb0723fb5b96aae4a46b8afc8d9571199d12070e13ed9f95a925d1051a8dd
nursery 12960 0 8 5 5b58d4f7f65e6dbcbe627ad5682e594f1ca881747436b73687ad1d52e69f173f
oocytes_merluccius_nucleus_4d 1022 0 41 2 6197966fba05c80bac5c3a7bb6c9b9939a0de66e0c6e3852d40834fb7334b05f
oocytes_merluccius_states_2f 1022 0 25 3 857e22544b7fe82caad7d6b2ee9bf80c0d9d0a370004a290254bdf1c0cfeec68
optical 3823 1797 62 10 324b83bcfad187c888cdc7837a57d3f9baed8bd9cc441e09e7facb1df7fe444f
ozone 2536 0 72 2 cf53231922f2ad5f105f43caca617902fadc380aca5b7024f1cddda485eebe3e
page-blocks 5473 0 10 5 b6dfb2ff75666108dd597dbc350cee91eff42515bfad734f2294303d8331b1cf
pendigits 7494 3498 16 10 c8040da918d311792d071a838596c09afe4f9820cd28b80a163f274cfd79e58e
plant-margin 1600 0 64 100 caaaf34f6b8888110d15560e46ad219eb48b2f1a82fb5e66489277a60abc77cc
plant-shape 1600 0 64 100 5154e0cf8c307d9be33cab0fa7e7fb81415735c93f25f0c6160da60869ff92f9
plant-texture 1599 0 64 100 48cc2c0619bb3dd8ccff6b5ce8fa49ffcd4957d8a1269d32deefb9dd659d1f1b
ringnorm 7400 0 20 2 6c3a6536b5d8bf5d9520bc0b30fc9448b55cfaf6f26047a039df78b25176a84e
semeion 1593 0 256 10 347b0b727f4a3322f15e43718af5066d8954125f8ae0dfa46f6dbb46145b6c0a
spambase 4601 0 57 2 26f970eda6a98ede114015f9f6023aa449cffe91550fdb5a2556deb0ee868917
statlog-german-credit 1000 0 24 2 12a974372e2a0aa49ab87170c202526c1bddda5105227480eb6abb97f16baa29
statlog-image 2310 0 18 7 c68a2bd1e35098d46d5bab985e497078d2fa2799b2b051e3714bf3ffc4d3d836
statlog-landsat 4435 2000 36 6 ca4c7242a10ad7ba2924d9dbfdff916db452d2f9decf6078121c8a250e79f252
statlog-shuttle 43500 14500 9 7 8439d7aaa5e3ae0c85ae271369d744c88a213d938ff4b6a46dfa08fc43f84d3b
steel-plates 1941 0 27 7 1ba79ec9f0edc04ef11aba23802be7fe91a6faeae90e0354bf3d0eef4247ba35
thyroid 3772 3428 21 3 694bf275a9ae7ea770e6e78e482c105ce2f0bdbdce19afaf844d567d3c4d1d9d
titanic 2201 0 3 2 517019624276b6c2c5093d247855571d93aba571141761fc77c1245fc03a638c
twonorm 7400 0 20 2 0768fa8c2a9061f050ed3951c8ac7329ff514eff443fdefef39333b8ff8db0bd
wall-following 5456 0 24 4 2a694330b439c12e24e6f97b17efaae0925cb6ec1e741543cd4a3772dd539c5c
waveform 5000 0 21 3 a1c861cdc40d9f54682c1e270325371db019d5096f87c50c79c087fa69548382
waveform-noise 5000 0 40 3 95707a23b37ac62c63f497d94add190d15539b69cda8210327b7568a0a6f530c
wine-quality-red 1599 0 11 6 6fa36e157b56f33591be71efc937ba96240fbd496fdf30fd9b269e7cb2b426e4
wine-quality-white 4898 0 11 7 fcbfb97261ce34c58b9d16003fee11353a46e23c0ce02df16772527ef0c9a8d5
yeast 1484 0 8 10 f46435ee6088d6c0083c8525f57217bc2b51b02b69a5f4643af8c58ddcf75601
"""


class KnownTable(NamedTuple):
    """What is true of a tabular set wherever it lies."""

    train_rows: int
    official_rows: int  # 0: there is no official test file
    features: int
    classes: int
    sha256: str

    @property
    def most_bytes(self) -> int:
        """What the arrays take at most: eight bytes a feature, two for label and splits, and their headers."""
        return (self.train_rows + self.official_rows) * (8 * self.features + 2) + 10_000


KNOWN_TABLES = {
    name: KnownTable(*map(int, sizes), sha256)
    for name, *sizes, sha256 in (line.split() for line in _SETS.strip().splitlines())
}


# The artificial sets among them, drawn from their published definitions (Breiman 1984, 1996)

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
