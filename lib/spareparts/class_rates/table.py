"""The paper's Tables 1, 2 and 3 as printed, under this project's names of the data sets."""

from fractions import Fraction
from typing import NamedTuple

COLUMNS = ("selu", "selu_rated", "relu", "relu_rated", "tanh", "tanh_rated")

TABLE_1 = """
abalone 8 512 conic 0
adult 8 512 conic 0.05
bank 3 512 conic 0.05
car 4 512 rectangular 0
cardiotocography-10clases 16 512 conic 0
cardiotocography-3clases 4 256 rectangular 0.05
chess-krvk 32 1024 rectangular 0
chess-krvkp 8 512 rectangular 0.05
connect-4 8 1024 rectangular 0
contrac 16 512 rectangular 0.05
hill-valley 32 256 conic 0.05
image-segmentation 3 512 conic 0.05
led-display 3 512 conic 0.05
letter 4 512 rectangular 0.05
magic 3 512 conic 0
miniboone 4 1024 rectangular 0
molec-biol-splice 8 256 rectangular 0.05
mushroom 16 256 rectangular 0.05
nursery 3 1024 conic 0
oocytes_merluccius_nucleus_4d 8 1024 conic 0
oocytes_merluccius_states_2f 8 256 rectangular 0
optical 8 256 rectangular 0.05
ozone 3 512 conic 0.05
page-blocks 16 256 conic 0
pendigits 4 256 rectangular 0.05
plant-margin 4 256 rectangular 0.05
plant-shape 8 256 rectangular 0
plant-texture 2 512 rectangular 0.05
ringnorm 4 256 conic 0
semeion 16 1024 rectangular 0.05
spambase 3 512 rectangular 0
statlog-german-credit 2 256 rectangular 0.05
statlog-image 3 1024 conic 0
statlog-landsat 16 1024 rectangular 0
statlog-shuttle 3 512 rectangular 0
steel-plates 16 1024 rectangular 0
thyroid 3 1024 conic 0.05
titanic 8 256 conic 0
twonorm 8 256 conic 0
wall-following 4 256 conic 0
waveform 4 256 rectangular 0.05
waveform-noise 2 1024 conic 0.05
wine-quality-red 32 1024 rectangular 0.05
wine-quality-white 32 1024 rectangular 0
yeast 32 256 conic 0.05
"""

TABLE_2 = """
abalone 65.18 65.33 64.51 65.33 64.99 64.99
adult 81.50 81.36 81.81 81.82 81.81 81.86
bank 89.25 89.38 88.89 89.25 89.16 88.63
car 96.18 96.18 95.95 96.06 93.40 93.40
cardiotocography-10clases 82.41 79.77 75.82 74.13 80.34 80.53
cardiotocography-3clases 88.62 88.71 89.28 89.28 91.72 90.40
chess-krvk 79.51 81.69 76.58 77.02 78.49 80.27
chess-krvkp 98.00 98.00 97.93 98.19 98.00 98.50
connect-4 84.00 85.00 84.61 84.48 85.80 85.85
contrac 53.40 51.36 50.68 50.95 50.27 50.27
hill-valley 51.49 51.49 50.83 50.83 55.45 50.83
image-segmentation 75.24 75.24 74.29 74.29 73.33 73.33
led-display 70.00 70.60 69.00 69.20 70.00 70.00
letter 96.40 96.47 96.20 96.25 96.40 96.45
magic 86.77 87.36 86.94 86.35 86.76 86.21
miniboone 92.77 93.03 92.15 92.32 92.55 92.55
molec-biol-splice 80.75 80.75 77.99 77.68 81.07 81.38
mushroom 100.00 100.00 100.00 100.00 100.00 100.00
nursery 99.68 99.65 99.31 99.31 99.34 99.35
oocytes_merluccius_nucleus_4d 75.34 75.73 78.86 76.32 81.02 80.63
oocytes_merluccius_states_2f 91.39 91.98 91.98 91.78 92.56 92.56
optical 96.86 96.91 97.12 97.17 96.91 96.96
ozone 96.77 96.69 96.77 97.16 96.69 96.69
page-blocks 96.75 96.56 96.86 96.56 96.86 96.49
pendigits 98.64 98.67 99.23 99.23 99.17 99.17
plant-margin 79.12 79.38 76.00 76.63 78.87 79.00
plant-shape 62.62 61.88 45.87 46.00 58.00 58.00
plant-texture 77.35 77.35 77.85 77.85 78.72 78.72
ringnorm 96.81 96.68 96.46 96.57 91.86 91.24
semeion 89.20 88.57 84.30 78.77 89.70 89.70
spambase 92.57 92.57 93.26 93.26 93.09 92.87
statlog-german-credit 74.00 74.60 75.00 75.80 74.00 74.60
statlog-image 95.50 95.58 95.67 95.67 95.50 95.50
statlog-landsat 89.35 87.96 88.41 88.59 87.64 87.64
statlog-shuttle 99.93 99.93 99.84 99.87 99.89 99.88
steel-plates 68.97 68.04 62.78 65.15 71.75 71.75
thyroid 97.88 98.09 97.61 97.56 98.04 98.04
titanic 78.45 78.45 78.45 78.45 78.45 78.45
twonorm 96.84 96.86 96.65 96.65 97.22 97.24
wall-following 88.75 88.67 86.73 86.95 87.98 88.01
waveform 86.10 85.80 86.20 86.24 86.00 86.72
waveform-noise 84.50 84.72 85.20 85.40 85.00 85.12
wine-quality-red 54.44 54.82 56.32 56.20 57.07 57.07
wine-quality-white 53.61 54.19 54.84 55.37 53.61 53.61
yeast 60.65 60.51 60.38 60.24 62.80 62.80
"""

