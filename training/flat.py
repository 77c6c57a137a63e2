"""Teaches a trained network to give flat colour back as it is, and to leave all else as it was.

    flat.py --photos PHOTOS --weights in.pt --out out.pt

A network that saw few pictures of one saturated colour may draw a pattern of four pixels on it. What it made of photos and drawings before is what it
must go on making of them, so no teacher is needed; a flat colour is its own target. A processor does it in minutes. int8 is simulated.
"""
import argparse
import random

import numpy as np
import torch

from muon import Adam
from network import keep, load, within_flat
from patches import SIDE, drawing_pair, load_photos, photo_pair
from ring import to_input
from skip import SCALE

COLOURS = 4096  # of a batch; a third of their channels is black or full
RIM = 4  # input pixels that see a crop's padding
PIXELS = SCALE * SCALE


def colours(count):
    """Random ones as pictures of one pixel."""
    return torch.randint(-64, 320, (count, 3, 1, 1)).clamp(0, 255) / 255


def inputs(folder, count):
    """Crops of photos and of drawings, half of each, as training has them: [n, 3, SIDE, SIDE]."""
    photos = load_photos(folder)
    made = [photo_pair(photos)[0] if i % 2 else drawing_pair()[0] for i in range(count)]
    return to_input(torch.from_numpy(np.stack(made)))


def missed(net, flat):
    """By how much each colour is missed: [n, 48, 1, 1]."""
    return net(flat, convolution=within_flat) - flat.repeat(1, PIXELS, 1, 1)


def report(words, net):
    with torch.no_grad():
        levels = (missed(net, colours(20000)).abs().amax((1, 2, 3)) * 255).round()
    print(f"{words}: {(levels > 0).float().mean() * 100:.2f} % of colours missed, by up to {levels.max():.0f} levels", flush=True)


def teach(net, before, low, args):
    mover = Adam(net.parameters())
    for count in range(args.steps):
        mover.rate.fill_(args.rate * (1 - count / args.steps) * min(1, (count + 1) / 20))
        y, x = (random.randint(0, SIDE - args.crop) for _ in range(2))
        crop = low[torch.randperm(len(low))[:args.batch], :, y:y + args.crop, x:x + args.crop]
        with torch.no_grad():
            wanted = before(crop)
        moved = (net(crop) - wanted)[..., RIM:-RIM, RIM:-RIM]
        flat = missed(net, colours(COLOURS))
        loss = moved.square().mean() + args.weight * flat.square().mean()
        mover.step(torch.autograd.grad(loss * 1e4, mover.parameters))
        if count % args.report == 0:
            report(f"{count} steps, {-10 * moved.square().mean().log10():.1f} dB from before", net)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=40)
    parser.add_argument("--rate", type=float, default=4e-5)
    parser.add_argument("--weight", type=float, default=20, help="of flat colours")
    parser.add_argument("--patches", type=int, default=100)
    parser.add_argument("--report", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(args.seed)
    trained, before = load(args.weights, "cpu"), load(args.weights, "cpu")
    teach(trained, before, inputs(args.photos, args.patches), args)
    report("final", trained)
    keep(trained, args.out)
