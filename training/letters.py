"""Small print: as it is shrunk with a picture, and as a screen draws it."""
import functools
import glob
import math
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from skip import SCALE

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;!?&%()-+="
SMALL = "abcdefghijklmnopqrstuvwxyzaeiourstln"
FONTS = sorted(glob.glob("/usr/share/fonts/**/*.ttf", recursive=True))


@functools.lru_cache(500)
def typeface(path, size):
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def any_face(size):
    return typeface(random.choice(FONTS), size)


def ink_and_paper():
    """Two colours, most of them dark on light or light on dark."""
    spread = random.randint(60, 255)
    ink, paper = sorted([random.randint(0, 255 - spread), random.randint(spread, 255)])
    if random.random() < 0.5:
        ink, paper = random.randint(0, 60), random.randint(200, 255)
    if random.random() < 0.3:
        ink, paper = paper, ink
    shade = lambda v: (v,) * 3 if random.random() < 0.6 else tuple(int(np.clip(v + random.randint(-60, 60), 0, 255)) for _ in range(3))
    return shade(ink), shade(paper)


def words(count):
    """Letters at random, so that no word can be guessed from another."""
    chosen = ["".join(random.choices(random.choice([SMALL, SMALL, SMALL, LETTERS]), k=random.randint(1, 10))) for _ in range(count)]
    return [w.capitalize() for w in chosen] if random.random() < 0.3 else chosen


def page(side):
    """Small print: 24 to 64 pixels high, 6 to 16 in the input, lines from edge to edge."""
    size = int(24 * (64 / 24) ** random.random())
    ink, paper = ink_and_paper()
    image = Image.new("RGB", (side, side), paper)
    font, y = any_face(size), random.randint(-size, size)
    while y < side:
        ImageDraw.Draw(image).text((random.randint(-size, size), y), " ".join(words(3 + 2 * side // size // 5)), fill=ink, font=font)
        y += int(size * random.uniform(1.1, 1.8))
    return image


def screen(side):
    """Small print as a screen shows it, drawn at the input's own resolution, 6 to 16 pixels high: uint8 RGB [side, side, 3]; and what it means, four times larger.

    Fonts fit their letters to the pixels, so the large print has the small one's height of an x, and each word its width.
    """
    path, size = random.choice(FONTS), random.choice([6, 7, 8, 8, 8, 9, 9, 10, 11, 12, 13, 14, 16])
    font = typeface(path, size)
    height = lambda face: max(1, -face.getbbox("x", anchor="ls")[1])
    large = typeface(path, max(8, round(SCALE * size * SCALE * height(font) / height(typeface(path, SCALE * size)))))
    ink, paper = ink_and_paper()
    low, high = Image.new("RGB", (side, side), paper), Image.new("RGB", (side * SCALE, side * SCALE), paper)
    pen, room = ImageDraw.Draw(low), 2 * large.size
    y, pitch = random.randint(0, size), random.uniform(1.15, 1.8)
    while y < side + size:
        x = random.randint(-2 * size, 2 * size)
        for word in words(side // size):
            width, full = font.getlength(word), large.getlength(word)
            if x > side or width <= 0 or full <= 0:
                break
            pen.text((x, y), word, fill=ink, font=font, anchor="ls")
            mask = Image.new("L", (math.ceil(full) + room, 2 * room))
            ImageDraw.Draw(mask).text((room // 2, room), word, fill=255, font=large, anchor="ls")
            narrow = SCALE * width / full
            mask = mask.resize((max(1, round(mask.width * narrow)), mask.height), Image.BICUBIC)
            high.paste(ink, (round(SCALE * x - room // 2 * narrow), SCALE * y - room), mask)
            x += round(width + size * random.uniform(0.25, 0.4))
        y += max(1, round(size * pitch))
    return np.asarray(low), np.asarray(high)
