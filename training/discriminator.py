"""A small U-Net that tells, pixel by pixel, whether a picture is wanted or was made by the student (as in Real-ESRGAN, an eighth of its size)."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class SpectralConv(nn.Conv2d):
    """A convolution divided by its largest singular value, which one step of the power iteration follows (Miyato et al., 2018)."""

    def __init__(self, *sizes, **options):
        super().__init__(*sizes, bias=False, **options)
        self.register_buffer("left", F.normalize(torch.randn(self.out_channels), dim=0))

    def forward(self, x):
        with torch.autocast(x.device.type, enabled=False):
            matrix = self.weight.flatten(1)
            with torch.no_grad():
                right = F.normalize(matrix.t() @ self.left, dim=0)
                if self.training:
                    self.left.copy_(F.normalize(matrix @ right, dim=0))
            weight = self.weight / (self.left.clone() @ (matrix @ right))
        return F.conv2d(x, weight, None, self.stride, self.padding)


class Discriminator(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        w = width
        self.first = nn.Conv2d(3, w, 3, padding=1)
        self.down = nn.ModuleList([SpectralConv(w << k, w << (k + 1), 4, stride=2, padding=1) for k in range(3)])
        self.up = nn.ModuleList([SpectralConv(w << (k + 1), w << k, 3, padding=1) for k in (2, 1, 0)])
        self.end = nn.ModuleList([SpectralConv(w, w, 3, padding=1) for _ in range(2)])
        self.last = nn.Conv2d(w, 1, 3, padding=1)

    def forward(self, picture):
        """[n, 3, h, w] in 0..1, sides multiples of 8, to logits [n, 1, h, w]."""
        x = F.leaky_relu(self.first(picture * 2 - 1), 0.2)
        passed = []
        for layer in self.down:
            passed.append(x)
            x = F.leaky_relu(layer(x), 0.2)
        for layer in self.up:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = F.leaky_relu(layer(x), 0.2) + passed.pop()
        for layer in self.end:
            x = F.leaky_relu(layer(x), 0.2)
        return self.last(x).float()
