"""Images as networks take them: float, channels first, normalised; random crops and flips on the device."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Shaped, UInt8
from torch import Tensor
from torch.nn.functional import pad


def to_float(images: UInt8[Tensor, "batch height width *channels"]) -> Float[Tensor, "batch channels height width"]:
    """Images as stored (grey, or three channels last), scaled from 0..255 to [0, 1], channels first."""
    if images.dtype != torch.uint8 or images.dim() not in (3, 4) or (images.dim() == 4 and images.shape[-1] != 3):
        raise ValueError(f"images must be uint8, (n, h, w) or (n, h, w, 3), got {images.dtype}, {tuple(images.shape)}")
    first = images.unsqueeze(1) if images.dim() == 3 else images.permute(0, 3, 1, 2)
    return first.to(torch.float32, memory_format=torch.contiguous_format).div_(255)


def normalize(
    images: Float[Tensor, "batch channels height width"], mean: float | Sequence[float], std: float | Sequence[float]
) -> Float[Tensor, "batch channels height width"]:
    """(images - mean) / std, each one number or one per channel; ValueError unless every std is positive."""
    shift, scale = (torch.tensor(value, dtype=images.dtype).reshape(-1, 1, 1) for value in (mean, std))
    if not (scale > 0).all():
        raise ValueError(f"std must be positive, got {std}")
    if not {len(shift), len(scale)} <= {1, images.shape[1]}:
        raise ValueError(f"mean and std must be one number or {images.shape[1]}, got {mean} and {std}")
    return (images - shift.to(images.device)) / scale.to(images.device)


def channel_statistics(
    images: Float[Tensor, "batch channels height width"],
) -> tuple[list[float], list[float]]:
    """Mean and deviation of every channel over all images and pixels, as `normalize` takes them."""
    return images.mean((0, 2, 3)).tolist(), images.std((0, 2, 3)).tolist()


def crop_and_flip(
    images: Shaped[Tensor, "batch channels height width"],
    *,
    padding: int = 4,
    flip_probability: float = 0.5,
    generator: torch.Generator,
) -> Shaped[Tensor, "batch channels height width"]:
    """Each image padded with zeros, cropped to its size at a random place, and mirrored left to right at random.

    The draws come from the generator alone, per image; with one on the images' device the host never waits.
    ValueError unless padding >= 0 and flip_probability lies in [0, 1].
    """
    if padding < 0:
        raise ValueError(f"padding must be at least 0 pixels, got {padding}")
    if not 0 <= flip_probability <= 1:
        raise ValueError(f"flip_probability must lie in [0, 1], got {flip_probability}")
    batch, channels, height, width = images.shape
    drawn = {"generator": generator, "device": generator.device}
    top, left = torch.randint(2 * padding + 1, (2, batch, 1), **drawn).to(images.device, non_blocking=True)
    flipped = (torch.rand(batch, 1, **drawn) < flip_probability).to(images.device, non_blocking=True)
    across = torch.arange(width, device=images.device)
    rows = top + torch.arange(height, device=images.device)
    columns = left + torch.where(flipped, width - 1 - across, across)
    places = rows[:, :, None] * (width + 2 * padding) + columns[:, None, :]
    padded = pad(images, (padding,) * 4).flatten(2)
    return padded.gather(2, places.flatten(1)[:, None].expand(-1, channels, -1)).view_as(images)
