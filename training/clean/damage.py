"""Pairs of a spoiled picture and the truth, with the two levels that tell how it was spoiled.

levels: [noise, blocks], each 0 to 1. noise is the standard deviation of the noise in levels of 255, divided by NOISE_FULL; blocks is
(100 - quality) / 100 of a JPEG, 0 where there was none.
"""
import io
import math
import random

import cv2
import numpy as np
from PIL import Image

from drawings import drawing
from letters import screen

NOISE_FULL = 60.0
CLEAN_RATIO = 1.5  # photos are shrunk at least so much: their own noise and JPEG's blocks go


def truth_crop(photos, side):
    """A clean square of a photo or, for a fifth of them, of a drawing: uint8 RGB [side, side, 3]."""
    if random.random() < 0.2:
        return np.ascontiguousarray(screen(side)[0] if random.random() < 0.4 else drawing(side))
    photo = random.choice(photos)
    ratio = min(math.exp(random.uniform(math.log(CLEAN_RATIO), math.log(5))), min(photo.shape[:2]) / side - 0.01)
    size = int(side * ratio)
    y, x = random.randint(0, photo.shape[0] - size), random.randint(0, photo.shape[1] - size)
    crop = cv2.resize(photo[y:y + size, x:x + size], (side, side), interpolation=cv2.INTER_AREA)
    crop = np.rot90(crop, random.randint(0, 3))[:, :: random.choice([1, -1])]
    if random.random() < 0.2:
        crop = crop[..., np.random.permutation(3)]
    if random.random() < 0.2:
        crop = (np.linspace(0, 1, 256) ** math.exp(random.uniform(-0.6, 0.6)) * 255).round().astype(np.uint8)[crop]
    if random.random() < 0.08:
        crop = np.repeat(cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    return np.ascontiguousarray(crop)


def gaussian(image, sigma):
    """White noise, each channel for itself."""
    return image + np.random.randn(*image.shape).astype(np.float32) * sigma


def camera(image, sigma):
    """Noise as cameras leave it: more where there is more light, alike in the channels to some degree, at times coarser than a pixel."""
    alike = random.random()
    grain = np.random.randn(*image.shape).astype(np.float32)
    grain = math.sqrt(alike) * np.random.randn(*image.shape[:2], 1).astype(np.float32) + math.sqrt(1 - alike) * grain
    if random.random() < 0.5:
        grain = cv2.GaussianBlur(grain, (0, 0), random.uniform(0.3, 0.8))
    share = random.uniform(0, 0.9)  # of the variance that comes from the light
    light = image.astype(np.float32).mean(2, keepdims=True) / 255
    grain *= np.sqrt(1 - share + share * 2 * light)
    return image + grain * (sigma / max(1e-3, float(grain.std())))


def jpeg(image, quality, whole_colour):
    """Through JPEG, colour at full or at half resolution. The crop does not begin where a block does."""
    dy, dx = random.randint(0, 15), random.randint(0, 15)
    padded = cv2.copyMakeBorder(image, dy, 16, dx, 16, cv2.BORDER_REFLECT)
    coded = Image.fromarray(padded)
    buffer = io.BytesIO()
    coded.save(buffer, "JPEG", quality=quality, subsampling=0 if whole_colour else 2)
    opened = np.asarray(Image.open(buffer).convert("RGB"))
    return opened[dy:dy + image.shape[0], dx:dx + image.shape[1]]


def stored(image):
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def spoil(truth):
    """The spoiled picture, uint8, and its levels [noise, blocks]."""
    kind = random.random()
    image, levels = truth, [0.0, 0.0]
    if kind < 0.62 or kind > 0.9:
        sigma = random.uniform(1, NOISE_FULL) if kind < 0.9 else random.uniform(1, 30)
        image = stored((gaussian if kind < 0.42 else camera)(truth, sigma))
        levels[0] = sigma / NOISE_FULL
    if kind >= 0.62:
        quality = random.randint(8, 95)
        image = jpeg(image, quality, random.random() < 0.3)
        levels[1] = (100 - quality) / 100
    if random.random() < 0.3:  # people guess
        levels = [min(1.0, v * math.exp(random.uniform(-0.25, 0.25))) for v in levels]
    return image, levels


def batch(photos, count, side):
    """uint8 spoiled and truth [count, side, side, 3], and levels float32 [count, 2]."""
    spoiled, truths, levels = [], [], []
    for _ in range(count):
        truth = truth_crop(photos, side)
        image, told = spoil(truth)
        spoiled.append(image)
        truths.append(truth)
        levels.append(told)
    return np.stack(spoiled), np.stack(truths), np.array(levels, np.float32)
