"""The loss, and the figures that training prints. Pictures are sixteenfold: the sixteen pixels of each input pixel as channels, [n, 48, h, w]."""
import math

import torch
import torch.nn.functional as F

from crops import RIM
from skip import SCALE


def tint(result):
    """What is not grey, of an error or of an output: the whole error of a grey input whose target is not known."""
    pixels = result.unflatten(1, (SCALE * SCALE, 3))
    return (pixels - pixels.mean(2, keepdim=True)).flatten(1, 2)


def shuffle(blocks):
    """Sixteenfold to a picture [n, 3, 4h, 4w]."""
    return F.pixel_shuffle(blocks.unflatten(1, (SCALE * SCALE, 3)).transpose(1, 2).flatten(1, 2), SCALE)


TO_YCBCR = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
NO_MOSAIC = math.log(1.04)
LEAST_STEP = 0.25 / 255  # a plane with smaller steps is flat, and its ratio means nothing


def borders(step):
    """Of the steps along the last axis, which ones cross the border of two 4-pixel squares."""
    return torch.arange(step.shape[-1], device=step.device) % SCALE == SCALE - 1


def steps_square(error):
    """Mean square of the error's steps from pixel to pixel, of each patch; those across the borders of 4-pixel squares, which make a mosaic, count double."""
    picture, total = shuffle(error), 0
    for axis in (2, 3):
        step = picture.diff(dim=axis).transpose(axis, 3).square()
        total = total + (step * (1 + borders(step).float())).mean((1, 2, 3)) / 2
    return total


def grid(blocks):
    """Logarithm of the mean step across the borders of 4-pixel squares divided by the mean step inside them, of Y, Cb and Cr: [n, 3]."""
    picture = torch.einsum("pc,nchw->nphw", TO_YCBCR.to(blocks), shuffle(blocks))
    across, inside = LEAST_STEP, LEAST_STEP
    for axis in (2, 3):
        step = picture.diff(dim=axis).abs().mean(5 - axis)
        across = across + step[..., borders(step)].mean(-1)
        inside = inside + step[..., ~borders(step)].mean(-1)
    return (across / inside).log()


def loss_of(error, detail, drift_weight, steps_weight):
    """The PSNR that is to be reached, patch by patch, with colour counted twice, and the drift of each patch's mean colour from its input's.

    The logarithm makes a patch at 35 dB worth as much as one at 25; the constant ends that where no eye sees a difference.
    Colour is counted again because brightness errs more; the steps of the error because squares of colour err little in themselves.
    The drift is the network's own, detail [n, 48, h, w] being what it adds to the skip: where the target is cut at black and white it drifts itself.
    """
    colour = tint(error)
    square = error.square().mean((1, 2, 3)) + colour.square().mean((1, 2, 3))
    if steps_weight:
        square = square + steps_weight * (steps_square(error) + steps_square(colour))
    drift = detail.mean((2, 3)).unflatten(1, (SCALE * SCALE, 3)).mean(1).abs().mean()
    return 0.02 * (square + 2e-4).log().mean() + drift_weight * drift


def mosaic(result, wanted):
    """By how much the steps across the borders exceed those of the wanted picture, or NO_MOSAIC where it has less: what has just gone below must not be pushed further."""
    return (grid(result) - grid(wanted).clamp(min=NO_MOSAIC)).relu().mean()


def validate(net, held):
    """Means over every fourth held-out patch: the PSNR to the target, at most 40 dB, or flat patches would decide it; the grid of Y and of colour."""
    psnr, grids, chosen = 0, [], range(0, len(held), 4)
    with torch.no_grad():
        for i in chosen:
            low, high = held.whole(i)
            result = net(low).clamp(0, 1)[..., RIM:-RIM, RIM:-RIM]
            psnr -= 10 * math.log10((result - high[..., RIM:-RIM, RIM:-RIM]).square().mean().item() + 1e-4)
            grids.append(grid(result))
    grids = torch.cat(grids).mean(0).exp()
    return psnr / len(chosen), float(grids[0]), float(grids[1:].mean())
