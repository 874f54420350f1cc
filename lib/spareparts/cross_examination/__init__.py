"""Cross-examination: every paper's instruments turned on networks with every paper's cure.

One small network, LeNet-300-100, is trained as it is, pushed away from a checkpoint, with a fixed classifier, with
class rates, and with its second layer cut into five experts. All have the same first layer of 300 units, which starts
from the same weights and is read by the same instruments, each beside its null level. No paper has this protocol: it
is ours, and reduced.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    config="ARMS CONTROLS Config plan",
    instruments="classes_fired_for instruments selectivity unit_information",
    networks="Routed plain",
    run="run",
)
