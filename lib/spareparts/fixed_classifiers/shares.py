"""How much of a network is its classifier: recomputed from the networks, beside what was published."""

import dataclasses
from collections.abc import Iterator

import torch
from torch import nn

from .. import data, models
from .lstm import count_parameters

GRADIENT_BYTES = 4  # of a parameter in float32
IMAGENET_IMAGES = 1_281_167  # that are trained on
JFT_CLASSES = 18_000
VOCABULARIES = {"WikiText-2": 33_278, "Penn Treebank": 10_000}
UNITS = 512  # of the language model
# Name, torchvision's builder, published share in %; its ShuffleNet is a later one than the paper's.
TORCHVISION = (
    ("ResNet-50", "resnet50", 8),
    ("DenseNet-169", "densenet169", 12),
    ("ShuffleNet v2", "shufflenet_v2_x1_0", None),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Share:
    """A network's parameters, and those that a fixed classifier saves: its weights, not its bias."""

    network: str
    data: str
    features: int
    classes: int
    classifier: int  # weights; for a tied or untied language model those of the embedding too
    parameters: int  # of all the network
    published: float | None = None  # %, as the paper rounds it; of JFT "over"
    images: int | None = None  # that are trained on, where that is ImageNet's number

    @property
    def share(self) -> float:
        """Of the classifier, in %."""
        return 100 * self.classifier / self.parameters

    @property
    def left(self) -> int:
        """Parameters that a fixed classifier leaves to be trained."""
        return self.parameters - self.classifier

    @property
    def saved_gradient_bytes(self) -> int:
        """What a worker need not send in a step of distributed training, for each time that a gradient is sent."""
        return GRADIENT_BYTES * self.classifier

    @property
    def images_per_parameter(self) -> float | None:
        """Training images for each parameter that is left: above 1, there are more of them."""
        return None if self.images is None else self.images / self.left


def parameter_shares() -> list[Share]:
    """Every network of the paper: on CIFAR, on ImageNet, on JFT-300M, and the language models."""
    return [*_small(), *_large(), _jft(), *_language()]


def _small() -> Iterator[Share]:
    draw = data.generator(0)
    for shortcut, published in (("padding", None), ("projection", 0.07)):
        network = models.resnet(56, generator=draw, shortcut=shortcut)
        yield _counted(f"ResNet-56 ({shortcut})", "CIFAR-10", network, network.classifier, published=published)
    network = models.densenet_bc(100, generator=draw, growth=12, classes=100)
    yield _counted("DenseNet-BC-100-12", "CIFAR-100", network, network.classifier, published=4)


def _large() -> Iterator[Share]:
    for name, builder, published in TORCHVISION:
        network = _torchvision(builder)
        last = network.classifier if builder == "densenet169" else network.fc
        yield _counted(name, "ImageNet", network, last, published=published, images=IMAGENET_IMAGES)
    network = models.shufflenet(generator=data.generator(0))
    known = {"published": 52.56, "images": IMAGENET_IMAGES}
    yield _counted("ShuffleNet (3 groups)", "ImageNet", network, network.classifier, **known)


def _torchvision(builder: str) -> nn.Module:
    """A network of torchvision without memory for its weights."""
    import torchvision  # slow to import, and rarely needed

    with torch.device("meta"):
        return getattr(torchvision.models, builder)(weights=None)


def _counted(network: str, name: str, whole: nn.Module, last: nn.Module, **known: float | int | None) -> Share:
    classes, features = last.weight.shape
    parameters = sum(parameter.numel() for parameter in whole.parameters())
    sizes = {"features": features, "classes": classes, "classifier": features * classes}
    return Share(network=network, data=name, parameters=parameters, **sizes, **known)


def _jft() -> Share:
    """ResNet-50 with as many classes as JFT-300M has."""
    network = _torchvision("resnet50")
    last = network.fc
    body = sum(parameter.numel() for parameter in network.parameters()) - (last.in_features + 1) * last.out_features
    weights = last.in_features * JFT_CLASSES
    return Share(
        network="ResNet-50",
        data="JFT-300M",
        features=last.in_features,
        classes=JFT_CLASSES,
        classifier=weights,
        parameters=body + weights + JFT_CLASSES,
        published=60,
    )


def _language() -> Iterator[Share]:
    """Embedding and classifier of the LSTM, by the vocabulary and whether they are one matrix."""
    for name, words in VOCABULARIES.items():
        for tied in (False, True):
            counts = count_parameters(words, UNITS, tied=tied)
            yield Share(
                network=f"LSTM ({'tied' if tied else 'untied'})",
                data=name,
                features=UNITS,
                classes=words,
                classifier=counts.words,
                parameters=counts.words + counts.recurrent + counts.bias,
                published=89 if name == "WikiText-2" and not tied else None,
            )
