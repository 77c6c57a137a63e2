"""Trains the student on a stream of patches that never repeat, at first in floating point, then as int8 computes; then, if asked, for its look (look.py).

One schedule over a given time: a warm-up, a cosine, and a moving average of the weights, which is what is kept.
"""
import argparse
import math
import os
import time

import torch

from look import refine
from loss import GREY, batch_loss, report
from muon import Muon
from network import Student, calibrate, keep, load, twin
from replay import Pace, recorded
from stream import Stream

FIRST_PATCHES = 1500  # in the rings before training begins


def fit(net, stream, held, args):
    """Trains for args.seconds. Returns the mean weights, int8 ranges set."""
    device = stream.device
    average, optimiser, pace = twin(net), Muon(net), Pace(device)
    blend, last = torch.zeros((), device=device), torch.zeros((), device=device)
    drawings, greyed = round(args.batch * args.drawings), max(1, round(args.batch * GREY))

    def step():
        low, high = stream.draw(args.batch - drawings, drawings, args.crop)
        loss = batch_loss(net, low, high, args, greyed)[0]
        optimiser.step(torch.autograd.grad(loss, optimiser.parameters))
        with torch.no_grad():
            last.copy_(loss)
            for mean, live in zip(average.parameters(), net.parameters()):
                mean.lerp_(live, blend)

    run, begin, reported, count = None, time.time(), -args.report, 0
    while (elapsed := time.time() - begin) < args.seconds:
        done = elapsed / args.seconds
        stream.take_in()
        fall = 0.5 + 0.5 * math.cos(math.pi * done)
        optimiser.rate.fill_(args.rate * (fall + 0.002) * min(1, (count + 1) / 300))
        blend.fill_(max(0.001, 0.01 * fall))  # fast steps are averaged over fewer
        if net.ranges is None and done >= args.int8_from:
            keep(average, args.out + ".float.pt")
            net.ranges = average.ranges = calibrate(average, torch.cat([low[::2] for low, _ in held]))
            run = None
            print("int8 from here", flush=True)
        if run is None:
            run = recorded(step, device, stream.lock)
        run()
        pace.step()
        count += 1
        if elapsed - reported > args.report:
            reported = elapsed
            with stream.lock:
                report(f"{count} steps, {elapsed:.0f} s, {[r.count for r in stream.rings]} patches, loss {last.item():.5f}", average, held)
            keep(average, args.out + ".pt")
    keep(average, args.out + ".pt")
    report(f"final: {count} steps", average, held)
    return average


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", required=True)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--features", type=int, default=48)
    parser.add_argument("--convs", type=int, default=24)
    parser.add_argument("--start", help="weights to go on from")
    parser.add_argument("--seconds", type=float, default=385)
    parser.add_argument("--look-seconds", type=float, nargs="*", default=[], help="of each fine-tune for the look, all from the same weights")
    parser.add_argument("--look", type=float, nargs="*", default=[], help="the discriminator's share in each, 0 for none")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--drawings", type=float, default=0.36, help="share of a batch")
    parser.add_argument("--crop", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--int8-from", type=float, default=0.75, help="share of the time after which int8 is simulated")
    parser.add_argument("--drift", type=float, default=2.5, help="weight of the drift of the mean colour")
    parser.add_argument("--grey", type=float, default=0.5, help="weight of the tint of grey inputs")
    parser.add_argument("--steps", type=float, default=0, help="weight of the error's steps from pixel to pixel")
    parser.add_argument("--mosaic", type=float, default=0.006, help="weight of the mosaic: the ratio of steps across 4-pixel borders to those inside")
    parser.add_argument("--report", type=float, default=20)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="processes that make patches")
    parser.add_argument("--room", type=int, default=16000, help="patches kept on the GPU, 0.9 MB each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True, help="path without .pt")
    args = parser.parse_args()
    stream = Stream(args.photos, args.teacher, args.workers, args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True
    torch.manual_seed(args.seed)
    held = stream.open(device, args.room)
    while sum(r.count for r in stream.rings) < min(FIRST_PATCHES, args.room) or not all(r.count for r in stream.rings):
        stream.take_in()
        time.sleep(0.05)
    net = load(args.start, device) if args.start else Student(args.features, args.convs).to(device).to(memory_format=torch.channels_last)
    net.ranges = None
    fitted = fit(net, stream, held, args)
    for i, (seconds, share) in enumerate(zip(args.look_seconds, args.look)):
        refine(fitted, stream, held, share, seconds, f"{args.out}.look{i}", args)
    stream.close()
