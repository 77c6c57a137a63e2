"""The student: a plain stack of 3x3 convolutions with ReLU, a sub-pixel shuffle, and a smooth skip of the input (skip.py).

ONNX Runtime runs an int8 convolution and its ReLU as one kernel, and nothing else in the stack costs time: no branches, no
other activations. What helps training is folded into the weights: each inner convolution is the identity plus what it learns.

Output channels are ordered (row in the block, column in the block, colour), so that in NHWC the sub-pixel shuffle
moves runs of twelve bytes.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from skip import SCALE, kernel

WEIGHT_LEVELS = 63  # 7-bit weights: products of two pairs fit 16 bits, so AVX2 without VNNI computes exactly the same
DETAIL_STEP = 1.5 / 255  # of the int8 detail added to the input: 128 steps to each side are 192 levels


def same_size(x, weight, bias):
    return F.conv2d(x, weight, bias, padding=1)


def within_flat(x, weight, bias):
    """What a convolution answers where all within its reach is one value."""
    return F.conv2d(x, weight.sum((2, 3), keepdim=True), bias)


class Student(nn.Module):
    """`convs` inner convolutions of `features` channels; receptive radius convs + 2 input pixels."""

    def __init__(self, features=48, convs=20):
        super().__init__()
        shapes = [(features, 3)] + [(features, features)] * convs + [(3 * SCALE * SCALE, features)]
        self.weights = nn.ParameterList([nn.Parameter(torch.empty(o, i, 3, 3)) for o, i in shapes])
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(o)) for o, _ in shapes])
        for k, weight in enumerate(self.weights):
            nn.init.kaiming_normal_(weight, nonlinearity="relu")
            if 0 < k <= convs:
                weight.data.mul_(0.35)
                nn.init.dirac_(identity := torch.empty_like(weight))
                weight.data.add_(identity)
        self.weights[-1].data.mul_(0.02)
        self.register_buffer("skip", torch.from_numpy(kernel()), persistent=False)
        self.ranges = None  # largest activation after each ReLU; when set, the network computes as int8 does

    def forward(self, rgb, taps=(), convolution=same_size):
        """float32 RGB [n, 3, h, w] in 0..1 to the sixteen pixels of each input pixel, [n, 48, h, w], not clamped.

        With `taps`, numbers of layers, also a list of their outputs. With `within_flat` as the convolution each input pixel stands for a picture of that colour.
        """
        last = len(self.weights) - 1
        x, step, tapped = rgb, 1 / 255, []
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            if self.ranges is None:
                x = convolution(x, weight, bias)
                x = F.relu(x, inplace=True) if k < last else x.float()
                if k in taps:
                    tapped.append(x)
                continue
            weight = RoundWeight.apply(weight)
            next_step = self.ranges[k] / 255 if k < last else DETAIL_STEP
            if k == 0:
                x = x * 255
            x = convolution(x, weight * (step / next_step), bias / next_step)
            x = RoundActivation.apply(x, 0, 255) if k < last else RoundActivation.apply(x.float(), -128, 127) * DETAIL_STEP
            step = next_step
            if k in taps:
                tapped.append(x * step)
        base = convolution(rgb, self.skip, None)
        result = x + (base if self.ranges is None else (base * 255).round() / 255)
        return (result, tapped) if taps else result

    def base(self, rgb):
        """The smooth enlargement that the detail is added to, as sixteen pixels of each input pixel, [n, 48, h, w]."""
        return same_size(rgb, self.skip, None)

    def activations(self, rgb):
        """The outputs of the ReLUs, one after the other, for calibration."""
        x = rgb
        for weight, bias in list(zip(self.weights, self.biases))[:-1]:
            x = F.relu(F.conv2d(x, weight, bias, padding=1))
            yield x


class RoundWeight(torch.autograd.Function):
    """Weights as int8 will hold them: symmetric, one step for each output channel."""

    @staticmethod
    def forward(ctx, weight):
        step = weight_steps(weight).view(-1, 1, 1, 1)
        return (weight / step).round() * step

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class RoundActivation(torch.autograd.Function):
    """To whole steps between two bounds; the gradient passes where nothing was clipped."""

    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward((x > low) & (x < high))
        return x.round().clamp_(low, high)

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.saved_tensors[0], None, None


def weight_steps(weight):
    """The int8 step of each output channel."""
    return weight.detach().abs().flatten(1).max(1).values.clamp(min=1e-8) / WEIGHT_LEVELS


def calibrate(net, rgb, percentile=99.995):
    """The range of each ReLU's output over a batch [n, 3, h, w]; the rarest values are clipped."""
    with torch.no_grad():
        ranges = []
        for x in net.activations(rgb):
            keep = max(1, int(x.numel() * (1 - percentile / 100)))
            ranges.append(float(torch.topk(x.flatten(), keep).values[-1]))
    return ranges


def keep(net, path):
    """A file that load(), export.py and average.py take."""
    torch.save({"features": len(net.biases[0]), "convs": len(net.weights) - 2, "ranges": net.ranges, "weights": net.state_dict()}, path)


def load(path, device):
    state = torch.load(path, map_location=device)
    net = Student(state["features"], state["convs"])
    net.load_state_dict(state["weights"])
    net.ranges = state["ranges"]
    return net.to(device).to(memory_format=torch.channels_last)


def twin(net):
    """A copy, for the moving average."""
    copy = Student(len(net.biases[0]), len(net.weights) - 2)
    copy.load_state_dict(net.state_dict())
    copy.ranges = net.ranges
    return copy.to(net.biases[0].device).to(memory_format=torch.channels_last)
