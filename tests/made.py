"""What made-up records of all chapters have in common."""

import dataclasses
import functools

from spareparts import records

key_of = functools.cache(records.key)


def made_line(config, **metrics):
    """One row as `records.frame` gives it, named by its config's hash."""
    about = {
        "outcome": "finished",
        "protocol": config.protocol,
        "seconds": 10.0,
        "device": "processor",
        "commit": "abc",
        "fingerprint": "f" * 64,
        "fidelity": "exact",
        "hash": key_of(config),
    }
    return dataclasses.asdict(config) | about | metrics