TABLE_3 = """
abalone 70.63 69.59 73.67 72.95 73.61 73.32
adult 84.08 85.03 84.77 84.93 82.19 81.28
bank 44.14 49.61 42.84 43.75 42.71 43.88
car 22.29 22.36 34.61 34.63 27.23 27.21
cardiotocography-10clases 43.15 43.04 56.77 55.45 47.10 47.89
cardiotocography-3clases 58.33 58.27 61.82 61.69 58.04 58.11
chess-krvk 56.42 56.37 73.64 73.36 61.74 61.82
chess-krvkp 82.81 82.86 81.25 81.64 80.64 80.52
connect-4 56.73 64.11 75.71 76.01 61.28 60.86
contrac 23.95 23.60 36.92 36.57 18.28 18.14
hill-valley 0.07 0.05 0.00 0.00 0.37 0.44
image-segmentation 6.34 6.34 6.06 6.06 7.05 7.05
led-display 41.50 41.60 41.09 41.09 42.10 42.07
letter 70.87 70.69 72.36 72.36 73.04 72.99
magic 81.12 81.38 81.12 82.55 80.99 80.73
miniboone 95.83 96.26 95.43 96.00 96.34 96.58
molec-biol-splice 66.73 66.50 68.16 68.00 62.13 62.08
mushroom 92.80 92.75 95.29 95.04 93.90 94.21
nursery 62.15 61.98 62.13 62.25 64.24 64.29
oocytes_merluccius_nucleus_4d 9.29 9.43 18.14 15.15 13.76 13.76
oocytes_merluccius_states_2f 60.14 62.66 69.56 69.61 65.56 65.54
optical 71.55 71.62 71.28 71.16 71.26 71.31
ozone 11.59 11.72 10.68 10.68 12.76 13.41
page-blocks 60.65 60.27 76.90 76.26 64.50 64.48
pendigits 79.26 79.19 79.04 79.03 80.94 80.83
plant-margin 0.00 0.00 0.00 0.00 0.00 0.00
plant-shape 0.00 0.00 0.00 0.00 0.00 0.00
plant-texture 0.00 0.00 0.00 0.00 0.00 0.00
ringnorm 64.84 65.53 74.41 75.10 64.75 64.45
semeion 51.01 51.02 55.63 56.09 42.84 42.85
spambase 70.05 69.66 71.35 71.35 71.81 72.01
statlog-german-credit 5.47 5.47 5.27 5.27 4.49 4.49
statlog-image 64.80 64.65 64.82 64.69 67.39 67.38
statlog-landsat 76.50 76.11 80.95 81.01 74.86 75.29
statlog-shuttle 50.22 50.28 49.04 48.86 51.57 51.49
steel-plates 36.94 36.97 49.45 49.46 42.66 42.31
thyroid 45.65 45.52 45.72 45.55 45.72 45.54
titanic 73.49 73.24 82.18 82.13 - 75.63
twonorm 88.28 88.96 91.31 91.50 91.31 91.36
wall-following 59.23 58.28 64.43 64.67 67.65 67.55
waveform 83.04 82.68 80.11 79.75 80.92 80.96
waveform-noise 71.66 71.83 71.12 71.12 71.66 71.64
wine-quality-red 11.80 11.98 25.45 23.97 13.70 13.51
wine-quality-white 14.64 15.58 35.79 33.38 19.38 20.77
yeast 26.56 26.77 24.80 24.69 25.33 25.27
"""

