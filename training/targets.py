"""The teacher, and what teacher.py's keep_colours() does to one picture on a CPU, for batches on a GPU."""
import functools
import math

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

from skip import SCALE


class Teacher:
    """The teacher in PyTorch, its weights read out of the ONNX file."""

    def __init__(self, path, device):
        self.weights = {t.name: torch.tensor(numpy_helper.to_array(t)).to(device) for t in onnx.load(path).graph.initializer}

    def hidden(self, rgb):
        """The outputs of its layers, the last one's included, for [n, 3, h, w] in 0..1; in half precision if `rgb` is."""
        x, i = rgb, 0
        while f"body.{i}.weight" in self.weights:
            x = F.conv2d(x, self.weights[f"body.{i}.weight"].to(rgb.dtype), self.weights[f"body.{i}.bias"].to(rgb.dtype), padding=1)
            if f"body.{i + 1}.slope" in self.weights:
                x = F.prelu(x, self.weights[f"body.{i + 1}.slope"].flatten().to(rgb.dtype))
            i += 2
            yield x

    def __call__(self, rgb):
        """[n, 3, 4h, 4w], not clamped."""
        for x in self.hidden(rgb):
            pass
        return F.pixel_shuffle(x, SCALE) + F.interpolate(rgb, scale_factor=SCALE, mode="nearest")


@functools.lru_cache(8)
def smoothing(length, sigma, device):
    """The matrix [length, length] that OpenCV's GaussianBlur with BORDER_REFLECT is along one axis."""
    radius = round(sigma * 8 + 1) // 2
    weights = torch.tensor([math.exp(-(k * k) / (2 * sigma * sigma)) for k in range(-radius, radius + 1)])
    matrix = torch.zeros(length, length)
    for place in range(length):
        for k, weight in enumerate(weights / weights.sum()):
            source = (place + k - radius) % (2 * length)
            matrix[place, min(source, 2 * length - 1 - source)] += weight
    return matrix.to(device)


@torch.no_grad()
def keep_colours(high, low, sigma=4.0):
    """high: [n, 3, 4h, 4w] in 0..1, the teacher's or the truth; low: the inputs [n, 3, h, w]. uint8 [n, 4h, 4w, 3] with the low frequencies of the inputs."""
    down, across = (smoothing(length, sigma, low.device) for length in low.shape[2:])
    drift = down @ (low - F.avg_pool2d(high, SCALE)) @ across.t()
    target = high + F.interpolate(drift, scale_factor=SCALE, mode="bilinear", align_corners=False)
    grey = (low == low[:, :1]).flatten(1).all(1).view(-1, 1, 1, 1)
    target = torch.where(grey, target.mean(1, keepdim=True), target)
    return target.mul(255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous()
