"""Pairs of network input and target, cut from photos and drawings: NAME.low.npy and NAME.high.npy.

For a photo only the input and the teacher matter, so an input may come from any scale of it, and more of the photo is used than a
ground truth four times larger would allow. A drawing is its own target: the teacher turns small letters into others.
"""
import argparse
import glob
import math
import os
import random

import cv2
import numpy as np

from degrade import degrade
from drawings import drawing
from teacher import SCALE, keep_colours, load_teacher

SIDE = 96  # of a stored input; its rim is computed against padding and is not trained on
HELD_OUT = ["budgie-oakland-zoo-otters", "budgie-roman-colosseum", "pop-kait-herzog-8242"]  # validation and the sheet


def load_photos(folder, held_out=False):
    """The photos, uint8 RGB, without the held-out ones or only those."""
    paths = sorted(glob.glob(os.path.join(folder, "*.jpg")))
    chosen = [p for p in paths if (os.path.basename(p)[:-4] in HELD_OUT) == held_out]
    return [cv2.imread(p)[..., ::-1].copy() for p in chosen]


def photo_crop(photos):
    """A square piece of a photo, 1.2 to 10 times the input's side, seldom a flat one, turned and recoloured at random."""
    for attempt in range(12):
        photo = random.choice(photos)
        ratio = min(math.exp(random.uniform(math.log(1.2), math.log(10))), min(photo.shape[:2]) / SIDE - 0.01)
        side = int(SIDE * ratio)
        y, x = random.randint(0, photo.shape[0] - side), random.randint(0, photo.shape[1] - side)
        crop = photo[y:y + side, x:x + side]
        probe = cv2.resize(crop, (48, 48), interpolation=cv2.INTER_AREA).astype(np.float32)
        detail = np.abs(np.diff(probe, axis=0)).mean() + np.abs(np.diff(probe, axis=1)).mean()
        if detail > random.uniform(2, 14):
            break
    crop = np.rot90(crop, random.randint(0, 3))[:, :: random.choice([1, -1])]
    if random.random() < 0.3:
        crop = crop[..., np.random.permutation(3)]
    if random.random() < 0.3:
        table = (np.linspace(0, 1, 256) ** math.exp(random.uniform(-0.6, 0.6)) * 255).round().astype(np.uint8)
        crop = table[crop]
    return np.ascontiguousarray(crop)


def make_patches(photos, count, teacher, out, drawn=0.28, batch=8, **damage):
    """Writes `count` pairs: low [n, 96, 96, 3] and high [n, 384, 384, 3], uint8 RGB; `damage` goes to degrade()."""
    low = np.lib.format.open_memmap(out + ".low.npy", "w+", np.uint8, (count, SIDE, SIDE, 3))
    high = np.lib.format.open_memmap(out + ".high.npy", "w+", np.uint8, (count, SIDE * SCALE, SIDE * SCALE, 3))
    for i in range(0, count, batch):
        n = min(batch, count - i)
        drawings = [random.random() < drawn for _ in range(n)]
        pairs = [degrade(drawing(SIDE * SCALE) if k else photo_crop(photos), SIDE, **damage) for k in drawings]
        low[i:i + n] = [p[0] for p in pairs]
        high[i:i + n] = [keep_colours(truth.astype(np.float32) if known else teacher(a[None])[0], a) for (a, truth), known in zip(pairs, drawings)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", required=True)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--held-out", action="store_true", help="from the held-out photos, for validation")
    parser.add_argument("--drawn", type=float, help="share of drawings: 0.28, or 0.5 of hard ones")
    parser.add_argument("--hard", action="store_true", help="fewer clean ones, more that were worn twice or filtered")
    parser.add_argument("--out", required=True, help="path without .low.npy")
    args = parser.parse_args()
    random.seed(args.seed)
    np.random.seed(args.seed)
    cv2.setNumThreads(1)
    damage = {"clean": 0.2, "twice": 0.6, "filtered": 0.4, "drawn": 0.5} if args.hard else {"drawn": 0.28}
    if args.drawn is not None:
        damage["drawn"] = args.drawn
    make_patches(load_photos(args.photos, args.held_out), args.count, load_teacher(args.teacher), args.out, **damage)
