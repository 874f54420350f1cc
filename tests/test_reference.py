"""What the book keeps of other people's data, beside the data where they are there."""

import numpy as np
import pytest

from spareparts import claims, data


def test_the_labels_that_a_page_reads_are_those_of_the_test_images():
    text = (claims.BOOK / "reference" / "mnist_test_labels.txt").read_text(encoding="utf-8")
    labels = np.array([*"".join(text.split())], dtype=int)
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    try:
        stored = data.load("mnist", "test").labels.numpy()
    except data.DataMissing:
        pytest.skip("MNIST is not here")
    assert labels.tolist() == stored.tolist()
