"""Trains the student on stored patches, at first in floating point, then as int8 computes.

In each batch one input may be made grey; its output must be neutral, whatever else it is.

One schedule over a given time: a warm-up, a cosine, half the batch in the first half, and a moving average of the weights,
which is what is kept.
"""
import argparse
import math
import tempfile
import time

import numpy as np
import torch

from crops import Patches
from loss import loss_of, mosaic, tint, validate
from muon import Muon
from network import Student, calibrate

LONGEST_STEP_SECONDS = 5  # what is longer was a pause, and does not count


def share_gradients(net, elapsed, workers):
    """Means over all workers of the gradients, in place, and of the seconds, so that all follow one schedule."""
    if workers == 1:
        return elapsed
    gradients = [p.grad for p in net.parameters()]
    flat = torch.cat([g.flatten() for g in gradients] + [torch.tensor([elapsed])])
    torch.distributed.all_reduce(flat)
    flat /= workers
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients] + [1])):
        gradient.copy_(mean.view_as(gradient))
    return flat[-1].item()


def train(rank, args, meeting):
    if args.workers > 1:
        torch.set_num_threads(1)
        torch.distributed.init_process_group("gloo", meeting, rank=rank, world_size=args.workers)
    torch.manual_seed(args.seed)
    np.random.seed(args.seed + 1000 * rank)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    data, held = Patches(sorted(args.patches), device), Patches([args.held_out], device)
    net = Student(args.features, args.convs).to(device).to(memory_format=torch.channels_last)
    average = Student(args.features, args.convs).to(device).to(memory_format=torch.channels_last)
    if args.resume:
        net.load_state_dict(torch.load(args.resume, map_location=device)["weights"])
    average.load_state_dict(net.state_dict())
    optimiser = Muon(net, args.rate) if args.muon else torch.optim.Adam(net.parameters(), args.rate, betas=(0.9, 0.99))

    def keep():
        state = {"features": args.features, "convs": args.convs, "ranges": average.ranges, "weights": average.state_dict(), "steps": step}
        torch.save(state, args.out)

    def figures():
        return "PSNR to target {:.3f} dB, grid {:.2f}, of colour {:.2f}".format(*validate(average, held))

    step, elapsed, reported, seconds, last = 0, 0.0, 0.0, args.minutes * 60, time.time()
    while elapsed < seconds:
        done = args.begin + (1 - args.begin) * elapsed / seconds
        if net.ranges is None and done >= args.int8_from:
            net.ranges = average.ranges = calibrate(average, torch.cat([held.whole(i)[0] for i in range(0, len(held), 2)]))
            if rank == 0:
                print("int8 from here", flush=True)
        fall = 0.5 + 0.5 * math.cos(math.pi * done)
        for group in optimiser.param_groups:
            group["lr"] = args.rate * (fall + 0.003) * min(1, (step + 1) / 40)
        low, high = data.batch(args.batch if done > 0.5 else args.batch // 2, args.crop)
        greyed = np.random.random() < 0.4
        if greyed:
            low[-1:] = low[-1:].mean(1, keepdim=True).mul(255).round().div(255)
        with torch.autocast(device, torch.bfloat16, enabled=not args.float32):
            result = net(low)
        error = result - high
        if greyed:
            error = torch.cat([error[:-1], tint(result[-1:])])
        with torch.no_grad():
            base = net.base(low)
        loss = loss_of(error[..., 4:-4, 4:-4], (result - base)[..., 4:-4, 4:-4], args.drift, args.steps)
        if greyed:
            loss = loss + 0.5 * tint(result[-1:, :, 4:-4, 4:-4]).abs().mean()  # the logarithm does not see a level or two
        if args.mosaic:
            known = len(low) - greyed
            loss = loss + args.mosaic * mosaic(result[:known, :, 4:-4, 4:-4], high[:known, :, 4:-4, 4:-4])
        optimiser.zero_grad()
        loss.backward()
        now = time.time()
        elapsed = share_gradients(net, elapsed + min(now - last, LONGEST_STEP_SECONDS), args.workers)
        last = now
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            for mean, live in zip(average.parameters(), net.parameters()):
                mean.lerp_(live, max(0.001, 0.01 * fall))  # fast steps are averaged over fewer
        if rank == 0 and elapsed - reported > args.report:
            reported = elapsed
            print(f"{step} steps, {elapsed:.0f} s, loss {loss.item():.5f}, {figures()}", flush=True)
            keep()
    if rank == 0:
        keep()
        print(f"final: {step} steps, {figures()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patches", nargs="+", required=True, help="paths without .low.npy")
    parser.add_argument("--held-out", required=True, help="the same, for validation")
    parser.add_argument("--features", type=int, default=48)
    parser.add_argument("--convs", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=85)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--int8-from", type=float, default=0.85, help="share of the time after which int8 is simulated")
    parser.add_argument("--workers", type=int, default=1, help="processes on a CPU, each with one thread and a batch of its own: faster than threads")
    parser.add_argument("--drift", type=float, default=1, help="weight of the drift of the mean colour")
    parser.add_argument("--steps", type=float, default=0.3, help="weight of the error's steps from pixel to pixel")
    parser.add_argument("--mosaic", type=float, default=0.006, help="weight of the mosaic: the ratio of steps across 4-pixel borders to those inside")
    parser.add_argument("--muon", action="store_true")
    parser.add_argument("--float32", action="store_true", help="without bfloat16")
    parser.add_argument("--report", type=float, default=120)
    parser.add_argument("--resume", help="weights to go on from")
    parser.add_argument("--begin", type=float, default=0, help="share of the schedule that lies behind them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    if torch.cuda.is_available():
        args.workers = 1  # one is enough to keep a GPU busy
    with tempfile.TemporaryDirectory() as folder:
        meeting = f"file://{folder}/meeting"
        if args.workers == 1:
            train(0, args, meeting)
        else:
            torch.multiprocessing.spawn(train, (args, meeting), args.workers)
