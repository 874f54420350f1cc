"""From configs to results: every experiment by its name."""

from collections.abc import Iterable

from ..runs import Experiment, Results, run_each
from .config import IMAGES, Config
from .network import network, resample, retrain
from .teacher_student import teacher_student
from .tickets import tickets, unit_tickets
from .widths import width
from .xord import filters, xord

EXPERIMENTS: dict[str, Experiment] = {
    function.__name__: function
    for function in (network, retrain, resample, tickets, unit_tickets, width, filters, xord, teacher_student)
}


def run(configs: Iterable[Config], *, progress: bool = True, workers: int | None = None) -> Results[Config]:
    """Run each config on a core, yielding its result as soon as it is there."""
    configs = list(configs)
    images = {config.dataset for config in configs if config.experiment in IMAGES}
    yield from run_each(EXPERIMENTS, configs, images=images, workers=workers, progress=progress)
