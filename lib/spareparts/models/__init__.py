"""Networks that more than one chapter trains, built from a generator alone."""

from ..lazily import attach

__all__ = attach(
    __name__,
    headed="densenet_bc large mlp shufflenet",
    layers="Dropout Headed initialize",
    plain="conv_2 conv_4 conv_6 lenet_300_100 vgg vgg_19",
    residual="Residual mobilenet_v2 resnet",
)
