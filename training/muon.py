"""Muon (Jordan et al., 2024): momentum whose matrix is made orthogonal, so that each direction of a layer moves alike.

For the inner convolutions, as matrices [out, in * 9]; Adam for the first, the last and the biases. Nothing here waits for a GPU, so that a
whole step can be recorded (replay.py); the rate is a tensor for the same reason. Adam's means are not corrected for their start: a warm-up is expected.
"""
import torch


def orthogonal(m, rounds=5):
    """The nearest (roughly) orthogonal matrix of each in a stack [k, rows, columns], rows <= columns: Newton-Schulz, quintic.

    Every step multiplies from the left by a polynomial of m m', so only matrices [rows, rows] are iterated.
    """
    x = m / (m.norm(dim=(1, 2), keepdim=True) + 1e-7)
    gram = x @ x.transpose(1, 2)
    one = torch.eye(m.shape[1], device=m.device)
    product = one
    for _ in range(rounds):
        factor = 3.4445 * one - 4.7750 * gram + 2.0315 * (gram @ gram)
        product, gram = factor @ product, factor @ gram @ factor
    return product @ x


def clipped(gradients, limit):
    """The gradients in one row, scaled to a norm of at most `limit`; zeros where one of them is not finite."""
    flat = torch.cat([g.flatten() for g in gradients])
    norm = flat.norm()
    return torch.where(norm.isfinite(), flat, torch.zeros_like(flat)) * (limit / (norm + 1e-12)).clamp(max=1)


class Adam:
    """Adam over a list of parameters; `rate` is a tensor to be filled."""

    def __init__(self, parameters, momentum=0.9, steady=0.99):
        self.parameters, self.momentum, self.steady = list(parameters), momentum, steady
        device, count = self.parameters[0].device, sum(p.numel() for p in self.parameters)
        self.rate, self.first, self.second = torch.zeros((), device=device), torch.zeros(count, device=device), torch.zeros(count, device=device)

    @torch.no_grad()
    def step(self, gradients):
        self.move(clipped(gradients, 1.0))

    def move(self, flat):
        self.first.lerp_(flat, 1 - self.momentum)
        self.second.lerp_(flat.square(), 1 - self.steady)
        move = self.first / (self.second.sqrt() + 1e-8) * self.rate
        for p, part in zip(self.parameters, move.split([p.numel() for p in self.parameters])):
            p.sub_(part.view_as(p))


class Muon:
    """Muon's direction for `net.weights[1:-1]`, scaled to the size of Adam's usual step, and Adam for the rest."""

    def __init__(self, net, momentum=0.95):
        self.inner, self.momentum = list(net.weights)[1:-1], momentum
        rest = [p for p in net.parameters() if not any(p is q for q in self.inner)]
        self.parameters, self.adam = self.inner + rest, Adam(rest)
        self.rate = self.adam.rate
        self.velocity = torch.zeros(sum(p.numel() for p in self.inner), device=self.rate.device)

    @torch.no_grad()
    def step(self, gradients):
        """gradients: in the order of `parameters`."""
        flat = clipped(gradients, 1.0)
        inner = flat[:len(self.velocity)]
        self.velocity.lerp_(inner, 1 - self.momentum)
        stack = inner.lerp(self.velocity, self.momentum).view(len(self.inner), len(self.inner[0]), -1)
        move = orthogonal(stack) * (0.2 * max(stack.shape[1:]) ** 0.5 * self.rate)
        for p, part in zip(self.inner, move):
            p.sub_(part.view_as(p))
        self.adam.move(flat[len(self.velocity):])
