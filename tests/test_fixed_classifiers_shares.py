"""The table of parameters: the counts that were published, or known of the networks."""

import pytest

from spareparts.fixed_classifiers.shares import parameter_shares

KNOWN = {  # parameters, and the classifier's share in %
    ("ResNet-56 (padding)", "CIFAR-10"): (853_018, 0.07),
    ("ResNet-56 (projection)", "CIFAR-10"): (855_770, 0.07),
    ("DenseNet-BC-100-12", "CIFAR-100"): (800_032, 4.27),
    ("ResNet-50", "ImageNet"): (25_557_032, 8.01),
    ("DenseNet-169", "ImageNet"): (14_149_480, 11.76),
    ("ShuffleNet v2", "ImageNet"): (2_278_604, 44.9),
    ("ShuffleNet (3 groups)", "ImageNet"): (1_865_728, 51.5),
    ("ResNet-50", "JFT-300M"): (60_390_032, 61.0),
    ("LSTM (untied)", "WikiText-2"): (38_312_446, 88.9),
    ("LSTM (tied)", "WikiText-2"): (21_274_110, 80.1),
    ("LSTM (untied)", "Penn Treebank"): (14_452_496, 70.9),
    ("LSTM (tied)", "Penn Treebank"): (9_332_496, 54.9),
}


@pytest.fixture(scope="module")
def shares():
    return {(row.network, row.data): row for row in parameter_shares()}


def test_every_network_has_its_known_size_and_share(shares):
    assert shares.keys() == KNOWN.keys()
    for name, (parameters, share) in KNOWN.items():
        assert (shares[name].parameters, shares[name].share) == (parameters, pytest.approx(share, abs=0.05)), name


def test_the_published_shares_are_those_that_were_recomputed(shares):
    rounded = {
        name: row.published for name, row in shares.items() if row.published and float(row.published).is_integer()
    }
    assert len(rounded) == 5
    for name, published in rounded.items():
        assert shares[name].share == pytest.approx(published, abs=1.1), name


def test_what_is_saved_and_what_is_left_are_the_whole(shares):
    for row in shares.values():
        assert row.left + row.saved_gradient_bytes // 4 == row.parameters
    assert shares["ResNet-50", "JFT-300M"].classifier == 2048 * 18_000


def test_shufflenet_alone_has_more_images_than_parameters_left(shares):
    more = {name for (name, _), row in shares.items() if row.images_per_parameter and row.images_per_parameter > 1}
    assert more == {"ShuffleNet (3 groups)", "ShuffleNet v2"}
