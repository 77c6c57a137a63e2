"""Checks that ONNX Runtime computes all of an int8 file in int8. Where it cannot fuse a layer it says nothing and takes float32, at three times the time.

    fused.py MODEL.onnx
"""
import collections
import os
import subprocess
import sys
import tempfile

import onnx

FLOAT = {"Conv", "Add", "Relu", "DequantizeLinear", "QuantizeLinear", "FusedConv"}


def operations(model):
    """How often each operation stands in the graph that is run."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "optimised.onnx")
        subprocess.run(["node", os.path.join(os.path.dirname(os.path.abspath(__file__)), "fused.mjs"), model, path], check=True)
        return collections.Counter(node.op_type for node in onnx.load(path).graph.node)


if __name__ == "__main__":
    found = operations(sys.argv[1])
    print(", ".join(f"{count} {kind}" for kind, count in found.most_common()))
    if FLOAT & set(found):
        sys.exit(f"not all int8: {', '.join(sorted(FLOAT & set(found)))}")
