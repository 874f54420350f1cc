"""The engine: one training loop for all papers. It takes networks, objectives, optimizers and batches, never a paper;
data lives on the device as whole tensors, and nothing waits for the device within an epoch.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    {
        "checkpoint": ["DamagedFile", "Opening", "cached_weights", "save_weights"],
        "device": ["choose_device", "describe", "one_thread"],
        "evaluate": ["images_at_once", "predict", "predict_each"],
        "loop": ["fit"],
        "processes": ["each"],
        "replica": ["Kept", "Outcome", "Progress", "Replica", "cross_entropy"],
    },
)
