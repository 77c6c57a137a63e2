"""Trains the cleaner on a processor: a schedule over a given time, the mean of the weights kept, int8 simulated at the end.

The loss is the logarithm of each crop's mean square error, so that every level of noise and of blocks counts alike, in decibels.
"""
import argparse
import copy
import math
import random
import time

import numpy as np
import torch

from cleaner import Cleaner, keep, load
from damage import NOISE_FULL, batch, gaussian, jpeg, stored, truth_crop
from muon import Muon
from patches import load_photos


def tensors(spoiled, truth, levels):
    chw = lambda x: (torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)
    return chw(spoiled), chw(truth), torch.from_numpy(levels)


def crop_loss(answer, truth, rgb):
    """Mean over the crops of log(mean square error), and a linear term for the tint of grey inputs, which a logarithm does not see."""
    error = answer - truth
    square = error.square().flatten(1).mean(1)
    drift = error.mean((2, 3)).square().mean(1)
    grey = ((rgb[:, 0] == rgb[:, 1]) & (rgb[:, 1] == rgb[:, 2])).flatten(1).all(1).float()
    tint = (answer - answer.mean(1, keepdim=True)).abs().flatten(1).mean(1)
    return (torch.log(square + 2.5 * drift + 2e-6) + 50 * grey * tint).mean()


def held_out(folder, side=128, count=12):
    """Held-out crops spoiled in six ways, the same each time."""
    random.seed(7)
    np.random.seed(7)
    photos = load_photos(folder, held_out=True)
    truths = [truth_crop(photos, side) for _ in range(count)]
    ways = {f"noise {s}": (lambda t, s=s: stored(gaussian(t, s)), [s / NOISE_FULL, 0]) for s in (15, 25, 50)}
    ways |= {f"JPEG {q}": (lambda t, q=q: jpeg(t, q, False), [0, (100 - q) / 100]) for q in (10, 20, 30)}
    return {name: tensors(np.stack([f(t) for t in truths]), np.stack(truths), np.array([told] * count, np.float32)) for name, (f, told) in ways.items()}


def report(title, net, held):
    parts = []
    with torch.no_grad():
        for name, (rgb, truth, levels) in held.items():
            psnr = lambda x: (-10 * torch.log10((x.clamp(0, 1) - truth).square().flatten(1).mean(1) + 1e-6)).mean().item()
            parts.append(f"{name} {psnr(net(rgb, levels)):.2f} ({psnr(rgb):.2f})")
    print(title, "|", ", ".join(parts), flush=True)


def fit(net, photos, held, args):
    average, optimiser = copy.deepcopy(net), Muon(net)
    begin, reported, count = time.time(), 0.0, 0
    calibration = tensors(*batch(photos, 48, 64))
    while (elapsed := time.time() - begin) < args.seconds:
        done = elapsed / args.seconds
        fall = 0.5 + 0.5 * math.cos(math.pi * done)
        optimiser.rate.fill_(args.rate * (fall + 0.002) * min(1, (count + 1) / 300))
        if net.ranges is None and done >= args.int8_from:
            keep(average, args.out + ".float.pt")
            net.ranges = average.ranges = average.calibrate(calibration[0], calibration[2])
            print("int8 from here", flush=True)
        rgb, truth, levels = tensors(*batch(photos, args.batch, args.crop))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=net.ranges is None):
            answer = net(rgb, levels)
        loss = crop_loss(answer.float(), truth, rgb)
        optimiser.step(torch.autograd.grad(loss, optimiser.parameters))
        with torch.no_grad():
            for mean, live in zip(average.parameters(), net.parameters()):
                mean.lerp_(live, max(0.001, 0.01 * fall))
        count += 1
        if elapsed - reported > args.report:
            reported = elapsed
            report(f"{count} steps, {elapsed:.0f} s, loss {loss.item():.4f}", average, held)
            keep(average, args.out + ".pt")
    keep(average, args.out + ".pt")
    report(f"final: {count} steps", average, held)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", required=True)
    parser.add_argument("--features", type=int, default=48)
    parser.add_argument("--convs", type=int, default=9)
    parser.add_argument("--start", help="weights to go on from")
    parser.add_argument("--seconds", type=float, default=6000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--crop", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--int8-from", type=float, default=0.75, help="share of the time after which int8 is simulated")
    parser.add_argument("--report", type=float, default=120)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True, help="path without .pt")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    held = held_out(args.photos)
    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)
    net = load(args.start) if args.start else Cleaner(args.features, args.convs).to(memory_format=torch.channels_last)
    net.ranges = None
    fit(net, load_photos(args.photos), held, args)
