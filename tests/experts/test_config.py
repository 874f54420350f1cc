"""What defines a run of the experts: its settings, what they refuse, and the network and loss that they name."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy, max_pool2d, one_hot, relu

from spareparts.data import Batch, generator
from spareparts.experts import Config, Mixture, plan, soft_nearest_neighbor_loss
from spareparts.experts.losses import load_balancing_loss
from spareparts.experts.network import Block, MixtureOutput, RunningMean
from spareparts.experts.training import TimedBatch, objective_of
from spareparts.records import key


def test_a_plan_has_every_data_set_seed_and_arm_and_every_setting_that_the_arm_uses():
    settings = {"snnl_weight": [0.1, 1.0], "steps": 7, "experts": 3, "balance_weight": []}
    configs = plan(datasets=["digits", "mnist"], seeds=[1, 2, 3], **settings)
    assert len(configs) == len(set(map(key, configs))) == 2 * 3 * (1 + 2)
    assert {(config.steps, config.experts) for config in configs} == {(7, 3)}
    weights = {(config.arm, config.snnl_weight) for config in configs}
    assert weights == {("baseline", 1.0), ("snnl", 0.1), ("snnl", 1.0)}


def mixture(*, size: int = 8, seed: int = 0, **settings) -> Mixture:
    shape = {"channels": 1, "size": size, "classes": 10, "experts": 5, "hidden_units": 16}
    return Mixture(**shape | settings, generator=generator(seed))


def images(count: int = 12, size: int = 8) -> torch.Tensor:
    return torch.rand(count, 1, size, size, generator=generator(3))


def test_pooling_before_the_relu_is_pooling_after_it_in_values_and_gradients():
    block, inputs = Block(1, 4).double(), images().double()
    ours, theirs = inputs.clone().requires_grad_(), inputs.clone().requires_grad_()
    out = block(ours)
    reverse = max_pool2d(relu(block.normalization(block.convolution(theirs))), 2)
    weights = torch.randn(out.shape, generator=generator(1), dtype=torch.float64)
    assert torch.equal(out, reverse)
    parameters = list(block.parameters())
    found = torch.autograd.grad((out * weights).sum(), [ours, *parameters])
    expected = torch.autograd.grad((reverse * weights).sum(), [theirs, *parameters])
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


def test_the_features_are_as_many_as_the_paper_says_and_layers_start_as_he_and_glorot_say():
    for size, extractor, features in ((28, "convolutional", 3136), (32, "transformer", 4096), (28, None, 784)):
        assert mixture(size=size, extractor=extractor).gate.in_features == features
    network = mixture(size=28, hidden_units=128)
    assert network.hidden_weight.std().item() == pytest.approx(math.sqrt(2 / 3136), rel=0.01)
    assert network.output_weight.std().item() == pytest.approx(math.sqrt(2 / (128 + 10)), rel=0.05)


def test_stacked_experts_compute_what_each_would_alone():
    network = mixture()
    output = network(images())
    for expert in range(5):
        hidden = relu(output.features @ network.hidden_weight[expert].T + network.hidden_bias[expert])
        logits = hidden @ network.output_weight[expert].T + network.output_bias[expert]
        assert output.logits[:, expert].detach().numpy() == pytest.approx(logits.detach().numpy(), abs=1e-5)
    assert output.gates.sum(1).tolist() == pytest.approx([1.0] * 12)


def test_a_mixture_predicts_by_its_largest_gate_and_an_ensemble_by_the_mean():
    output = mixture()(images())
    chosen = output.gates.argmax(1)
    assert torch.equal(mixture().predict(output), output.logits[torch.arange(12), chosen])
    ensemble = mixture(uniform_gates=True)
    assert torch.equal(ensemble(images()).gates, torch.full((12, 5), 0.2))
    assert torch.equal(ensemble.predict(output), output.logits.softmax(2).mean(1))


def test_a_normalised_gate_does_not_see_how_long_the_features_are():
    plain, normalised = mixture(), mixture(normalised_gate=True)
    features = plain(images()).features
    bias = plain.gate.bias
    assert torch.equal(normalised(images()).features, features)
    unit = features / features.norm(dim=1, keepdim=True)
    assert torch.allclose(normalised(images()).scores, unit @ plain.gate.weight.T + bias, atol=1e-6)
    assert not torch.allclose(plain(images()).scores, normalised(images()).scores, atol=1e-3)


def test_the_running_mean_is_that_of_the_batches_each_weighing_nine_tenths_of_the_next():
    mean, batches = RunningMean(3), [torch.rand(4, 3, generator=generator(seed)) for seed in range(5)]
    assert torch.equal(mean.eval()(batches[0]), torch.zeros(3))
    mean.train()
    assert torch.allclose(mean(batches[0]), batches[0].mean(0))
    for batch in batches[1:]:
        last = mean(batch)
    weights = 0.9 ** torch.arange(4, -1, -1)
    expected = sum(weight * batch.mean(0) for weight, batch in zip(weights, batches, strict=True)) / weights.sum()
    assert torch.allclose(last, expected)
    assert torch.equal(mean.eval()(batches[0]), last)  # what is only looked at is not counted in


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_centred_gate_sees_the_features_less_that_share_of_their_mean(share):
    network = mixture(centred_gate=share)
    output = network(images())
    seen = output.features - share * output.features.mean(0)
    assert torch.allclose(output.scores, seen @ network.gate.weight.T + network.gate.bias, atol=1e-5)


def test_a_balanced_gate_shares_an_image_among_the_best_two_by_their_scores_where_three_are_equal_too():
    output = mixture(chosen_experts=2)(images())
    everyone = output.scores.softmax(1)
    best = everyone.topk(2, dim=1)
    assert torch.equal((output.gates > 0).sum(1), torch.full((12,), 2))
    assert torch.allclose(output.gates.gather(1, best.indices), best.values / best.values.sum(1, keepdim=True))
    gates = mixture(chosen_experts=2).gates(torch.tensor([[1.0, 1.0, 1.0, 0.0, 0.0], [0.0] * 5]))
    assert (gates > 0).sum(1).tolist() == [2, 2]
    assert gates.sum(1).tolist() == [1, 1]


def test_a_transformer_sees_where_a_patch_lies():
    network, batch = mixture(extractor="transformer"), images()
    mirrored = batch.flip(3).unflatten(3, (2, 4)).flip(4).flatten(3)  # patches change places, each as it is
    first, second = network(batch), network(mirrored)
    assert [block.shape for block in first.blocks] == [(12, 4, 64)] * 2
    assert not torch.allclose(first.features.view(12, 4, 64).sum(1), second.features.view(12, 4, 64).sum(1), atol=1e-5)


class Fixed(torch.nn.Module):
    """A network whose output is already known."""

    def __init__(self, output: MixtureOutput) -> None:
        super().__init__()
        self.output = output

    def forward(self, inputs: torch.Tensor) -> MixtureOutput:
        return self.output


def objective(config: Config, network: torch.nn.Module, batch: Batch) -> torch.Tensor:
    shared, settings = objective_of(config)
    return shared(network, batch, settings)


@pytest.mark.parametrize("layers", ["minimum", "sum"])
def test_the_loss_is_equation_7(layers):
    output, labels = mixture()(images()), torch.arange(12) % 4
    batch, network = Batch(images(), labels), Fixed(output)
    setting = {"temperature": 0.5, "distance": "squared_euclidean"}
    each = [soft_nearest_neighbor_loss(block, labels, **setting) for block in output.blocks]
    plain = objective(Config(), network, batch)
    found = objective(Config(arm="snnl", snnl_weight=3.0, layers=layers, **setting), network, batch)
    assert each[0] != each[1]
    added = min(each) if layers == "minimum" else sum(each)
    assert (found - plain).item() == pytest.approx(3 * added.item(), rel=1e-5)


def test_the_baseline_is_the_gated_cross_entropy_and_the_ensemble_the_mean_of_all():
    output, labels = mixture()(images()), torch.arange(12) % 4
    hard = output._replace(gates=one_hot(labels, 5).float())
    expected = cross_entropy(output.logits[torch.arange(12), labels], labels)
    assert objective(Config(), Fixed(hard), Batch(images(), labels)).item() == pytest.approx(expected.item())
    uniform = output._replace(gates=torch.full((12, 5), 0.2))
    each = [cross_entropy(logits, labels).item() for logits in output.logits.unbind(1)]
    found = objective(Config(arm="ensemble"), Fixed(uniform), Batch(images(), labels))
    assert found.item() == pytest.approx(sum(each) / 5)


def test_the_balanced_arm_adds_a_loss_that_even_loads_make_least():
    scores = torch.tensor([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]])
    even = load_balancing_loss((scores > 0).float(), scores)
    one = load_balancing_loss((scores[:1] > 0).float().expand(3, 3), scores[:1].expand(3, 3))
    assert even.item() == pytest.approx(1)
    assert one.item() == pytest.approx(3 * scores[0].softmax(0)[0].item())
    output, labels = mixture(chosen_experts=2)(images()), torch.arange(12) % 4
    batch, network = Batch(images(), labels), Fixed(output)
    for with_snnl, plain in ((False, "baseline"), (True, "snnl")):
        config = Config(arm="balanced_snnl" if with_snnl else "balanced", balance_weight=0.5)
        added = objective(config, network, batch) - objective(Config(arm=plain), network, batch)
        assert added.item() == pytest.approx(0.5 * load_balancing_loss(output.gates, output.scores).item(), abs=1e-6)


@pytest.mark.parametrize(
    ("scheduled", "fixed"),
    [
        ({"weight_schedule": "rising"}, {"snnl_weight": 0.4}),
        ({"weight_schedule": "falling"}, {"snnl_weight": 0.6}),
        ({"temperature_schedule": "annealed"}, {"temperature": 11**-0.55}),
    ],
)
def test_after_two_fifths_of_the_training_a_schedule_is_where_its_formula_says(scheduled, fixed):
    output, labels = mixture()(images()), torch.arange(12) % 4
    batch, network = TimedBatch(images(), labels, torch.tensor(0.4)), Fixed(output)
    found, expected = (objective(Config(arm="snnl", **own), network, batch).item() for own in (scheduled, fixed))
    assert found == pytest.approx(expected, rel=1e-6)
