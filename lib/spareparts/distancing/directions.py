"""Does the penalty turn the step or enlarge it? Its gradient beside the loss's, on some of the steps."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .penalty import Push

NAMES = ("cosine", "norm_ratio", "alignment", "loss_gradient_norm", "push_norm")


class Directions:
    """Hook around a push that looks at every so many steps how it changes the gradient.

    `read` gives, averaged over the steps since it was last called: the cosine of the loss's gradient g and the full one
    g + p, `||g + p|| / ||g||`, the cosine of g and p (`alignment`, from -1 to 1, 0 for p = 0), `||g||` and `||p||`.
    """

    def __init__(self, push: Push, *, every: int) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1 step, got {every}")
        self.push, self.every, self.steps = push, every, 0
        self.seen: list[Tensor] = []

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> None:
        """Push once."""
        self.steps += 1
        if self.steps % self.every:
            self.push(network)
            return
        gradients = [value.grad for value in network.parameters() if value.grad is not None]
        before = [gradient.clone() for gradient in gradients]
        self.push(network)
        self.seen.append(products(before, gradients))

    def read(self) -> dict[str, float]:
        """Means of the steps that were looked at since the last reading; NaN where there were none."""
        if not self.seen:
            return dict.fromkeys(NAMES, float("nan"))
        found = torch.stack([compared(*each) for each in torch.stack(self.seen).double().cpu()]).mean(0)
        self.seen.clear()
        return dict(zip(NAMES, found.tolist(), strict=True))


def products(before: list[Tensor], after: list[Tensor]) -> Float[Tensor, "3"]:
    """`<g, g>`, `<g, p>` and `<p, p>` for the gradient g before and g + p after, without a read from the device."""
    pushes = torch._foreach_sub(after, before)
    pairs = ((before, before), (before, pushes), (pushes, pushes))
    return torch.stack([torch.stack([(a * b).sum() for a, b in zip(*pair, strict=True)]).sum() for pair in pairs])


def compared(loss: Tensor, both: Tensor, push: Tensor) -> Float[Tensor, "5"]:
    """What `Directions` reads, of one step's products."""
    full = loss + 2 * both + push
    cosine = (loss + both) / (loss * full).sqrt()
    alignment = both / (loss * push).sqrt().clamp_min(torch.finfo(loss.dtype).tiny)
    return torch.stack([cosine, (full / loss).sqrt(), alignment, loss.sqrt(), push.sqrt()])
