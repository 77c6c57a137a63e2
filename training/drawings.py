"""Synthetic pictures: text, lines, shapes, hatching and gradients, which photographs lack."""
import random

import cv2
import numpy as np
from PIL import Image, ImageDraw

from letters import LETTERS, any_face, page


def colour():
    """Any colour; often black, white or a grey, as in print."""
    if random.random() < 0.35:
        return (random.choice([0, 0, 255, 255, random.randint(0, 255)]),) * 3
    return tuple(random.randint(0, 255) for _ in range(3))


def background(side):
    """One colour, or a smooth gradient between up to four."""
    if random.random() < 0.5:
        return Image.new("RGB", (side, side), colour())
    corners = np.array([[colour(), colour()], [colour(), colour()]], np.uint8)
    return Image.fromarray(cv2.resize(corners, (side, side), interpolation=cv2.INTER_LINEAR))


def draw_text(draw, side):
    """A line or a paragraph; 14 pixels and more, so that a quarter of it can still be read, or just not."""
    size = int(14 * 8 ** random.random())
    font = any_face(size)
    lines = random.choice([1, 1, 2, 6])
    text = "\n".join("".join(random.choices(LETTERS, k=random.randint(3, max(4, 2 * side // size)))) for _ in range(lines))
    outline = random.choice([0, 0, 0, random.randint(1, 5)])
    draw.text((random.randint(-20, side // 2), random.randint(-10, side - 20)), text, fill=colour(), font=font,
              stroke_width=outline, stroke_fill=colour())


def draw_hatching(draw, side):
    """Parallel lines, near to what the input's pixels can carry and wider."""
    period, ink = random.uniform(6, 40), colour()
    x0, y0 = random.randint(-40, side), random.randint(-40, side)
    length, lean = random.randint(30, side), random.uniform(-1.5, 1.5)
    flip = random.random() < 0.5
    for i in range(random.randint(3, 24)):
        a, b = x0 + i * period, y0
        c, d = a + lean * length, y0 + length
        draw.line([b, a, d, c] if flip else [a, b, c, d], fill=ink, width=max(1, int(period * random.uniform(0.2, 0.6))))


def draw_curve(draw, side):
    """A smooth pen stroke."""
    t = np.linspace(0, 1, 40)[:, None]
    p = np.random.uniform(-40, side + 40, (4, 2))
    points = (1 - t) ** 3 * p[0] + 3 * t * (1 - t) ** 2 * p[1] + 3 * t * t * (1 - t) * p[2] + t ** 3 * p[3]
    draw.line([tuple(q) for q in points], fill=colour(), width=random.randint(1, 12), joint="curve")


def draw_shape(draw, side):
    """An ellipse, a polygon or a rectangle, filled or outlined."""
    x0, y0, x1, y1 = [random.randint(-40, side + 40) for _ in range(4)]
    box = [min(x0, x1), min(y0, y1), max(x0, x1) + 1, max(y0, y1) + 1]
    fill, outline, width = random.choice([colour(), None]), colour(), random.randint(1, 10)
    kind = random.random()
    if kind < 0.4:
        draw.ellipse(box, fill=fill, outline=outline, width=width)
    elif kind < 0.7:
        draw.polygon([tuple(q) for q in np.random.uniform(0, side, (random.randint(3, 7), 2))], fill=fill or colour(), outline=outline)
    else:
        draw.rectangle(box, fill=fill, outline=outline, width=width)


def drawing(side):
    """One synthetic picture, uint8 RGB [side, side, 3], without aliasing (drawn twice as large)."""
    if random.random() < 0.35:
        return np.asarray(page(side))
    if random.random() < 0.2:  # text of all sizes and colours, one over the other
        tools, count = [draw_text], random.randint(3, 8)
    else:
        tools, count = [draw_shape, draw_curve, draw_curve, draw_hatching, draw_text], random.randint(3, 16)
    image = background(2 * side)
    draw = ImageDraw.Draw(image)
    for _ in range(count):
        random.choice(tools)(draw, 2 * side)
    return np.asarray(image.resize((side, side), Image.BOX))
