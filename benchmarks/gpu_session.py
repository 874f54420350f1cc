"""An hour with a GPU: check the fast path against the CPU, measure it, then make the experts' records with it.

    python -m benchmarks.gpu_session

Everything is written as it comes: cut off, it goes on where it was. `SPAREPARTS_RECORDS` names where records go.
"""

import dataclasses
import functools
import sys
import time

import torch
from rich.console import Console

from benchmarks.__main__ import choose, measure, subjects, table
from benchmarks.compare import RESULTS
from spareparts import data, experts, records
from spareparts.experts.run import run_group

ROWS = ["replicas_cpu", "replicas_gpu_1", "replicas_gpu_5", "replicas_gpu_30"]
DATASETS = ("mnist", "fashion_mnist", "cifar10", "cifar100")
SEEDS = range(1, 6)
TOLERANCE = 0.02  # of a loss after 20 steps in float32, whose rounding differs between devices


def check() -> None:
    """Train two replicas of each arm on both devices; `AssertionError` where their losses part."""
    for arm in ("baseline", "snnl"):
        first = experts.Config(dataset="digits", arm=arm, seed=2, steps=20, batch_size=32)
        configs = [first, dataclasses.replace(first, seed=3)]
        curves = []
        for device, side_by_side in (("cpu", False), ("cuda", True)):
            found = run_group(configs, device=device, progress=False, side_by_side=side_by_side)
            curves.append(torch.tensor([result.metrics["loss_curve"] for _, result in found]))
        apart = float(((curves[0] - curves[1]) / curves[0]).abs().max())
        assert apart < TOLERANCE, f"{arm}: losses on CPU and CUDA part by {apart:.1%}"
        print(f"{arm}: side by side on CUDA and one by one on the CPU agree to {apart:.2%}")


def bench(console: Console) -> None:
    """Measure the rows of this page's subject and write them."""
    console.print(table(list(measure(choose(ROWS, subjects()), seconds=60, output=RESULTS))))


def protocol() -> None:
    """Run Table 1 by the published protocol: every data set that is here, both arms, five seeds."""
    here = [row.name for row in data.listing() if row.intact and row.name in DATASETS]
    print(f"data sets: {', '.join(here)}; not here: {', '.join(sorted(set(DATASETS) - set(here))) or 'none'}")
    started = time.perf_counter()
    for dataset in here:
        configs = experts.plan(datasets=[dataset], seeds=list(SEEDS))
        rows = records.load_or_run(configs, functools.partial(experts.run, device="cuda"), missing="run")
        print(
            f"{dataset}: {len(rows)} of {len(configs)} runs, {time.perf_counter() - started:.0f} s so far", flush=True
        )


def main() -> None:
    """Do all of it, or say in one line why not."""
    if not torch.cuda.is_available():
        sys.exit("no CUDA device was found: nothing was checked, measured or run")
    check()
    bench(Console())
    protocol()


if __name__ == "__main__":
    main()
