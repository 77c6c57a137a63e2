"""Reads a pair of shipped ONNX files back into the weights that they were written from, rounded as the files hold them.

    restore.py --model models/tessera-lite-x4 --out lite.pt

Weights are whole steps of 7 bits, so that exporting them again gives the same two files.
"""
import argparse

import numpy as np
import onnx
import torch
from onnx import numpy_helper as nh

from network import Student, keep
from skip import SCALE


def constants(path):
    return {tensor.name: nh.to_array(tensor) for tensor in onnx.load(path).graph.initializer}


def restored(path):
    """The network of `path`.f32.onnx, with the activation ranges of `path`.onnx."""
    real, whole = constants(path + ".f32.onnx"), constants(path + ".onnx")
    count = sum(name.endswith(".weight.q") for name in real)
    order = np.arange(3 * SCALE * SCALE).reshape(SCALE * SCALE, 3).T.flatten()  # as export.write_float32 reorders the last layer
    net = Student(len(real["conv0.bias"]), count - 2)
    for k in range(count):
        weight = real[f"conv{k}.weight.q"].astype(np.float32) * real[f"conv{k}.weight.step"]
        bias = real[f"conv{k}.bias"]
        if k == count - 1:
            back = np.argsort(order)
            weight, bias = weight[back], bias[back]
        net.weights[k].data.copy_(torch.from_numpy(weight))
        net.biases[k].data.copy_(torch.from_numpy(bias.astype(np.float32)))
    net.ranges = [float(whole[f"a{k}.step"]) * 255 for k in range(count - 1)]
    return net


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="path without .onnx")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    keep(restored(args.model), args.out)
