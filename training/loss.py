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


def steps_square(error):
    """Mean square of the error's steps from pixel to pixel, of each patch; those across the borders of 4-pixel squares, which make a mosaic, count double."""
    picture, total = shuffle(error), 0
    for axis in (2, 3):
        step = picture.diff(dim=axis).transpose(axis, 3)
        total = total + step.square().mean((1, 2, 3)) + step[..., SCALE - 1::SCALE].square().mean((1, 2, 3)) / SCALE
    return total / 2


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


def grid(blocks):
    """Steps across the borders of 4-pixel squares divided by the steps inside them, of brightness and of colour, one picture."""
    picture = shuffle(blocks)
    grey = picture.mean(1, keepdim=True)
    ratios = []
    for plane in (grey, picture - grey):
        across, inside = 0, 0
        for axis in (2, 3):
            step = plane.diff(dim=axis).abs().transpose(axis, 3)
            across += step[..., SCALE - 1::SCALE].mean()
            inside += sum(step[..., k::SCALE].mean() for k in range(SCALE - 1)) / (SCALE - 1)
        ratios.append(float(across / (inside + 1e-6)))
    return ratios


def validate(net, held):
    """Means over every fourth held-out patch: the PSNR to the target, at most 40 dB, or flat patches would decide it; the grid, of brightness and of colour."""
    psnr, grids, chosen = 0, [], range(0, len(held), 4)
    with torch.no_grad():
        for i in chosen:
            low, high = held.whole(i)
            result = net(low).clamp(0, 1)[..., RIM:-RIM, RIM:-RIM]
            psnr -= 10 * math.log10((result - high[..., RIM:-RIM, RIM:-RIM]).square().mean().item() + 1e-4)
            grids.append(grid(result))
    grids = torch.tensor(grids)
    return psnr / len(chosen), float(grids[:, 0].median()), float(grids[:, 1].median())
