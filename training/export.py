"""Writes the two ONNX files from trained weights: int8 in QDQ form, and its float32 twin.

int8: `image` uint8 NHWC RGB [1, h, w, 3] to `upscaled` uint8 NHWC [1, 4h, 4w, 3]. Everything is 8-bit from the first pixel to
the last: the input's scale is 1/255, the skip's weights are whole 64ths, and the sum saturates to 0..255 by itself.
float32: `rgb` NCHW RGB 0..1 to `upscaled.rgb`, not clamped. Its weights are the same numbers, stored as int8 and widened by Cast and
Mul, which ONNX Runtime folds when it loads the model (it would keep DequantizeLinear, and run it each time).
"""
import argparse

import numpy as np
import onnx
import torch
from onnx import TensorProto as T, helper as h, numpy_helper as nh

from network import DETAIL_STEP, WEIGHT_LEVELS
from skip import SCALE, WHOLE, kernel, whole_kernel

BLOCK = 3 * SCALE * SCALE


def to_int8(weight):
    """A weight [o, i, k, k] in whole steps of 7 bits, and the step of each output channel."""
    steps = (np.abs(weight).reshape(len(weight), -1).max(1).clip(1e-8) / WEIGHT_LEVELS).astype(np.float32)
    return np.round(weight / steps.reshape(-1, 1, 1, 1)).astype(np.int8), steps


class Graph:
    """Nodes and constants under one roof; a node's output bears its name."""

    def __init__(self):
        self.nodes, self.constants = [], {}

    def constant(self, name, value):
        self.constants.setdefault(name, nh.from_array(np.asarray(value), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(h.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def quantise(self, x, name, step, zero):
        """QuantizeLinear to uint8, without its inverse."""
        return self.node("QuantizeLinear", [x, self.constant(f"{name}.step", np.float32(step)), self.constant(f"{name}.zero", np.uint8(zero))], f"{name}.q")

    def restore(self, q, name, step, zero):
        return self.node("DequantizeLinear", [q, self.constant(f"{name}.step", np.float32(step)), self.constant(f"{name}.zero", np.uint8(zero))], f"{name}.real")

    def convolution(self, x, name, whole, steps, bias, step, relu):
        """An int8 convolution of an input with the given step; weights as to_int8() gives them, biases as real numbers.

        The step of a bias must be that of the input times that of the weight, or ONNX Runtime computes the layer in float32 without a word.
        """
        bias_steps = (steps * np.float32(step)).astype(np.float32)
        none = np.zeros(len(whole))
        w = self.node("DequantizeLinear", [self.constant(f"{name}.weight.q", whole), self.constant(f"{name}.weight.step", steps),
                                           self.constant(f"{name}.weight.zero", none.astype(np.int8))], f"{name}.weight", axis=0)
        b = self.node("DequantizeLinear", [self.constant(f"{name}.bias.q", np.round(bias / bias_steps).astype(np.int32)), self.constant(f"{name}.bias.step", bias_steps),
                                           self.constant(f"{name}.bias.zero", none.astype(np.int32))], f"{name}.bias", axis=0)
        side = whole.shape[2]
        x = self.node("Conv", [x, w, b], name, kernel_shape=[side, side], pads=[side // 2] * 4)
        return self.node("Relu", [x], f"{name}.relu") if relu else x

    def save(self, path, source, result):
        graph = h.make_graph(self.nodes, "tessera-lite", [source], [result], list(self.constants.values()))
        model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], producer_name="tessera")
        model.ir_version = 8
        onnx.checker.check_model(model)
        onnx.save(model, path)


def write_int8(layers, ranges, path):
    """layers: (weight, bias) of each convolution; ranges: the largest value after each ReLU."""
    g, last = Graph(), len(layers) - 1
    pixels = g.node("Transpose", ["image"], "pixels", perm=[0, 3, 1, 2])
    x = rgb = g.restore(pixels, "pixels", 1 / 255, 0)
    step = 1 / 255
    for k, (weight, bias) in enumerate(layers):
        x = g.convolution(x, f"conv{k}", *to_int8(weight), bias, step, relu=k < last)
        if k < last:
            step = ranges[k] / 255
            x = g.restore(g.quantise(x, f"a{k}", step, 0), f"a{k}", step, 0)
    detail = g.restore(g.quantise(x, "detail", DETAIL_STEP, 128), "detail", DETAIL_STEP, 128)
    base = g.convolution(rgb, "skip", whole_kernel(), np.full(BLOCK, 1 / WHOLE, np.float32), np.zeros(BLOCK, np.float32), 1 / 255, relu=False)
    base = g.restore(g.quantise(base, "base", 1 / 255, 0), "base", 1 / 255, 0)
    blocks = g.quantise(g.node("Add", [detail, base], "sum"), "blocks", 1 / 255, 0)
    blocks = g.node("Transpose", [blocks], "blocks.nhwc", perm=[0, 2, 3, 1])
    split = g.node("Reshape", [blocks, g.constant("split", np.array([0, 0, 0, SCALE, SCALE, 3]))], "blocks.split")
    rows = g.node("Transpose", [split], "rows", perm=[0, 1, 3, 2, 4, 5])
    size = g.node("Mul", [g.node("Shape", ["image"], "size"), g.constant("times", np.array([1, SCALE, SCALE, 1]))], "upscaled.size")
    g.node("Reshape", [rows, size], "upscaled")
    g.save(path, h.make_tensor_value_info("image", T.UINT8, [1, "height", "width", 3]),
           h.make_tensor_value_info("upscaled", T.UINT8, [1, "out_height", "out_width", 3]))


def write_float32(layers, path):
    """The same weights, activations in float32; channels reordered for DepthToSpace."""
    g, x, last = Graph(), "rgb", len(layers) - 1
    order = np.arange(BLOCK).reshape(SCALE * SCALE, 3).T.flatten()
    for k, (weight, bias) in enumerate(layers):
        if k == last:
            weight, bias = weight[order], bias[order]
        whole, steps = to_int8(weight)
        w = g.node("Cast", [g.constant(f"conv{k}.weight.q", whole)], f"conv{k}.weight.whole", to=T.FLOAT)
        w = g.node("Mul", [w, g.constant(f"conv{k}.weight.step", steps.reshape(-1, 1, 1, 1))], f"conv{k}.weight")
        x = g.node("Conv", [x, w, g.constant(f"conv{k}.bias", bias.astype(np.float32))], f"conv{k}", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        x = g.node("Relu", [x], f"conv{k}.relu") if k < last else x
    base = g.node("Conv", ["rgb", g.constant("skip", kernel()[order])], "base", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    g.node("DepthToSpace", [g.node("Add", [x, base], "sum")], "upscaled.rgb", blocksize=SCALE, mode="CRD")
    g.save(path, h.make_tensor_value_info("rgb", T.FLOAT, [1, 3, "height", "width"]),
           h.make_tensor_value_info("upscaled.rgb", T.FLOAT, [1, 3, "out_height", "out_width"]))


def read_layers(state):
    count = sum(name.startswith("weights.") for name in state["weights"])
    return [tuple(state["weights"][f"{kind}.{k}"].float().numpy() for kind in ("weights", "biases")) for k in range(count)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True, help="what train.py wrote")
    parser.add_argument("--out", required=True, help="path without .onnx")
    args = parser.parse_args()
    state = torch.load(args.weights, map_location="cpu")
    layers = read_layers(state)
    write_int8(layers, state["ranges"], args.out + ".onnx")
    write_float32(layers, args.out + ".f32.onnx")
