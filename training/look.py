"""The fine-tune for the look: photos against a mix of teacher and truth, with a discriminator, against artefacts, near the teacher's hidden maps.

How far each of these may pull is a share of the pull of the loss of train.py on the picture: at a share s the error grows by about s squared.
int8 is simulated throughout. Drawings have their truth alone, and no discriminator, which would invent letters.
"""
import math
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from discriminator import Discriminator
from loss import GREY, batch_loss, inner, report, shuffle, ycbcr
from muon import Adam, Muon
from network import keep, twin
from replay import Pace, recorded

TRUTH = 0.5  # share of the photos, of those whose truth is known, that are trained against it
ARTEFACTS, GRADIENTS = 0.25, 0.15  # shares of the pull
HIDDEN = 0.01  # weight of the feature loss
RATE, JUDGE_RATE = 2e-4, 4e-4
UNTIL = 0.15  # share of the time after which the discriminator, which begins with nothing, pulls with all its share
TEACHER_LAYERS = (10, 21, 32)  # of its 34, whose maps the student's layers at a third, two thirds and the end are to hold


def artefacts(result, mean_result, wanted):
    """LDL (Liang et al., 2022): the error, weighted by how much it varies nearby, where the moving average of the weights errs less."""
    with torch.no_grad():
        mine, calmer = ((x - wanted).abs().sum(1, keepdim=True) for x in (result, mean_result))
        local = (F.avg_pool2d(mine.square(), 7, 1, 3) - F.avg_pool2d(mine, 7, 1, 3).square()).clamp(min=0)
        weight = mine.var((2, 3), keepdim=True) ** 0.2 * local * (mine >= calmer)
    return (weight * (result - wanted).abs()).mean()


def gradient_gap(result, wanted):
    """How far the mean step of brightness is from the wanted picture's, as the logarithm of the ratio: too soft counts as too sharp does."""
    means = []
    for picture in (result, wanted):
        y = ycbcr(picture)[:, 0]
        means.append(y.diff(dim=1).abs().mean((1, 2)) + y.diff(dim=2).abs().mean((1, 2)) + 0.002)
    return (means[0] / means[1]).log().abs().mean()


class Hidden(nn.Module):
    """The student's maps, through 1 x 1 adapters, against the teacher's of the same input, each of its channels scaled to a mean square of 1."""

    def __init__(self, net, teacher):
        super().__init__()
        depth, features = len(net.weights) - 2, len(net.biases[0])
        self.taps, self.teacher = tuple(round(depth * share) for share in (1 / 3, 2 / 3, 1)), teacher
        self.adapters = nn.ModuleList([nn.Conv2d(features, 64, 1) for _ in self.taps])

    def forward(self, low, maps):
        with torch.no_grad():
            wanted = [x for k, x in enumerate(self.teacher.hidden(low.bfloat16() if low.is_cuda else low)) if k in TEACHER_LAYERS]
            wanted = [x.float() / (x.float().square().mean((0, 2, 3), keepdim=True) + 1e-6).sqrt() for x in wanted]
        return sum(F.mse_loss(adapter(own), given) for adapter, own, given in zip(self.adapters, maps, wanted))


def refine(fitted, stream, held, share, seconds, out, args):
    """Goes on from `fitted`, which is left as it is, for `seconds`; share: of the discriminator's pull, 0 for none. Keeps out.0 to out.2 on the way."""
    device = stream.device
    net, average, pace = twin(fitted), twin(fitted), Pace(device)
    judge = Discriminator().to(device).to(memory_format=torch.channels_last)
    hidden = Hidden(net, stream.teacher).to(device)
    mover, judge_mover, adapter_mover = Muon(net), Adam(judge.parameters(), momentum=0.5), Adam(hidden.parameters())
    drawings, photos = args.batch // 8, args.batch * 3 // 8
    seen, grown = torch.zeros(2, device=device), torch.zeros((), device=device)

    def judged(picture):
        with torch.autocast(device, torch.bfloat16, enabled=device != "cpu"):
            return judge(picture)

    def step():
        low, high = stream.draw(photos, drawings, args.crop, TRUTH)
        greyed = max(1, round(len(low) * GREY))
        loss, result, maps = batch_loss(net, low, high, args, greyed, hidden.taps)
        shown = slice(drawings, len(low) - greyed)  # photos in colour
        picture, wanted = (shuffle(inner(x[shown])).contiguous(memory_format=torch.channels_last) for x in (result, high))
        with torch.no_grad():
            calm = shuffle(inner(average(low[shown])))
        pull = torch.autograd.grad(loss, result, retain_graph=True)[0]
        pulls = [(artefacts(picture, calm, wanted), ARTEFACTS), (gradient_gap(picture, wanted), GRADIENTS)]
        if share:
            pulls.append((F.softplus(-judged(picture.clamp(0, 1))).mean(), share * grown))
        strength = pull[shown].norm()
        for term, part in pulls:
            more = torch.autograd.grad(term, result, retain_graph=True)[0]
            pull = pull + more * (part * strength / (more.norm() + 1e-12))
        feature = HIDDEN * hidden(low[:-greyed], [m[:-greyed] for m in maps])
        parameters = mover.parameters + adapter_mover.parameters
        through = torch.autograd.grad([result, feature], parameters, [pull, torch.ones_like(feature)])
        mover.step(through[:len(mover.parameters)])
        adapter_mover.step(through[len(mover.parameters):])
        if share:
            right, wrong = judged(wanted), judged(picture.detach().clamp(0, 1))
            judge_mover.step(torch.autograd.grad(F.softplus(-right).mean() + F.softplus(wrong).mean(), judge_mover.parameters))
            seen.copy_(torch.stack([right.detach().mean(), wrong.detach().mean()]))
        with torch.no_grad():
            for mean, live in zip(average.parameters(), net.parameters()):
                mean.lerp_(live, 0.002)

    adapter_mover.rate.fill_(1e-3)
    judge_mover.rate.fill_(JUDGE_RATE)
    run, begin, count, kept = None, time.time(), 0, 0
    while (elapsed := time.time() - begin) < seconds:
        stream.take_in()
        grown.fill_(min(1, elapsed / seconds / UNTIL))
        mover.rate.fill_(RATE * (0.5 + 0.5 * math.cos(math.pi * elapsed / seconds)) * min(1, (count + 1) / 200))
        if run is None:
            run = recorded(step, device, stream.lock)
        run()
        pace.step()
        count += 1
        if elapsed > seconds * (kept + 1) / 3:
            with stream.lock:
                report(f"look {share}: {count} steps, {elapsed:.0f} s, judge {seen.tolist()}", average, held)
            keep(average, f"{out}.{kept}.pt")
            kept += 1
    keep(average, f"{out}.{kept}.pt")
    report(f"look {share}, final: {count} steps, judge {seen.tolist()}", average, held)
