"""Takes the weights out of a float32 file (export.py) and solves its last layer anew by least squares, so that what was trained with one skip goes on with another.

    refit.py --onnx tessera-lite-x4.f32.onnx --patches NAME --out refit.pt

Patches count by the inverse of their error, as in the loss. No step of gradient descent is needed for it, only some minutes on one core.
"""
import argparse

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper as nh

from crops import RIM, Patches
from export import BLOCK
from network import SCALE, Student, calibrate

PIXELS = 1200  # input pixels taken of each patch
RIDGE = 1e-4  # of the mean square of the features


def read_float32(path):
    """A Student of the weights in a float32 file; the last layer's channels back in the order of network.py."""
    constants = {t.name: nh.to_array(t) for t in onnx.load(path).graph.initializer}
    count = sum(name.endswith(".weight.q") for name in constants)
    layers = [(constants[f"conv{k}.weight.q"] * constants[f"conv{k}.weight.step"], constants[f"conv{k}.bias"]) for k in range(count)]
    back = np.argsort(np.arange(BLOCK).reshape(SCALE * SCALE, 3).T.flatten())
    layers[-1] = tuple(values[back] for values in layers[-1])
    net = Student(len(layers[0][1]), count - 2)
    for own, given in zip(list(net.weights) + list(net.biases), [w for w, _ in layers] + [b for _, b in layers]):
        own.data.copy_(torch.tensor(given))
    return net


def equations(net, low, high):
    """Features around each of some pixels, with a 1 for the bias, [pixels, 9 * features + 1], and what the last layer is to answer, [pixels, 48]."""
    for features in net.activations(low):
        pass
    side = low.shape[2] - 2 * RIM
    inner = lambda x: x.unflatten(2, low.shape[2:])[0, :, RIM:-RIM, RIM:-RIM].flatten(1)
    chosen = np.random.choice(side * side, min(PIXELS, side * side), replace=False)
    around = inner(F.unfold(features, 3, padding=1))[:, chosen]
    wanted = inner((high - net.base(low)).flatten(2))[:, chosen]
    return torch.cat([around, torch.ones(1, len(chosen))]).T.numpy(), wanted.T.numpy()


@torch.no_grad()
def refit(net, patches):
    size = net.weights[-1][0].numel() + 1
    square, product, solution = np.zeros((size, size)), np.zeros((size, BLOCK)), None
    for i in range(len(patches)):
        features, wanted = equations(net, *patches.whole(i))
        rest = features @ solution - wanted if solution is not None else wanted
        weight = 1 / (np.square(rest).mean() + 2e-4)
        square += weight * (features.T @ features)
        product += weight * (features.T @ wanted)
        if i % 8 == 7:
            solution = np.linalg.solve(square + RIDGE * np.diag(square).mean() * np.eye(size), product)
    solution = np.linalg.solve(square + RIDGE * np.diag(square).mean() * np.eye(size), product)
    net.weights[-1].copy_(torch.tensor(solution[:-1].T).view_as(net.weights[-1]))
    net.biases[-1].copy_(torch.tensor(solution[-1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--onnx", required=True)
    parser.add_argument("--patches", nargs="+", required=True, help="paths without .low.npy")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    np.random.seed(1)
    net, patches = read_float32(args.onnx), Patches(args.patches, "cpu")
    refit(net, patches)
    ranges = calibrate(net, torch.cat([patches.whole(i)[0] for i in range(0, len(patches), 4)]))
    torch.save({"features": len(net.biases[0]), "convs": len(net.weights) - 2, "ranges": ranges, "weights": net.state_dict()}, args.out)
