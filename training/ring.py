"""Patches on the GPU, the newest in the place of the oldest, and random crops of them, turned and mirrored at random, as training sees them."""
import torch

from skip import SCALE

RIM = 8  # input pixels of a patch that the teacher computed against padding


def to_blocks(high):
    """uint8 pictures [n, 4h, 4w, 3] to sixteenfold [n, 48, h, w], 0..1: the sixteen pixels of each input pixel as channels."""
    n, height, width, _ = high.shape
    parts = high.view(n, height // SCALE, SCALE, width // SCALE, SCALE, 3).permute(0, 1, 3, 2, 4, 5).reshape(n, height // SCALE, width // SCALE, -1)
    return parts.permute(0, 3, 1, 2).float() / 255


def to_input(low):
    """uint8 [n, h, w, 3] to [n, 3, h, w], 0..1, channels last in memory."""
    return low.permute(0, 3, 1, 2).float() / 255


class Ring:
    """Inputs, targets and truths, uint8. Where a photo's truth is not known it is the target, and a drawing's target is its truth."""

    def __init__(self, room, side, device):
        shape = lambda scale: (room, side * scale, side * scale, 3)
        self.low = torch.zeros(shape(1), dtype=torch.uint8, device=device)
        self.high, self.truth = (torch.zeros(shape(SCALE), dtype=torch.uint8, device=device) for _ in range(2))
        self.known = torch.zeros((), device=device)  # how many are filled
        self.room, self.side, self.count = room, side, 0

    def put(self, low, high, truth):
        places = torch.arange(self.count, self.count + len(low)) % self.room
        places = places.to(self.low.device)
        for own, new in ((self.low, low), (self.high, high), (self.truth, truth)):
            own[places] = new
        self.count += len(low)
        self.known.fill_(min(self.count, self.room))

    def draw(self, count, crop, truth_share=None):
        """`count` inputs [n, 3, crop, crop] and what they should become [n, 48, crop, crop]: the targets, or for a share of them the truth."""
        device = self.low.device
        chosen = (torch.rand(count, device=device) * self.known).long()
        start = RIM + (torch.rand(2, count, device=device) * (self.side - 2 * RIM - crop + 1)).long()
        turns = (torch.rand(3, count, device=device) < 0.5).view(3, count, 1, 1)

        def take(pictures, scale):
            line = torch.arange(crop * scale, device=device)
            down, across = line.view(1, -1, 1), line.view(1, 1, -1)
            down, across = torch.where(turns[0], across, down), torch.where(turns[0], down, across)  # transposed
            last = crop * scale - 1
            y = torch.where(turns[1], last - down, down) + (start[0] * scale).view(-1, 1, 1)
            x = torch.where(turns[2], last - across, across) + (start[1] * scale).view(-1, 1, 1)
            side = self.side * scale
            return pictures.view(-1, 3)[(chosen.view(-1, 1, 1) * side + y) * side + x]

        low, high = take(self.low, 1), take(self.high, SCALE)
        if truth_share:
            high = torch.where(torch.rand(count, 1, 1, 1, device=device) < truth_share, take(self.truth, SCALE), high)
        return to_input(low), to_blocks(high)
