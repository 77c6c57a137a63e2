"""Grows a trained student into a wider and deeper one that computes the same, to be trained on (Net2Net, Chen et al. 2015).

New channels start at random and lead nowhere; new layers start as the identity, which a ReLU passes. It is exact: noise in the new layers cost half a decibel.
"""
import argparse
from itertools import islice

import numpy as np
import torch

from network import Student


def grow(small, features, convs):
    """small: a trained Student. Returns a Student of `features` x `convs`."""
    large = Student(features, convs)
    old_features, old_convs = len(small.biases[0]), len(small.weights) - 2
    slots = {1 + round(i * convs / old_convs): 1 + i for i in range(old_convs)}  # where the old layers go
    last = convs + 1
    slots[0], slots[last] = 0, old_convs + 1
    with torch.no_grad():
        for k, (weight, bias) in enumerate(zip(large.weights, large.biases)):
            fresh = weight.clone()
            weight.zero_()
            bias.zero_()
            if k not in slots:
                torch.nn.init.dirac_(weight)
                continue
            old = small.weights[slots[k]]
            weight[: old.shape[0], : old.shape[1]] = old
            bias[: old.shape[0]] = small.biases[slots[k]]
            if k != last:
                weight[old_features:] = fresh[old_features:]
    return large


def tame(net, old_features, rgb):
    """Scales the new channels below the old ones, without changing the result, so that int8 keeps its steps for what matters."""
    with torch.no_grad():
        for k in range(len(net.weights) - 1):
            x = next(islice(net.activations(rgb), k, None))
            scale = 0.7 * x[:, :old_features].max() / x[:, old_features:].max().clamp(min=1e-6)
            net.weights[k][old_features:] *= scale
            net.biases[k][old_features:] *= scale
            net.weights[k + 1][:, old_features:] /= scale


def load(path):
    state = torch.load(path, map_location="cpu")
    net = Student(state["features"], state["convs"])
    net.load_state_dict(state["weights"])
    return net


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--held-out", required=True, help="patches to scale the new channels by")
    parser.add_argument("--features", type=int, default=48)
    parser.add_argument("--convs", type=int, default=24)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    small = load(args.weights)
    large = grow(small, args.features, args.convs)
    probe = torch.from_numpy(np.load(args.held_out + ".low.npy")[::16]).permute(0, 3, 1, 2).float() / 255
    tame(large, len(small.biases[0]), probe)
    torch.save({"features": args.features, "convs": args.convs, "ranges": None, "weights": large.state_dict()}, args.out)
