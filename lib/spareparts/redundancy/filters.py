"""XORD's picture on images: do a trained convolution's filters lie close to a few directions?"""

from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.cluster import KMeans
from torch import Tensor, nn
from torch.nn.utils import skip_init

from .. import data, engine, models
from .config import Config
from .frames import normalized
from .nulls import same_spectrum
from .setup import Settings, sets_of
from .training import accuracy, train

WIDTH = 120  # filters, as the largest layer on XORD
CENTRES = 4
SETTINGS = Settings("sgd", 0.03, 64, 1_000)  # ours
STARTS = 10  # of k-means, the best of which counts


def convolution(
    *,
    width: int,
    generator: torch.Generator,
    initialization: str = "glorot_normal",
    image_shape: tuple[int, int, int] = (1, 28, 28),
    classes: int = 10,
) -> nn.Sequential:
    """XORD's three layers for images: 5x5 filters with ReLU, the maximum over pixels, and a fully connected layer.

    The maximum is over 2x2 neighbours, not over the image, and the last layer is trained. Raises `ValueError` for
    images smaller than 8x8.
    """
    channels, height, breadth = image_shape
    if min(height, breadth) < 8:
        raise ValueError(f"images must be at least 8x8, got {height}x{breadth}")
    pixels = ((height - 3) // 2 // 2) * ((breadth - 3) // 2 // 2)
    network = nn.Sequential(
        OrderedDict(
            conv=skip_init(nn.Conv2d, channels, width, 5, stride=2),
            relu=nn.ReLU(),
            pool=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc=skip_init(nn.Linear, width * pixels, classes),
        )
    )
    return models.initialize(network, initialization, generator=generator)


def angles_to_centres(
    rows: Float[Tensor, "units fan_in"], *, centres: int = CENTRES, seed: int = 0
) -> Float[Tensor, " units"]:
    """Angle in degrees, 0 to 180, of each row to the centre of its cluster: k-means of the rows made of length 1."""
    unit = normalized(rows).cpu().numpy()
    found = KMeans(centres, n_init=STARTS, random_state=seed).fit(unit)
    own = normalized(torch.from_numpy(found.cluster_centers_[found.labels_]))
    cosines = (torch.from_numpy(unit) * own).sum(1)
    return torch.rad2deg(cosines.clamp(-1, 1).acos())


def filters(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Train a large convolution, and compare its filters' angles to 4 centres with those before training.

    Beside them: the same with the filters' mean removed, which a common shift does not bring together, and random
    filters with the trained spectrum, which share its few large directions but no clusters.
    """
    sets, stream = sets_of(config, engine.choose_device()), data.generator(config.seed)
    network = convolution(
        width=config.width or WIDTH,
        generator=stream,
        initialization={"glorot": "glorot_normal"}.get(config.initialization, config.initialization),
        image_shape=tuple(sets.train.images.shape[1:]),
        classes=sets.classes,
    ).to(sets.train.images.device)
    changed = {name: getattr(config, name) for name in ("optimizer", "learning_rate", "iterations")}
    settings = SETTINGS._replace(**{name: value for name, value in changed.items() if value is not None})
    trained = train(
        network, sets, settings=settings, stream=stream, name=f"filters seed {config.seed}", progress=progress
    )
    found = compare(_rows(trained.network), _rows(trained.initial), generator=stream, seed=config.seed)
    metrics = {"accuracy": accuracy(trained.network, sets.test), "best_step": trained.best_step}
    metrics |= {f"{name}_angle": float(values.mean()) for name, values in found.items()}
    return metrics, {f"{name}_angles": values.numpy().astype(np.float16) for name, values in found.items()}


def compare(
    rows: Float[Tensor, "units fan_in"],
    initial: Float[Tensor, "units fan_in"],
    *,
    generator: torch.Generator,
    seed: int,
) -> dict[str, Float[Tensor, " units"]]:
    """Angles of trained and untrained rows, as they are and with their mean removed, and of the same spectrum."""
    spectrum = same_spectrum(torch.linalg.svdvals(rows.double()), units=len(rows), generator=generator)
    kinds = {
        "trained": rows,
        "untrained": initial,
        "centred": rows - rows.mean(0),
        "untrained_centred": initial - initial.mean(0),
        "spectrum": spectrum,
    }
    return {name: angles_to_centres(kind, seed=seed) for name, kind in kinds.items()}


def _rows(network: nn.Sequential) -> Tensor:
    return network.conv.weight.detach().flatten(1).cpu()
