"""Networks that several chapters share: their size, their weights, where their randomness comes from; dropout."""

import pytest
import torch
from torch import nn

from spareparts import models
from spareparts.data import generator
from spareparts.models.residual import InvertedResidual, Padding

STAGES = ((1, 8, 1, 1), (2, 12, 2, 2))  # of a short MobileNetV2
SMALL = {
    "LeNet": lambda seed: models.lenet_300_100(generator=generator(seed), in_features=192, classes=5),
    "LeNet, as PyTorch": lambda seed: models.lenet_300_100(
        generator=generator(seed), in_features=192, initialization="pytorch", classes=5, width=7
    ),
    "convolutions": lambda seed: models.conv_2(generator=generator(seed), image_shape=(3, 8, 8), classes=5),
    "MLP": lambda seed: models.mlp(generator=generator(seed), in_features=192, classes=5),
    "DenseNet": lambda seed: models.densenet_bc(10, generator=generator(seed), growth=4, classes=5),
    "ResNet": lambda seed: models.resnet(8, generator=generator(seed), classes=5),
    "ResNet, projection": lambda seed: models.resnet(8, generator=generator(seed), classes=5, shortcut="projection"),
    "MobileNetV2": lambda seed: models.mobilenet_v2(generator=generator(seed), stages=STAGES, classes=5),
}
IMAGES = torch.randn(2, 3, 8, 8, generator=generator(1))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def layers(network: nn.Module, *kinds: type) -> list[nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, kinds)]


@pytest.mark.parametrize(
    ("build", "parameters", "share"),
    [
        (models.lenet_300_100, 266_610, None),
        # 4.3M (Conv-2) and 20.0M in the convolutions of VGG-19, as Figure 1 counts; its Conv-6 has 1.7M, as drawn 2.26M
        (models.conv_2, 4_301_642, None),
        (models.conv_4, 2_425_930, None),
        (models.conv_6, 2_262_602, None),
        (models.vgg_19, 20_554_826, None),
        (lambda **own: models.resnet(20, **own), 269_722, None),
        (lambda **own: models.resnet(56, **own), 853_018, None),
        (lambda **own: models.resnet(56, shortcut="projection", **own), 855_770, None),
        (models.mobilenet_v2, 2_296_922, None),
        (lambda **own: models.densenet_bc(classes=100, **own), 800_032, 4.29),
        (lambda **own: models.large("resnet_50", **own), 25_557_032, 8.02),
        (lambda **own: models.large("densenet_169", **own), 14_149_480, 11.77),
        (models.shufflenet, 1_865_728, 51.5),
    ],
)
def test_networks_have_the_published_parameters_and_leave_the_global_random_state(build, parameters, share):
    before = torch.random.get_rng_state()
    network = build(generator=generator(0))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert count(network) == parameters
    if share is not None:  # of the classifier, in %
        assert 100 * count(network.classifier) / count(network) == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize("name", SMALL)
def test_a_generator_alone_decides_the_weights_and_networks_give_a_score_a_class(name):
    before = torch.random.get_rng_state()
    one, same, other = (list(SMALL[name](seed).parameters()) for seed in (5, 5, 6))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one[0], other[0])
    network = SMALL[name](0).eval()
    assert network(IMAGES).shape == (2, 5)
    if isinstance(network, models.Headed):
        features = network.features(IMAGES)
        assert features.min() >= 0
        assert torch.equal(network(IMAGES), network.classifier(features))
        network.classifier = nn.Identity()
        assert torch.equal(network(IMAGES), features)


def test_weights_have_glorots_or_hes_variance():
    layer = models.lenet_300_100(generator=generator(0)).fc1
    assert layer.weight.var().item() == pytest.approx(2 / (784 + 300), rel=0.02)
    assert layer.weight.mean().item() == pytest.approx(0, abs=4 * (2 / 1084 / 235_200) ** 0.5)
    assert not layer.bias.any()
    weight = models.resnet(20, generator=generator(5)).blocks[-1].convolution2.weight  # 64 filters of 3x3
    assert weight.var().item() == pytest.approx(2 / 576, rel=0.05)


def test_the_pytorch_option_is_what_pytorch_itself_draws_and_layers_without_bias_are_drawn_too():
    torch.manual_seed(3)
    theirs = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 5))
    ours = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 5))
    models.initialize(ours, "pytorch", generator=generator(3))
    for mine, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, reference, rtol=0, atol=0)
    for initialization in ("glorot_normal", "he_normal", "pytorch"):
        layer = nn.Linear(3, 2, bias=False)
        layer.weight.data.zero_()
        assert models.initialize(layer, initialization, generator=generator(0)).weight.all()


def test_layers_of_plain_networks_are_known_by_name():
    network = models.conv_2(generator=generator(0), image_shape=(1, 9, 8), classes=3)
    weights = {name: tuple(layer.weight.shape) for name, layer in network.named_children() if hasattr(layer, "weight")}
    assert list(weights) == ["conv1", "conv2", "fc1", "fc2", "fc3"] and weights["fc1"] == (256, 64 * 4 * 4)
    assert len(layers(models.vgg_19(generator=generator(0), batch_norm=True), nn.BatchNorm2d)) == 16


