"""What made-up records of all chapters have in common."""

import dataclasses
import functools

import numpy as np
from PIL import Image

from spareparts import records

CLASSES = ("ant", "bee", "cow")
key_of = functools.cache(records.key)


def made_line(config, **metrics):
    """One row as `records.frame` gives it, named by its config's hash."""
    about = {
        "outcome": "finished",
        "protocol": config.protocol,
        "seconds": 10.0,
        "device": "processor",
        "commit": "abc",
        "fingerprint": "f" * 64,
        "fidelity": "exact",
        "hash": key_of(config),
        "settings": dataclasses.asdict(config),
    }
    return dataclasses.asdict(config) | about | metrics


def folder_of_images(path, *, train, test):
    """So many images a class, of different sizes and kinds, each class of one grey."""
    draw = np.random.default_rng(0)
    for split, count in (("train", train), ("val", test)):
        for number, title in enumerate(CLASSES):
            folder = path / split / title
            folder.mkdir(parents=True)
            for place in range(count):
                noise = draw.integers(0, 20, (32 + place, 36), dtype=np.uint8)
                Image.fromarray(noise + np.uint8(80 * number)).save(folder / f"{place}.{('png', 'JPEG')[place % 2]}")
