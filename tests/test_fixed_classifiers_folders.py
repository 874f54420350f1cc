"""Networks on folders of images run as those on sets in memory do; and readings outlive a cut-off."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from spareparts import data, engine, fixed_classifiers
from spareparts.data import streaming
from spareparts.fixed_classifiers import Config, setup, training
from spareparts.fixed_classifiers.sets import sets_of
from spareparts.records import key

CLASSES = ("ant", "bee", "cow")


@pytest.fixture
def pets(tmp_path, monkeypatch):
    """Images of three classes, each of one grey."""
    monkeypatch.setenv("SPAREPARTS_DATA", str(tmp_path))
    monkeypatch.setattr(streaming, "_workers", lambda: 0)
    for split, count in (("train", 8), ("val", 3)):
        for number, title in enumerate(CLASSES):
            folder = tmp_path / "pets" / split / title
            folder.mkdir(parents=True)
            for place in range(count):
                Image.new("RGB", (40, 36), (80 * number + place,) * 3).save(folder / f"{place}.png")
    return Config(dataset="pets", network="mlp", head="hadamard", epochs=6, batch_size=8, learning_rate=0.01)


def test_a_folder_runs_as_a_set_in_memory_does(pets):
    assert pets.protocol == "reduced" and len(key(pets)) == 16 and "folder" in pets.fidelity
    ((_, first),) = fixed_classifiers.run([pets], progress=False, workers=1)
    ((_, second),) = fixed_classifiers.run([pets], progress=False, workers=1)
    assert first.metrics == second.metrics and first.outcome == "finished"
    assert first.metrics["accuracy"] > 60  # chance is a third
    assert first.arrays["labels"].tolist() == [0] * 3 + [1] * 3 + [2] * 3


def test_classes_and_images_of_a_folder_are_drawn_by_the_seed(pets):
    config = dataclasses.replace(pets, classes=2, train_samples=6)
    found = sets_of(config, "cpu")
    assert found.classes == 2 and found.shape == (3, 32, 32)
    assert found.train.labels.bincount().tolist() == [3, 3] and found.test.labels.tolist() == [0] * 3 + [1] * 3
    titles = [path.parent.name for path in found.train.paths]
    assert [sorted(set(titles)).index(title) for title in titles] == found.train.labels.tolist()


def test_large_networks_take_images_of_224_pixels_and_the_head_of_the_config(pets):
    config = dataclasses.replace(pets, network="shufflenet", head="orthonormal", epochs=None, batch_size=None)
    found = sets_of(config, "cpu")
    assert found.shape == (3, 224, 224) and setup.settings_of(config).epochs == 90
    network = setup.build(config, found, generator=data.generator(1))
    (images,) = found.test.subset(torch.tensor([0])).chunks(1)
    assert network.eval()(images).shape == (1, 3)
    assert network.classifier.kind == "orthonormal" and network.classifier.in_features == 960


def test_readings_go_on_where_a_checkpoint_kept_them():
    config = Config(dataset="digits", network="mlp", train_samples=200, epochs=2, head="normalised")
    sets = sets_of(config, "cpu")
    trained = setup.replica(config, sets, "cpu")
    epoch = len(trained.batches)
    one, other = (training.Readings(trained.network, sets, epoch=epoch, loss=config.loss) for _ in range(2))
    engine.fit([dataclasses.replace(trained, callbacks=(one,))], steps=epoch, every=1, progress=False)
    other.load_state_dict(one.state_dict())
    engine.fit([dataclasses.replace(trained, callbacks=(one, other))], steps=epoch, every=epoch, progress=False)
    assert other.steps == one.steps and other.sizes == one.sizes and other.errors == one.errors
    assert len(one.errors) == 3 and np.shape(one.norms) == (3, 200)
