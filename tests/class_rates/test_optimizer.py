import copy
import math

import benchmarks.class_rates as benchmark
import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from spareparts.class_rates import ClassRateSGD, rated_layers
from spareparts.data import generator


def problem(*, classes=3, batch=20, double=True):
    stream = generator(0)
    network = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 6), nn.Tanh(), nn.Linear(6, classes))
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5, generator=stream)
    inputs = torch.randn(batch, 5, generator=stream)
    labels = torch.randint(classes, (batch,), generator=stream)
    return (network.double(), inputs.double(), labels) if double else (network, inputs, labels)


def sample_gradients(network, inputs, labels):
    """Gradients of each sample's own loss by every parameter, from autograd."""
    parameters = {name: value.detach() for name, value in network.named_parameters()}

    def loss(own, features, label):
        return functional.cross_entropy(functional_call(network, own, (features[None],)), label[None])

    return vmap(grad(loss), in_dims=(None, 0, 0))(parameters, inputs, labels)


def drives(gradients, labels, *, classes, form):
    """G and S written down from their definitions, sample by sample."""
    batch = len(labels)
    by_class = torch.stack([gradients[labels == j].sum(0) / batch for j in range(classes)])
    if form == "sample":
        return by_class, torch.stack([gradients[labels == j].square().sum(0) / batch for j in range(classes)])
    return by_class, by_class * (by_class if form == "class" else by_class.sum(0))


def train_step(network, optimizer, inputs, labels, groups=None):
    optimizer.observe(labels if groups is None else groups)
    optimizer.zero_grad()
    functional.cross_entropy(network(inputs), labels).backward()
    optimizer.step()


def rated(network, **settings):
    settings = {"lr": 0.1, "rate_lr": 50.0, "num_groups": 3, "cutoff": 100, "reset_every": None} | settings
    return ClassRateSGD(network, **settings)


@pytest.mark.parametrize("form", ["sample", "class", "batch"])
def test_three_steps_follow_the_written_down_rule(form):
    network, inputs, labels = problem()
    twin = copy.deepcopy(network)
    optimizer = rated(network, form=form, reset_every=2)
    rates = {name: torch.ones(3, *value.shape).double() for name, value in twin.named_parameters()}
    for step in range(3):
        train_step(network, optimizer, inputs, labels)
        if step == 2:  # reset after two steps
            rates = {name: torch.ones_like(value) for name, value in rates.items()}
        gradients = sample_gradients(twin, inputs, labels)
        for name, value in twin.named_parameters():
            by_class, drive = drives(gradients[name], labels, classes=3, form=form)
            if not name.startswith("4."):  # the top layer is never rated
                rates[name] = rates[name] + 50.0 * 0.1 * drive
            value.data -= 0.1 * (rates[name] * by_class).sum(0)
    for found, expected in zip(network.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(found, expected)
    assert optimizer.rates[network[2]][1].allclose(rates["2.bias"])


def test_after_the_cutoff_the_plain_gradient_is_used_and_no_rate_is_kept():
    network, inputs, labels = problem()
    optimizer = rated(network, cutoff=2)
    for _ in range(2):
        train_step(network, optimizer, inputs, labels)
    optimizer.reset()  # has nothing left to do
    assert optimizer.rates == {} and not optimizer.rated and optimizer.largest_rate > 1
    before = network[0].weight.detach().clone()
    train_step(network, optimizer, inputs, labels)
    torch.testing.assert_close(network[0].weight.detach(), before - 0.1 * network[0].weight.grad)


def test_the_rate_of_a_layer_grows_by_the_mean_square_of_its_parameters_gradients():
    network, inputs, labels = problem()
    twin = copy.deepcopy(network)
    train_step(network, optimizer := rated(network, num_groups=1, per_layer=True), inputs, labels, labels * 0)
    gradients = sample_gradients(twin, inputs, labels)
    squares = torch.cat([gradients["2.weight"].flatten(1), gradients["2.bias"]], dim=1).square().mean(0)
    torch.testing.assert_close(optimizer.rates[network[2]][0], 1 + 5.0 * squares.mean())
    functional.cross_entropy(twin(inputs), labels).backward()
    moved = twin[2].weight - 0.1 * optimizer.rates[network[2]][0] * twin[2].weight.grad
    torch.testing.assert_close(network[2].weight, moved)


def test_a_reloaded_optimizer_goes_on_with_the_same_weights():
    network, inputs, labels = problem()
    optimizer = rated(network, reset_every=4, cutoff=6)
    for _ in range(3):
        train_step(network, optimizer, inputs, labels)
    twin = copy.deepcopy(network)
    for module in twin.modules():
        module._forward_hooks.clear()  # they belong to the first optimizer
    other = rated(twin, reset_every=4, cutoff=6)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for _ in range(5):
        train_step(network, optimizer, inputs, labels)
        train_step(twin, other, inputs, labels)
    assert all(a.equal(b) for a, b in zip(network.parameters(), twin.parameters(), strict=True))
    assert other.steps == 8 and other.largest_rate == optimizer.largest_rate


def stack(layers):
    return nn.Sequential(*[nn.Linear(2, 2) for _ in range(layers)])


@pytest.mark.parametrize(("layers", "expected"), [(4, 3), (17, 16), (33, 16)])
def test_the_bottom_sixteen_layers_are_rated_and_never_the_topmost(layers, expected):
    network = stack(layers)
    assert rated_layers(network) == list(network)[:expected]
    assert rated_layers(network, count=2, position="top") == list(network)[-3:-1]


def frozen(network):
    network[0].weight.requires_grad_(False)
    rated(network)


@pytest.mark.parametrize(
    ("error", "use", "message"),
    [
        (ValueError, lambda made: rated(made, form="squares"), "form must be one of sample, class, batch, got"),
        (ValueError, lambda made: rated(made, rate_lr=math.nan), "rate_lr must be positive, got nan"),
        (ValueError, lambda made: rated(made, reset_every=0), "reset_every must be at least 1, got 0"),
        (ValueError, lambda made: rated(made, per_layer=True), "takes form 'sample' and 1 group, got 'sample' and 3"),
        (ValueError, lambda made: rated(made).observe(torch.tensor([0, 3])), r"groups must lie in 0\.\.2, got 0\.\.3"),
        (ValueError, lambda _: rated(nn.Sequential(nn.Tanh())), "at least 2 linear layers are needed.*got 0"),
        (ValueError, lambda made: rated(nn.Sequential(nn.Conv2d(1, 1, 3), made)), "convolutions: '0' is a Conv2d"),
        (ValueError, frozen, r"must be trained, got a frozen Linear\(in_features=5"),
        (ValueError, lambda made: rated(made).load_state_dict(rated(made, count=1).state_dict()), "other layers than"),
        (RuntimeError, lambda made: rated(made).step(), "call observe, forward and backward before step"),
    ],
)
def test_bad_input_is_named(error, use, message):
    with pytest.raises(error, match=message):
        use(problem()[0])


def test_layers_used_twice_and_batches_that_do_not_fit_the_groups_are_refused():
    network, inputs, labels = problem()
    with pytest.raises(ValueError, match=r"one row for each of 19 groups, got inputs of shape \(20, 5\)"):
        train_step(network, rated(network), inputs, labels, groups=labels[1:])
    shared = nn.Linear(5, 5).double()
    twice = nn.Sequential(shared, nn.Tanh(), shared, nn.Linear(5, 3).double())
    with pytest.raises(RuntimeError, match="used twice: shared layers"):
        train_step(twice, rated(twice), inputs, labels)
    rows = nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 3)).double()
    optimizer = rated(rows)
    optimizer.observe(labels)
    rows(inputs.reshape(5, 4, 5)).sum().backward()
    with pytest.raises(ValueError, match=r"got inputs of shape \(5, 4, 5\)"):
        optimizer.step()