# Test rows of the largest class among all test rows, of each set that can be had: what always naming it gets right.
LARGEST_CLASSES = """
abalone 724/2088, adult 12360/16280, bank 2000/2260, car 606/864, cardiotocography-10clases 292/1063,
cardiotocography-3clases 828/1063, chess-krvk 2280/14028, chess-krvkp 835/1598, connect-4 25461/33778, contrac
315/736, hill-valley 154/303, image-segmentation 15/105, led-display 59/500, letter 413/10000, magic 6166/9510,
molec-biol-splice 828/1595, mushroom 2104/4062, nursery 2160/6480, oocytes_merluccius_nucleus_4d 343/511,
oocytes_merluccius_states_2f 352/511, optical 196/1911, ozone 1232/1268, page-blocks 2457/2736, pendigits 392/3747,
plant-margin 8/800, plant-shape 8/800, plant-texture 8/799, ringnorm 1868/3700, semeion 83/796, spambase 1394/2300,
statlog-german-credit 350/500, statlog-image 165/1155, statlog-landsat 537/2217, statlog-shuttle 17055/21750,
steel-plates 337/970, thyroid 1745/1886, titanic 745/1100, twonorm 1852/3700, wall-following 1103/2728, waveform
849/2500, waveform-noise 847/2500, wine-quality-red 341/799, wine-quality-white 1101/2449, yeast 234/742
"""

# What the source of Table 1 (the public hyperparameters of Klambauer et al. 2017) says where the paper differs.
CORRECTIONS = {"yeast": {"layers": 3}, "wine-quality-red": {"dropout": 0.0}}


class Architecture(NamedTuple):
    """A row of Table 1."""

    layers: int  # hidden ones
    width: int  # units of the first hidden layer
    shape: str  # conic or rectangular
    dropout: float


def architecture(dataset: str, *, corrected: bool = True) -> Architecture:
    """The network of a data set, with Table 1's two slips put right or as printed; `ValueError` for an unknown set."""
    if dataset not in ARCHITECTURES:
        raise ValueError(f"Table 1 has no data set {dataset!r}; it has {', '.join(ARCHITECTURES)}")
    printed = ARCHITECTURES[dataset]
    return printed._replace(**CORRECTIONS.get(dataset, {})) if corrected else printed


def _architectures() -> dict[str, Architecture]:
    rows = (line.split() for line in TABLE_1.strip().splitlines())
    return {
        name: Architecture(int(layers), int(width), shape, float(drop)) for name, layers, width, shape, drop in rows
    }


def _percentages(text: str) -> dict[str, dict[str, float | None]]:
    rows = (line.split() for line in text.strip().splitlines())
    return {
        name: {column: None if cell == "-" else float(cell) for column, cell in zip(COLUMNS, cells, strict=True)}
        for name, *cells in rows
    }


ARCHITECTURES = _architectures()  # Table 1
PUBLISHED_ACCURACY = _percentages(TABLE_2)  # %, on one half of the training file
PUBLISHED_SPECIALISED = _percentages(TABLE_3)  # % of the hidden neurons; None where the paper has a blank
LARGEST_CLASS = {name: Fraction(share) for name, share in map(str.split, LARGEST_CLASSES.split(","))}  # chance
ATTAINABLE = tuple(LARGEST_CLASS)  # all but miniboone: the sets out of which totals are counted
