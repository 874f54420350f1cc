"""Networks put together from a body, which gives features, and a classifier that can be exchanged."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.utils import skip_init

from .initialization import initialize

LARGE = {  # torchvision's builder of a network for images of 224 pixels, and the name of its last layer
    "resnet_50": ("resnet50", "fc"),
    "densenet_169": ("densenet169", "classifier"),
}


class Headed(nn.Module):
    """A body, then a classifier."""

    def __init__(self, body: nn.Module, classifier: nn.Module) -> None:
        super().__init__()
        self.body, self.classifier = body, classifier

    def features(self, images: Shaped[Tensor, "batch *shape"]) -> Float[Tensor, "batch features"]:
        """What the classifier sees."""
        return self.body(images)

    def forward(self, images: Shaped[Tensor, "batch *shape"]) -> Float[Tensor, "batch classes"]:
        """Class scores (logits)."""
        return self.classifier(self.features(images))


def mlp(
    *, generator: torch.Generator, in_features: int, units: int = 128, features: int = 64, classes: int = 10
) -> Headed:
    """Two hidden layers with ReLU, the second of them the features; for images of a few pixels.

    Raises `ValueError` for sizes below 1.
    """
    if min(in_features, units, features, classes) < 1:
        raise ValueError(f"sizes must be at least 1, got {in_features}, {units}, {features} and {classes}")
    # skip_init: PyTorch's own draw would use and move the global random state
    layers = [skip_init(nn.Linear, *sizes) for sizes in ((in_features, units), (units, features), (features, classes))]
    network = Headed(nn.Sequential(nn.Flatten(), layers[0], nn.ReLU(), layers[1], nn.ReLU()), layers[2])
    initialize(network, "pytorch", generator=generator)
    return network


def large(name: str, *, generator: torch.Generator, classes: int = 1000) -> Headed:
    """torchvision's network of that name, untrained, its classifier apart from its body.

    Raises `ValueError` for other names.
    """
    if name not in LARGE:
        raise ValueError(f"name must be one of {', '.join(LARGE)}, got {name!r}")
    import torchvision  # slow to import, and rarely needed

    builder, last = LARGE[name]
    seed = int(torch.randint(2**62, (), generator=generator))
    with torch.random.fork_rng(devices=[]):  # torchvision draws from the global random state
        torch.manual_seed(seed)
        body = getattr(torchvision.models, builder)(weights=None, num_classes=classes)
    classifier = getattr(body, last)
    setattr(body, last, nn.Identity())
    return Headed(body, classifier)
