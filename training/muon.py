"""Muon (Jordan et al., 2024): momentum whose matrix is made orthogonal, so that each direction of a layer moves alike.

For the inner convolutions, as matrices [out, in * 9]; Adam for the first, the last and the biases.
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


class Muon(torch.optim.Adam):
    """Adam, with Muon's direction for `net.weights[1:-1]`, scaled to the size of Adam's usual step."""

    def __init__(self, net, rate, momentum=0.95):
        inner = list(net.weights)[1:-1]
        rest = [p for p in net.parameters() if not any(p is q for q in inner)]
        super().__init__(rest, rate, betas=(0.9, 0.99))
        self.inner, self.momentum = inner, momentum
        self.velocity = [torch.zeros_like(p) for p in inner]

    def zero_grad(self):
        super().zero_grad()
        for p in self.inner:
            p.grad = None

    @torch.no_grad()
    def step(self):
        super().step()
        rate = self.param_groups[0]["lr"]
        for p, v in zip(self.inner, self.velocity):
            v.lerp_(p.grad, 1 - self.momentum)
        stack = torch.stack([p.grad.lerp(v, self.momentum).flatten(1) for p, v in zip(self.inner, self.velocity)])
        moves = orthogonal(stack) * 0.2 * max(stack.shape[1:]) ** 0.5
        for p, move in zip(self.inner, moves):
            p.add_(move.view_as(p), alpha=-rate)