@pytest.mark.parametrize("features", [8, 24, 40])
@pytest.mark.parametrize("shortcut", ["padding", "projection"])
def test_a_resnet_has_as_many_features_as_it_is_asked_for(features, shortcut):
    network = models.resnet(8, generator=generator(0), features=features, shortcut=shortcut)
    assert network.features(IMAGES).shape == (2, features)
    assert network.classifier.in_features == features


def test_the_padded_shortcut_adds_zeros_and_every_dense_layer_its_growth():
    images = torch.arange(32.0).view(1, 2, 4, 4)
    found = Padding(2, 4)(images)
    assert torch.equal(found[:, 1:3], images[:, :, ::2, ::2])
    assert found[:, [0, 3]].abs().sum() == 0
    network, images = models.densenet_bc(16, generator=generator(0), growth=4), torch.randn(2, 8, 6, 6)
    found = network.body.features.denseblock1(images)
    assert found.shape == (2, 16, 6, 6) and torch.equal(found[:, :8], images)


def test_mobilenet_v2_halves_an_image_three_times_and_costs_91_million_multiplications():
    network, seen = models.mobilenet_v2(generator=generator(1)).eval(), []

    def note(layer: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        pixels = output.shape[2] * output.shape[3] if output.dim() == 4 else 1
        seen.append((pixels, pixels * layer.weight.numel()))

    for layer in layers(network, nn.Conv2d, nn.Linear):
        layer.register_forward_hook(note)
    network(torch.zeros(1, 3, 32, 32))
    assert [pixels for pixels, _ in seen][-2:] == [16, 1]
    assert sum(products for _, products in seen) / 1e6 == pytest.approx(91, abs=0.5)
    depthwise = [layer for layer in layers(network, nn.Conv2d) if layer.groups > 1]
    assert len(depthwise) == 17
    assert all(layer.groups == layer.in_channels == layer.out_channels for layer in depthwise)


def test_an_inverted_block_adds_its_input_at_stride_1_and_projects_it_where_the_width_changes():
    same, wider, halved = (
        InvertedResidual(4, filters, expansion=2, stride=stride).eval() for filters, stride in ((4, 1), (6, 1), (6, 2))
    )
    for block in (same, wider, halved):
        models.initialize(block, "pytorch", generator=generator(1))
        nn.init.zeros_(block.project[0].weight)
    images = torch.randn(2, 4, 6, 6, generator=generator(4))
    assert torch.equal(same(images), images)
    assert torch.equal(wider(images), wider.shortcut(images))
    assert halved.shortcut is None and halved(images).shape == (2, 6, 3, 3)


@pytest.mark.parametrize(
    ("build", "wrong", "message"),
    [
        (models.lenet_300_100, {"initialization": "he"}, "initialization must be one of .*, got 'he'"),
        (models.vgg_19, {"image_shape": (1, 28, 28)}, "at least 32 pixels"),
        (models.vgg_19, {"classes": 0}, "classes must be at least 1, got 0"),
        (models.resnet, {"depth": 18}, r"depth must be 6n \+ 2 with n at least 1 \(8, 14, 20, ...\), got 18"),
        (models.resnet, {"depth": 8, "shortcut": "C"}, "shortcut must be one of padding, projection, got 'C'"),
        (models.resnet, {"depth": 8, "features": 0}, "features must be at least 1, got 0"),
        (models.mobilenet_v2, {"channels": 0}, "channels must be at least 1, got 0"),
        (models.densenet_bc, {"depth": 41}, r"depth must be 6n \+ 4 with n at least 1 .*, got 41"),
        (models.densenet_bc, {"growth": 0}, "growth must be at least 1, got 0"),
        (models.shufflenet, {"groups": 5}, "groups must be one of 1, 2, 3, 4, 8, got 5"),
        (models.large, {"name": "vgg"}, "name must be one of resnet_50, densenet_169, got 'vgg'"),
        (models.mlp, {"in_features": 0}, "in_features must be at least 1, got 0"),
        (models.Dropout, {"probability": 1.0}, r"probability must lie in \[0, 1\), got 1.0"),
    ],
)
def test_other_networks_are_refused(build, wrong, message):
    with pytest.raises(ValueError, match=message):
        build(**wrong, generator=generator(0))


def test_dropout_keeps_the_mean_drops_its_share_by_its_own_generator_and_only_in_training():
    found = models.Dropout(0.3, generator=generator(0))(torch.ones(200, 500))
    assert (found == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert found.mean().item() == pytest.approx(1, abs=0.01)
    assert found.max().item() == pytest.approx(1 / 0.7)
    inputs, before = torch.ones(4, 6), torch.random.get_rng_state()
    one, other = (models.Dropout(0.5, generator=generator(2)) for _ in range(2))
    assert torch.equal(one(inputs), other(inputs))
    assert torch.equal(torch.random.get_rng_state(), before)
    inputs, draw = torch.ones(4, 6), generator(2)
    assert torch.equal(models.Dropout(0.5, generator=draw).eval()(inputs), inputs)
    assert torch.equal(models.Dropout(0.0, generator=draw)(inputs), inputs)
    assert torch.equal(draw.get_state(), generator(2).get_state())
