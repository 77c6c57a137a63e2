"""Grows a trained student into a wider and deeper one that computes the same, to be trained on (Net2Net, Chen et al. 2015).

New channels start at random and lead nowhere; new layers start as the identity (plus a little noise), which a ReLU passes.
"""
import argparse

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
                weight.add_(torch.randn_like(weight), alpha=0.0005)
                continue
            old = small.weights[slots[k]]
            weight[: old.shape[0], : old.shape[1]] = old
            bias[: old.shape[0]] = small.biases[slots[k]]
            if k != last:
                weight[old_features:] = fresh[old_features:]
    return large


def load(path):
    state = torch.load(path, map_location="cpu")
    net = Student(state["features"], state["convs"])
    net.load_state_dict(state["weights"])
    return net


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--features", type=int, default=48)
    parser.add_argument("--convs", type=int, default=24)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    large = grow(load(args.weights), args.features, args.convs)
    torch.save({"features": args.features, "convs": args.convs, "ranges": None, "weights": large.state_dict()}, args.out)
