"""Random crops of stored patches, turned and mirrored at random, as training sees them."""
import numpy as np
import torch

from skip import SCALE

RIM = 8  # input pixels of a stored patch that the teacher computed against padding


class Patches:
    """Stored pairs (patches.py), each equally likely."""

    def __init__(self, names, device):
        self.pairs = [(np.load(n + ".low.npy", mmap_mode="r"), np.load(n + ".high.npy", mmap_mode="r")) for n in names]
        self.ends = np.cumsum([len(low) for low, _ in self.pairs])
        self.device = device

    def tensor(self, stack):
        x = torch.from_numpy(np.stack(stack)).permute(0, 3, 1, 2).to(self.device)
        return x.float().div_(255).contiguous(memory_format=torch.channels_last)

    def crop(self, index, y, x, side, turn=(False, False, False)):
        """Input [side, side, 3] and its sixteenfold target [side, side, 48]; `turn`: upside down, mirrored, transposed."""
        pair = int(np.searchsorted(self.ends, index, "right"))
        low, high = (a[index - self.ends[pair] + len(a)] for a in self.pairs[pair])
        low, high = low[y:y + side, x:x + side], high[y * SCALE:(y + side) * SCALE, x * SCALE:(x + side) * SCALE]
        for flip, change in zip(turn, (np.flipud, np.fliplr, lambda a: a.transpose(1, 0, 2))):
            if flip:
                low, high = change(low), change(high)
        blocks = high.reshape(side, SCALE, side, SCALE, 3).transpose(0, 2, 1, 3, 4).reshape(side, side, -1)
        return np.ascontiguousarray(low), blocks

    def batch(self, count, side):
        extent = self.pairs[0][0].shape[1] - 2 * RIM - side + 1
        chosen = [self.crop(np.random.randint(len(self)), *(RIM + np.random.randint(0, extent, 2)), side, np.random.random(3) < 0.5) for _ in range(count)]
        return self.tensor([c[0] for c in chosen]), self.tensor([c[1] for c in chosen])

    def whole(self, index):
        low, high = self.crop(index, 0, 0, self.pairs[0][0].shape[1])
        return self.tensor([low]), self.tensor([high])

    def __len__(self):
        return int(self.ends[-1])
