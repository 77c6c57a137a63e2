"""The loss, and the figures that training prints. Pictures are sixteenfold: the sixteen pixels of each input pixel as channels, [n, 48, h, w]."""
import math

import torch
import torch.nn.functional as F

from ring import RIM
from skip import SCALE

GREY = 0.05  # share of a batch that is made grey: its output must be neutral, whatever else it is
TRIM = 4  # input pixels at a crop's rim that see the padding


def tint(result):
    """What is not grey, of an error or of an output: the whole error of a grey input whose target is not known."""
    pixels = result.unflatten(1, (SCALE * SCALE, 3))
    return (pixels - pixels.mean(2, keepdim=True)).flatten(1, 2)


def shuffle(blocks):
    """Sixteenfold to a picture [n, 3, 4h, 4w]."""
    return F.pixel_shuffle(blocks.unflatten(1, (SCALE * SCALE, 3)).transpose(1, 2).flatten(1, 2), SCALE)


NO_MOSAIC = math.log(1.04)
LEAST_STEP = 0.25 / 255  # a plane with smaller steps is flat, and its ratio means nothing


def ycbcr(picture):
    r, g, b = picture.unbind(1)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return torch.stack([y, (b - y) / 1.772, (r - y) / 1.402], 1)


def across_and_inside(step):
    """Means over the last axis of the steps along it: across the borders of 4-pixel squares, and within them."""
    across = step[..., SCALE - 1 :: SCALE]
    return across.mean(-1), (step.sum(-1) - across.sum(-1)) / (step.shape[-1] - across.shape[-1])


def steps_square(error):
    """Mean square of the error's steps from pixel to pixel, of each patch; those across the borders of 4-pixel squares, which make a mosaic, count double."""
    picture, total = shuffle(error), 0
    for axis in (2, 3):
        step = picture.diff(dim=axis).transpose(axis, 3).square()
        total = total + (step.mean((1, 2, 3)) + step[..., SCALE - 1 :: SCALE].sum((1, 2, 3)) / step[0].numel()) / 2
    return total


def grid(blocks):
    """Logarithm of the mean step across the borders of 4-pixel squares divided by the mean step inside them, of Y, Cb and Cr: [n, 3]."""
    picture = ycbcr(shuffle(blocks))
    across, inside = LEAST_STEP, LEAST_STEP
    for axis in (2, 3):
        means = across_and_inside(picture.diff(dim=axis).abs().mean(5 - axis))
        across, inside = across + means[0], inside + means[1]
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


def inner(blocks):
    return blocks[..., TRIM:-TRIM, TRIM:-TRIM]


def batch_loss(net, low, high, weights, greyed, taps=()):
    """The loss of a batch whose last `greyed` inputs are made grey here, the result, and the maps of the layers `taps`.

    weights: drift, steps, grey and mosaic, as train.py takes them. In floating point a GPU computes the network in bfloat16.
    """
    low = low.clone()
    low[-greyed:] = low[-greyed:].mean(1, keepdim=True).mul(255).round().div(255)
    with torch.autocast(low.device.type, torch.bfloat16, enabled=net.ranges is None and low.is_cuda):
        result, *maps = net(low, taps) if taps else (net(low),)
    error = inner(result - high)
    error = torch.cat([error[:-greyed], tint(inner(result[-greyed:]))])
    loss = loss_of(error, inner(result - net.base(low)), weights.drift, weights.steps)
    loss = loss + weights.grey * tint(inner(result[-greyed:])).abs().mean()  # the logarithm does not see a level or two
    loss = loss + weights.mosaic * mosaic(inner(result[:-greyed]), inner(high[:-greyed]))
    return loss, result, maps[0] if maps else []


def figures(net, low, high):
    """Means over whole patches: the PSNR to the target, at most 40 dB, or flat patches would decide it; the grid of Y and of colour."""
    with torch.no_grad():
        results = torch.cat([net(part).clamp(0, 1)[..., RIM:-RIM, RIM:-RIM] for part in low.split(8)])
        errors = (results - high[..., RIM:-RIM, RIM:-RIM]).square().mean((1, 2, 3))
        grids = grid(results).mean(0).exp().tolist()
    return -10 * (errors + 1e-4).log10().mean().item(), grids[0], (grids[1] + grids[2]) / 2


def report(words, net, held):
    """Prints the figures of the held-out photos and drawings."""
    rows = ["{:.3f} dB, grid {:.2f}, of colour {:.2f}".format(*figures(net, *patches)) for patches in held]
    print(f"{words}; photos {rows[0]}; drawings {rows[1]}", flush=True)
