"""The network that cleans: 2 x 2 pixels side by side as channels, as in FFDNet, two level planes, 3x3 convolutions with ReLU.

It answers what is to be added to the picture. Everything is computed at half of the picture's width and height, so a pixel costs a quarter.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from network import RoundActivation, RoundWeight

BLOCK = 2
PIXELS = 3 * BLOCK * BLOCK
LEVELS = 2
CHANGE_STEP = 1.2 / 255  # of the int8 change added to the picture: at most 154 levels up or down


def blocks(rgb):
    """[n, 3, h, w] to [n, 12, h / 2, w / 2], channels ordered (row, column, colour)."""
    n, c, h, w = rgb.shape
    return rgb.reshape(n, c, h // 2, 2, w // 2, 2).permute(0, 3, 5, 1, 2, 4).reshape(n, PIXELS, h // 2, w // 2)


def pixels(blocked):
    """The inverse of blocks()."""
    n, _, h, w = blocked.shape
    return blocked.reshape(n, 2, 2, 3, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, 3, 2 * h, 2 * w)


class Cleaner(nn.Module):
    """`convs` inner convolutions of `features` channels; receptive radius 2 * (convs + 2) pixels."""

    def __init__(self, features=48, convs=9):
        super().__init__()
        shapes = [(features, PIXELS + LEVELS)] + [(features, features)] * convs + [(PIXELS, features)]
        self.weights = nn.ParameterList([nn.Parameter(torch.empty(o, i, 3, 3)) for o, i in shapes])
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(o)) for o, _ in shapes])
        for k, weight in enumerate(self.weights):
            nn.init.kaiming_normal_(weight, nonlinearity="relu")
            if 0 < k <= convs:
                weight.data.mul_(0.35)
                nn.init.dirac_(identity := torch.empty_like(weight))
                weight.data.add_(identity)
        self.weights[-1].data.mul_(0.02)
        self.ranges = None  # largest activation after each ReLU; when set, the network computes as int8 does

    def layers_in(self, rgb, levels):
        """What the first convolution reads: [n, 14, h / 2, w / 2]. Levels are whole 255ths, as the int8 file takes them."""
        blocked = blocks(rgb)
        planes = (levels * 255).round() / 255
        return torch.cat([blocked, planes[:, :, None, None].expand(-1, -1, *blocked.shape[2:])], 1).contiguous(memory_format=torch.channels_last)

    def forward(self, rgb, levels):
        """rgb: float32 [n, 3, h, w] in 0..1, h and w even; levels: [n, 2]. The cleaned picture, not clamped."""
        x, step, last = self.layers_in(rgb, levels), 1 / 255, len(self.weights) - 1
        if self.ranges is not None:
            x = x * 255
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            if self.ranges is None:
                x = F.conv2d(x, weight, bias, padding=1)
                x = F.relu(x, inplace=True) if k < last else x.float()
                continue
            next_step = self.ranges[k] / 255 if k < last else CHANGE_STEP
            x = F.conv2d(x, RoundWeight.apply(weight) * (step / next_step), bias / next_step, padding=1)
            x = RoundActivation.apply(x, 0, 255) if k < last else RoundActivation.apply(x.float(), -128, 127) * CHANGE_STEP
            step = next_step
        return rgb + pixels(x)

    def calibrate(self, rgb, levels, percentile=99.995):
        """The range of each ReLU's output over a batch; the rarest values are clipped."""
        ranges, x = [], self.layers_in(rgb, levels)
        with torch.no_grad():
            for weight, bias in list(zip(self.weights, self.biases))[:-1]:
                x = F.relu(F.conv2d(x, weight, bias, padding=1))
                keep = max(1, int(x.numel() * (1 - percentile / 100)))
                ranges.append(float(torch.topk(x.flatten(), keep).values[-1]))
        return ranges


def keep(net, path):
    torch.save({"features": len(net.biases[0]), "convs": len(net.weights) - 2, "ranges": net.ranges, "weights": net.state_dict()}, path)


def load(path):
    state = torch.load(path, map_location="cpu")
    net = Cleaner(state["features"], state["convs"])
    net.load_state_dict(state["weights"])
    net.ranges = state["ranges"]
    return net.to(memory_format=torch.channels_last)
