"""The engine: one training loop for all papers, in which nothing waits for the device within an epoch."""

from ..lazily import attach

__all__ = attach(
    __name__,
    checkpoint="DamagedFile Opening cached_weights save_weights",
    device="choose_device describe elapsed one_thread",
    evaluate="accuracy images_at_once predict",
    loop="fit",
    processes="each each_group",
    replica="Kept Outcome Progress Replica cross_entropy",
)
