"""Trial: do branches that fold into one 3x3 convolution, or one more convolution in image space, help training?

Four small networks (network.py) learn from the same batches, against the truth, in floating point, so that only their form differs:
plain; a 1x1 branch beside each inner convolution; a 1x1 convolution followed by the two Sobel filters and the Laplacian beside each (as
ECBSR has them); plain with a 3x3 convolution over the enlarged picture. Branches are folded into the weight before each use.
"""
import argparse
import math
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

from muon import Adam, orthogonal
from network import Student
from patches import SIDE, drawing_pair, load_photos, photo_pair
from skip import SCALE

FILTERS = torch.tensor([[[1, 0, -1], [2, 0, -2], [1, 0, -1]], [[1, 2, 1], [0, 0, 0], [-1, -2, -1]], [[0, 1, 0], [1, -4, 1], [0, 1, 0]]]) / 4.0


class Trial:
    """A student of one form, its optimisers and the mean of its parameters."""

    def __init__(self, form, features, convs, seed):
        torch.manual_seed(seed)
        self.form, self.net = form, Student(features, convs).to(memory_format=torch.channels_last)
        self.ones = [torch.zeros(features, features, requires_grad=True) for _ in range(convs)] if form == "1x1" else []
        self.edges = [torch.randn(3, features, features).mul_(0.1 / math.sqrt(features)).requires_grad_() for _ in range(convs)] if form == "edges" else []
        self.strengths = [torch.full((3, features), 0.1, requires_grad=True) for _ in range(convs)] if form == "edges" else []
        self.image = [torch.zeros(3, 3, 3, 3, requires_grad=True)] if form == "image" else []
        self.square = list(self.net.weights)[1:-1] + self.ones
        rest = [self.net.weights[0], self.net.weights[-1], *self.net.biases, *self.edges, *self.strengths, *self.image]
        self.parameters, self.adam = self.square + rest, Adam(rest)
        self.velocity = [torch.zeros_like(w) for w in self.square]
        self.mean = [p.detach().clone() for p in self.parameters]

    def answer(self, rgb):
        x, last = rgb, len(self.net.weights) - 1
        for k, (weight, bias) in enumerate(zip(self.net.weights, self.net.biases)):
            if self.ones and 0 < k < last:
                weight = weight + F.pad(self.ones[k - 1][:, :, None, None], (1, 1, 1, 1))
            if self.edges and 0 < k < last:
                weight = weight + torch.einsum("fo,foi,fyx->oiyx", self.strengths[k - 1], self.edges[k - 1], FILTERS)
            x = F.conv2d(x, weight, bias, padding=1)
            x = F.relu(x) if k < last else x
        blocked = x.float() + self.net.base(rgb)
        n, _, h, w = blocked.shape
        picture = blocked.reshape(n, SCALE, SCALE, 3, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, 3, SCALE * h, SCALE * w)
        return picture + F.conv2d(picture, self.image[0], padding=1) if self.image else picture

    def step(self, rgb, truth, rate, blend):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            answer = self.answer(rgb)
        edge = 6 * SCALE  # of the crop's rim the surroundings are missing
        error = (answer.float() - truth)[..., edge:-edge, edge:-edge]
        loss = torch.log(error.square().flatten(1).mean(1) + 2e-6).mean()
        gradients = torch.autograd.grad(loss, self.parameters)
        with torch.no_grad():
            for w, v, g in zip(self.square, self.velocity, gradients):
                v.lerp_(g, 0.05)
                rows = g.lerp(v, 0.95).flatten(1)
                w.sub_((orthogonal(rows[None])[0] * (0.2 * max(rows.shape) ** 0.5 * rate)).view_as(w))
            self.adam.rate.fill_(rate)
            self.adam.step(gradients[len(self.square):])
            for mean, live in zip(self.mean, self.parameters):
                mean.lerp_(live, blend)

    @torch.no_grad()
    def gain(self, rgb, truth):
        """Mean PSNR of the mean weights over that of the smooth skip alone, dB."""
        live = [p.detach().clone() for p in self.parameters]
        for p, mean in zip(self.parameters, self.mean):
            p.copy_(mean)
        edge = 6 * SCALE
        psnr = lambda x: (-10 * torch.log10((x.clamp(0, 1) - truth)[..., edge:-edge, edge:-edge].square().flatten(1).mean(1) + 1e-4)).mean().item()
        result = psnr(self.answer(rgb))
        for p, value in zip(self.parameters, live):
            p.copy_(value)
        return result


def batch(photos, count, crop):
    """Inputs and truths, float32 [count, 3, crop, crop] and four times that; a third are drawings."""
    lows, truths = [], []
    while len(lows) < count:
        low, truth = drawing_pair() if random.random() < 0.33 else photo_pair(photos)
        if truth is None:
            continue
        y, x = random.randint(0, SIDE - crop), random.randint(0, SIDE - crop)
        lows.append(low[y:y + crop, x:x + crop])
        truths.append(truth[SCALE * y:SCALE * (y + crop), SCALE * x:SCALE * (x + crop)])
    chw = lambda pictures: (torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)
    return chw(lows), chw(truths)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", required=True)
    parser.add_argument("--features", type=int, default=32)
    parser.add_argument("--convs", type=int, default=12)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--crop", type=int, default=48)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(77)
    np.random.seed(77)
    held = batch(load_photos(args.photos, held_out=True), 96, 64)
    random.seed(args.seed)
    np.random.seed(args.seed)
    photos, begin = load_photos(args.photos), time.time()
    trials = [Trial(form, args.features, args.convs, args.seed) for form in ("plain", "1x1", "edges", "image")]
    for count in range(1, args.steps + 1):
        rgb, truth = batch(photos, args.batch, args.crop)
        fall = 0.5 + 0.5 * math.cos(math.pi * count / args.steps)
        for trial in trials:
            trial.step(rgb, truth, args.rate * (fall + 0.002) * min(1, count / 100), max(0.003, 0.03 * fall))
        if count % 100 == 0:
            print(count, f"{time.time() - begin:.0f} s", *(f"{t.form} {t.gain(*held):.3f}" for t in trials), flush=True)
