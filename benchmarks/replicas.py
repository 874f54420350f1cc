"""Many replicas at once: two processes against one on a CPU, side by side against Lightning on a GPU."""

import atexit
import functools
import resource
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from spareparts import data, engine, experts
from spareparts.engine.processes import Worker, cores
from spareparts.experts.training import objective_of

from .engine import experts_optimizer, mnist
from .plain import Images, PlainMixture, lightning_side, plain_objective
from .row import Row, Skipped, timed

LOADER_WORKERS = (0, 4, 8)
GPU_STEPS = 2_000  # of each replica, so that the capture of the graph hardly counts
SUBJECT = "Mixture of 5 experts with SNNL, batch 100"


def replicas_cpu() -> Row:
    """The experts' network: two processes of one thread against one, in time for a step of a model."""
    if cores() < 2:
        raise Skipped(f"needs 2 cores, found {cores()}")
    steps, workers = 40, [Worker(train_here) for _ in range(2)]
    share = flops() / 1e6 / matrix_rate("cpu")  # milliseconds that a step's products would take at full speed
    for worker in workers:
        atexit.register(worker.stop)
        worker.begin(2)
    peak = sum(answer(worker)[2] for worker in workers) / 2**30
    took = together(workers, steps=steps)
    return Row(
        ours=functools.partial(together, workers, steps=steps),
        other=timed(functools.partial(train_here, steps), steps=steps),
        goal=1.8,
        unit="ms/model-step",
        note=f"{SUBJECT}, {mnist()[2]}: two processes of one thread against one. Before the rounds ours took "
        f"{1000 / took:.3g} model-steps/s, {peak:.2g} GiB at its peak, and {share / 2 / took:.0%} of the rate of large "
        "matrix products on two cores.",
    )


def together(workers: list[Worker], *, steps: int) -> float:
    """Milliseconds of a step of a model where each worker takes so many steps at the same time."""
    for worker in workers:
        worker.begin(steps)
    times = [answer(worker) for worker in workers]
    passed = max(end for _, end, _ in times) - min(start for start, _, _ in times)
    return 1000 * passed / (steps * len(workers))


def answer(worker: Worker) -> tuple[float, float, int]:
    """What a worker's `train_here` gave; its error is raised."""
    result, error = worker.answer()
    if error is not None:
        raise error
    return result


def train_here(steps: int) -> tuple[float, float, int]:
    """Take so many steps on the CPU: when they began and ended, and the most bytes that this process has held."""
    (replica,) = prepared(1, "cpu")
    started = time.time()
    train([replica], steps=steps, side_by_side=False)
    return started, time.time(), 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def replicas_gpu_1() -> Row:
    """The experts' network on a GPU: one model as a CUDA graph against one in Lightning."""
    return _replicas_gpu(1, goal=3.0)


def replicas_gpu_5() -> Row:
    """The experts' network on a GPU: 5 replicas side by side against one at a time in Lightning."""
    return _replicas_gpu(5, goal=10.0)


def replicas_gpu_30() -> Row:
    """The experts' network on a GPU: 30 replicas side by side against one at a time in Lightning."""
    return _replicas_gpu(30, goal=30.0)


def _replicas_gpu(count: int, *, goal: float) -> Row:
    """So many replicas side by side against Lightning with the best number of loader workers."""
    if not torch.cuda.is_available():
        raise Skipped("no CUDA device was found")
    replicas = prepared(count, "cuda")
    ours = timed(lambda: train(replicas, steps=GPU_STEPS), steps=GPU_STEPS * count, device="cuda")
    eager = timed(lambda: bare_loop(500), steps=500, device="cuda")
    eager()
    torch.cuda.reset_peak_memory_stats()
    took, alone, peak = ours(), eager(), torch.cuda.max_memory_allocated() / 2**30
    share = flops() / 1e6 / matrix_rate("cuda") / took
    return Row(
        ours=ours,
        other=lightning_choices(),
        goal=goal,
        unit="ms/model-step",
        device="cuda",
        libraries=("lightning", "torchvision", "pillow"),
        note=f"{SUBJECT}, {mnist()[2]}: {count} side by side in one CUDA graph against one at a time in PyTorch "
        f"Lightning (barebones) with a DataLoader. Before the rounds ours took {1000 / took:.4g} model-steps/s, a bare "
        f"loop over tensors {1000 / alone:.4g}; peak {peak:.2g} GiB; {share:.1%} of the rate of large matrix products.",
    )


def lightning_choices() -> dict[str, Callable[[], float]]:
    """Lightning on the GPU with several numbers of loader workers."""
    images, labels, _ = mnist()
    network = PlainMixture(size=28, classes=10, experts=5, hidden_units=128)
    loader = functools.partial(DataLoader, Images(images, labels), batch_size=100, shuffle=True, pin_memory=True)
    start = functools.partial(lightning_side, network, plain_objective, experts_optimizer, accelerator="cuda")
    return {
        f"{workers} loader workers": start(functools.partial(loader, num_workers=workers), warm_up=50, steps=400)
        for workers in LOADER_WORKERS
    }


def bare_loop(steps: int) -> None:
    """The plain network trained over tensors on the GPU, kernel by kernel."""
    images, labels = on("cuda")
    network = PlainMixture(size=28, classes=10, experts=5, hidden_units=128).cuda()
    optimizer = experts_optimizer(network.parameters(), fused=True)
    for rows in torch.randperm(len(labels), device="cuda").split(100)[:steps]:
        loss = plain_objective(network, images[rows], labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def train(replicas: list[engine.Replica], *, steps: int, side_by_side: bool = True) -> None:
    """Train on; replicas that diverged would be no measurement."""
    ends = engine.fit(replicas, steps=steps, every=steps, progress=False, side_by_side=side_by_side)
    assert all(end.outcome == "finished" for end in ends)


@functools.lru_cache(maxsize=4)
def prepared(count: int, device: str) -> list[engine.Replica]:
    """Replicas of the experts' network, their seeds 1, 2, ..."""
    objective, settings = objective_of(experts.Config(arm="snnl"))
    made = []
    for seed in range(1, count + 1):
        draw = data.generator(seed)
        sizes = {"channels": 1, "size": 28, "classes": 10, "experts": 5, "hidden_units": 128}
        network = experts.Mixture(**sizes, generator=draw).to(device)
        made.append(
            engine.Replica(
                name=f"seed {seed}",
                network=network,
                objective=objective,
                settings=settings,
                optimizer=experts_optimizer(network.parameters(), fused=True),
                batches=data.Batches(*on(device), batch_size=100, generator=draw),
            )
        )
    return made


@functools.cache
def on(device: str) -> tuple[Tensor, Tensor]:
    """MNIST's training images and labels on a device, the same tensors each time."""
    images, labels, _ = mnist()
    return data.to_float(images).to(device), labels.to(device)


def flops() -> int:
    """Floating point operations of one training step of one model, by PyTorch's count."""
    (replica,) = prepared(1, "cpu")
    with FlopCounterMode(display=False) as counter:
        replica.objective(replica.network, next(replica.batches), replica.settings).backward()
    return counter.get_total_flops()


def matrix_rate(device: str) -> float:
    """Rate of large float32 matrix products, in gigaflops a second: the best of five."""
    size = 8_192 if device == "cuda" else 1_536
    square = torch.randn(size, size, device=device, generator=data.generator(0, device))
    product = timed(lambda: square @ square, device=device)
    return 2 * size**3 / 1e6 / min(product() for _ in range(6))
