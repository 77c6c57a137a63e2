"""What the world does to a picture before it is uploaded: shrinking, blur, noise, JPEG."""
import random

import cv2
import numpy as np
from PIL import Image

ANTIALIASED = [Image.BICUBIC, Image.BICUBIC, Image.BICUBIC, Image.LANCZOS, Image.BOX]


def shrink(image, side, kernel=None):
    """uint8 RGB to side x side with an antialiasing kernel (Pillow's, like MATLAB's imresize, widens it; OpenCV's does not)."""
    return np.asarray(Image.fromarray(image).resize((side, side), kernel or random.choice(ANTIALIASED)))


def jpeg(image, low, high):
    """Through JPEG (4:2:0) at a random quality. uint8 RGB."""
    coded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, random.randint(low, high)])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1]


def noise(image):
    """Gaussian noise, on all channels alike or on each, at times coarser than a pixel, as a camera's processing leaves it."""
    channels = 1 if random.random() < 0.4 else 3
    grain = np.random.randn(*image.shape[:2], channels).astype(np.float32) * random.uniform(0.5, 12)
    if random.random() < 0.3:
        grain = cv2.GaussianBlur(grain, (0, 0), random.uniform(0.4, 0.9)).reshape(*image.shape[:2], channels) * 1.8
    return np.clip(np.round(image + grain), 0, 255).astype(np.uint8)


def stretch(image):
    """More contrast and colour, clipped, as filters leave it."""
    middle, gain = image.mean((0, 1), keepdims=True), random.uniform(1.2, 2.2)
    return np.clip((image - middle) * gain + middle, 0, 255).astype(np.uint8)


def sharpen(image):
    """An unsharp mask, halos included."""
    soft = cv2.GaussianBlur(np.ascontiguousarray(image), (0, 0), random.uniform(0.6, 1.5)).astype(np.float32)
    return np.clip(np.round(image + (image - soft) * random.uniform(0.3, 1.5)), 0, 255).astype(np.uint8)


def worn(source, side):
    """Blurred, shrunk (or enlarged) to side x side, noisy, and through JPEG; each at times."""
    ratio = max(1, source.shape[0] / side)
    if random.random() < 0.65:
        across = random.uniform(0.2, 1.1) * ratio
        down = across if random.random() < 0.6 else random.uniform(0.2, 1.1) * ratio
        source = cv2.GaussianBlur(np.ascontiguousarray(source), (0, 0), across, sigmaY=down)
    low = shrink(source, side, random.choice(ANTIALIASED + [Image.BILINEAR]))
    if random.random() < 0.45:
        low = noise(low)
    if random.random() < 0.65:
        low = jpeg(low, *random.choice([(20, 50), (35, 96), (60, 96)]))
    return low


def degrade(source, side, clean=0.4, twice=0.0, filtered=0.0):
    """A picture of any size, uint8 RGB, to a network input of side x side, and the picture that the input shows: the same, recoloured alike.

    A share of `clean` is only shrunk; of the others a share of `twice` has been worn before at another size, often a smaller one,
    so that blocks and noise are enlarged; a share of `filtered` has stretched contrast or is oversharpened.
    """
    if random.random() < 0.08:
        source = np.repeat(cv2.cvtColor(np.ascontiguousarray(source), cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    if random.random() < filtered:
        source = stretch(source)
    truth = source
    if random.random() < clean:
        low = shrink(source, side)
        return (sharpen(low) if random.random() < filtered else low), truth
    if random.random() < twice:
        source = worn(source, int(side * random.choice([0.4, 0.5, 0.5, 0.67, 0.75, 1, 1.3]) * random.uniform(0.9, 1.1)))
        if random.random() < 0.5:  # JPEG before it was enlarged
            source = jpeg(source, 15, 70)
    low = worn(source, side)
    if random.random() < filtered:
        low = sharpen(low)
    if random.random() < 0.2:  # shared once more
        low = cv2.GaussianBlur(np.ascontiguousarray(low), (0, 0), random.uniform(0.2, 0.8))
        low = jpeg(low, 40, 96)
    return low, truth
