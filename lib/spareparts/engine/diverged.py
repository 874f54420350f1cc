"""Training that stopped being finite."""


class Diverged(Exception):
    """Training stopped being finite; carries the step, from 1."""

    def __init__(self, step: int) -> None:
        super().__init__(f"training diverged at step {step}")
        self.step = step
