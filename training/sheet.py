"""The picture sheet of the model card: crops at 100 %, side by side: Lanczos, the model, the teacher.

    sheet.py --photos PHOTOS --teacher TEACHER.onnx --model MODEL.onnx --work DIR --out sheet.jpg

Every crop comes from a photo that was held out of training, or is drawn here.
"""
import argparse
import os

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from degrade import jpeg, shrink
from evaluate import read, upscale
from teacher import SCALE

VIEW, CONTEXT, BAND = 72, 112, 22  # input pixels shown, input pixels given to the network, height of a label
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SERIF = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"


def crop(photo, x, y, side):
    """A square around a point (in shares of the photo), `side` pixels of it, shrunk to the network's input."""
    height, width = photo.shape[:2]
    left, top = int(np.clip(x * width - side / 2, 0, width - side)), int(np.clip(y * height - side / 2, 0, height - side))
    return shrink(photo[top:top + side, left:left + side], CONTEXT, Image.BICUBIC)


def drawn(paint):
    """What `paint(draw, side)` draws on a large canvas, shrunk to the network's input."""
    side = CONTEXT * 8
    image = Image.new("RGB", (side, side), (250, 248, 240))
    paint(ImageDraw.Draw(image), side)
    return np.asarray(image.resize((CONTEXT, CONTEXT), Image.BICUBIC))


def text(draw, side):
    words = "The little tile\nof a mosaic is\ncalled tessera.\n0123456789 &?\nThe eye joins."
    draw.multiline_text((side * 0.2, side * 0.2), words, fill=(20, 20, 30), font=ImageFont.truetype(SERIF, side // 13), spacing=side // 32)


def face(draw, side):
    """A drawn face: outlines, flat colours, round forms."""
    at = lambda *box: [side * (0.2 + 0.6 * v) for v in box]
    ink, pen = (40, 25, 30), side // 80
    draw.rectangle([0, 0, side, side], fill=(140, 190, 215))
    draw.ellipse(at(0.08, 0.0, 0.92, 0.95), fill=(90, 50, 30), outline=ink, width=pen)
    draw.ellipse(at(0.16, 0.12, 0.84, 1.0), fill=(245, 205, 170), outline=ink, width=pen)
    for x in (0.36, 0.64):
        draw.ellipse(at(x - 0.1, 0.4, x + 0.1, 0.56), fill=(255, 255, 255), outline=ink, width=pen)
        draw.ellipse(at(x - 0.05, 0.42, x + 0.05, 0.54), fill=(60, 110, 70), outline=ink, width=pen // 2)
        draw.arc(at(x - 0.13, 0.3, x + 0.13, 0.46), 200, 340, fill=ink, width=pen * 2)
        draw.ellipse(at(x - 0.12 + (x - 0.5) * 0.5, 0.62, x + 0.12 + (x - 0.5) * 0.5, 0.76), fill=(240, 165, 150))
    draw.arc(at(0.45, 0.48, 0.57, 0.68), 20, 120, fill=ink, width=pen)
    draw.chord(at(0.33, 0.62, 0.67, 0.88), 15, 165, fill=(180, 50, 60), outline=ink, width=pen)


def lines(draw, side):
    """Thin lines that fan out, circles, a checked floor."""
    for i in range(24):
        angle = i * np.pi / 23
        draw.line([side / 2, side * 0.5, side / 2 + side * 0.45 * np.cos(angle), side * (0.5 - 0.45 * np.sin(angle))], fill=(30, 40, 90), width=side // 150)
    for i in range(1, 7):
        r = side * 0.05 * i
        draw.arc([side / 2 - r, side / 2 - r, side / 2 + r, side / 2 + r], 180, 360, fill=(200, 40, 40), width=side // 120)
    step = side // 16
    for row in range(8):
        for column in range(16):
            if (row + column) % 2:
                draw.rectangle([column * step, side // 2 + row * step, (column + 1) * step - 1, side // 2 + (row + 1) * step - 1], fill=(60, 120, 90))


def subjects(folder):
    """[(label, input)]"""
    photo = lambda name: read(os.path.join(folder, name + ".jpg"))
    otters, ruin, sign = photo("budgie-oakland-zoo-otters"), photo("budgie-roman-colosseum"), photo("pop-kait-herzog-8242")
    return [
        ("fur, clean", crop(otters, 0.33, 0.4, 448)),
        ("fur, JPEG quality 40", jpeg(crop(otters, 0.33, 0.4, 448), 40, 40)),
        ("stone, clean", crop(ruin, 0.2, 0.45, 672)),
        ("stone, JPEG quality 30", jpeg(crop(ruin, 0.2, 0.45, 672), 30, 30)),
        ("painted letters, clean", crop(sign, 0.32, 0.42, 560)),
        ("printed text", drawn(text)),
        ("printed text, JPEG quality 40", jpeg(drawn(text), 40, 40)),
        ("drawn face", drawn(face)),
        ("drawn face, JPEG quality 30", jpeg(drawn(face), 30, 30)),
        ("thin lines", drawn(lines)),
    ]


def make_sheet(args):
    inputs = os.path.join(args.work, "inputs")
    os.makedirs(inputs, exist_ok=True)
    chosen = subjects(args.photos)
    for i, (_, low) in enumerate(chosen):
        Image.fromarray(np.ascontiguousarray(low)).save(os.path.join(inputs, f"{i:02d}.png"))
    columns = {"Lanczos": None, **dict(m.split("=", 1) for m in args.model), "teacher": args.teacher}
    for label, model in columns.items():
        if model:
            upscale(model, inputs, os.path.join(args.work, label), 2)
    view, rim = VIEW * SCALE, (CONTEXT - VIEW) // 2 * SCALE
    sheet = Image.new("RGB", (len(columns) * (view + 4), len(chosen) * (view + BAND)), (255, 255, 255))
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(FONT, 13)
    for i, (title, low) in enumerate(chosen):
        for j, label in enumerate(columns):
            path = os.path.join(args.work, label, f"{i:02d}.png")
            size = (CONTEXT * SCALE, CONTEXT * SCALE)
            high = read(path) if columns[label] else np.asarray(Image.fromarray(np.ascontiguousarray(low)).resize(size, Image.LANCZOS))
            sheet.paste(Image.fromarray(np.ascontiguousarray(high[rim:rim + view, rim:rim + view])), (j * (view + 4), i * (view + BAND) + BAND))
            draw.text((j * (view + 4) + 2, i * (view + BAND) + 3), f"{label}: {title}" if j == 0 else label, fill=(0, 0, 0), font=font)
    sheet.save(args.out, quality=88)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", required=True)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--model", nargs="+", required=True, help="NAME=MODEL.onnx")
    parser.add_argument("--work", required=True)
    parser.add_argument("--out", required=True)
    make_sheet(parser.parse_args())
