"""Pairs of network input and truth, cut from photos and drawings.

For a photo only the input and the teacher matter, so an input may come from any scale of it, and more of the photo is used than a
ground truth four times larger would allow; where the photo is large enough, its truth is given too. A drawing is its own target: the teacher turns
small letters into others.
"""
import glob
import math
import os
import random

import cv2
import numpy as np
from PIL import Image

from degrade import degrade, jpeg, noise, shrink
from drawings import drawing
from letters import screen
from skip import SCALE

SIDE = 96  # of an input; its rim is computed against padding and is not trained on
HELD_OUT = ["budgie-oakland-zoo-otters", "budgie-roman-colosseum", "pop-kait-herzog-8242"]  # validation and the sheet
HARD = {"clean": 0.2, "twice": 0.6, "filtered": 0.4}


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


def photo_pair(photos):
    """An input, a third of them hard ones, and the truth, or None where the photo has too few pixels for one."""
    low, source = degrade(photo_crop(photos), SIDE, **(HARD if random.random() < 0.35 else {}))
    return low, shrink(source, SIDE * SCALE, Image.BICUBIC) if source.shape[0] >= SIDE * SCALE else None


def drawing_pair():
    """An input and its truth: print as a screen shows it, clean or through JPEG of 40 to 90; or any drawing, worn as photos are."""
    if random.random() < 0.35:
        low, truth = screen(SIDE)
        wear = random.random()
        if wear < 0.1:
            low = noise(low)
        if wear < 0.55:
            low = jpeg(low, 40, 90)
        return low, truth
    low, truth = degrade(drawing(SIDE * SCALE), SIDE, **(HARD if random.random() < 0.25 else {}))
    return low, truth