def penalised(network, inputs, labels):
    squares = sum(parameter.square().sum() for parameter in network.parameters())
    (functional.cross_entropy(network(inputs), labels) + 1e-3 * squares).backward()


def clipped(network, inputs, labels):
    functional.cross_entropy(network(inputs), labels).backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1e-3)


def observed_twice(network, inputs, labels, optimizer):
    functional.cross_entropy(network(inputs), labels).backward()
    optimizer.observe(labels)
    functional.cross_entropy(network(inputs), labels).backward()


@pytest.mark.parametrize("double", [True, False])
@pytest.mark.parametrize("per_layer", [True, False])
@pytest.mark.parametrize("gradients", [penalised, clipped, observed_twice])
def test_gradients_beyond_the_batchs_own_have_no_groups_and_are_refused(gradients, per_layer, double):
    network, inputs, labels = problem(double=double)
    optimizer = rated(network, per_layer=per_layer, num_groups=1 if per_layer else 3)
    groups = torch.zeros_like(labels) if per_layer else labels
    before = copy.deepcopy(network.state_dict())
    optimizer.observe(groups)
    more = {"optimizer": optimizer} if gradients is observed_twice else {}
    gradients(network, inputs, groups if more else labels, **more)
    with pytest.raises(RuntimeError, match="hold more than the batch's own: a penalty"):
        optimizer.step()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e15])
def test_gradients_of_any_size_with_dead_units_are_the_batchs_own(scale):
    stream = generator(3)
    network = nn.Sequential(nn.Linear(400, 300), nn.ReLU(), nn.Linear(300, 200), nn.ReLU(), nn.Linear(200, 5))
    network[0].bias.data[:100] = -1e3
    inputs, labels = torch.randn(500, 400, generator=stream), torch.randint(3, (500,), generator=stream)
    optimizer = rated(network, rate_lr=1e-6)
    optimizer.observe(labels)
    (scale * functional.cross_entropy(network(inputs), labels)).backward()
    optimizer.step()


def test_the_step_that_it_is_measured_against_moves_the_weights_alike_with_as_much_memory():
    network, inputs, labels = benchmark.prepared()
    twin = copy.deepcopy(network)
    ours, theirs = benchmark.rated_step(network, inputs, labels), benchmark.per_sample_step(twin, inputs, labels)
    for _ in range(3):
        ours()
        theirs()
    moved = dict(network.named_parameters())
    for name, expected in twin.named_parameters():
        assert torch.allclose(moved[name], expected, atol=1e-5), name
    row = benchmark.class_rates_memory()
    assert row.ours() <= row.other()
