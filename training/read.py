"""Character error rate of Debian's tesseract-ocr on small print, enlarged four times by Lanczos and by models.

    read.py --work DIR NAME=MODEL.onnx ...

Pages are drawn at the input's own resolution, 8 to 14 pixels high, as a screen shows them; clean, and through JPEG of quality 50 (4:2:0).
"""
import argparse
import os
import subprocess

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from degrade import jpeg
from evaluate import read, upscale
from reports import header, row
from skip import SCALE

FOLDER = "/usr/share/fonts/truetype/"
FONTS = {"sans": "dejavu/DejaVuSans.ttf", "serif": "liberation/LiberationSerif-Regular.ttf"}
SIZES = (8, 9, 10, 12, 14)
WORDS = """The little tile of a mosaic is called tessera. Painters of glass and stone cut them by hand, thousands for one wall, and no two
are alike. Seen from near they are only coloured squares; from far away the eye joins them into faces, birds and leaves. A picture made of
pixels works the same way: whoever enlarges it must guess what lay between. In 1927 a box of 350 such stones was sold for 68 pounds, which
was thought a good price. Quick brown foxes jump over lazy dogs while five wizards box with jugs.""".split()


def page(font, size, width=420):
    """A paragraph, black on white: uint8 RGB, and its text."""
    face, lines, line = ImageFont.truetype(FOLDER + font, size), [], ""
    for word in WORDS:
        if face.getlength(f"{line} {word}") > width - 24 and line:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    lines.append(line)
    pitch = round(size * 1.6)
    image = Image.new("RGB", (width, pitch * len(lines) + 24), (255, 255, 255))
    for i, text in enumerate(lines):
        ImageDraw.Draw(image).text((12, 12 + i * pitch), text, fill=(0, 0, 0), font=face)
    return np.asarray(image), " ".join(lines)


def distance(a, b):
    """Levenshtein's, of two strings."""
    line = np.arange(len(b) + 1)
    codes = np.array([ord(c) for c in b])
    for i, c in enumerate(a, 1):
        best = np.minimum(line[1:] + 1, line[:-1] + (codes != ord(c)))
        best = np.concatenate([[i], best])
        line = np.minimum.accumulate(best - np.arange(len(best))) + np.arange(len(best))
    return int(line[-1])


def recognised(path):
    command = ["tesseract", path, "-", "--psm", "6", "--dpi", "300"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "OMP_THREAD_LIMIT": "1"}).stdout
    for curly, plain in {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2014": "-"}.items():
        answer = answer.replace(curly, plain)
    return " ".join(answer.split())


def measure(args):
    inputs, models = os.path.join(args.work, "inputs"), dict(m.split("=", 1) for m in args.models)
    os.makedirs(inputs, exist_ok=True)
    texts, groups = {}, {}
    for face, font in FONTS.items():
        for size in SIZES:
            clean, text = page(font, size)
            for damage, picture in (("clean", clean), ("JPEG 50", jpeg(clean, 50, 50))):
                name = f"{face}-{size}-{damage.replace(' ', '')}"
                Image.fromarray(np.ascontiguousarray(picture)).save(os.path.join(inputs, name + ".png"))
                texts[name], groups[name] = text, f"{size} px, {damage}"
    folders = {"Lanczos": os.path.join(args.work, "Lanczos")}
    os.makedirs(folders["Lanczos"], exist_ok=True)
    for name in texts:
        low = Image.fromarray(read(os.path.join(inputs, name + ".png")))
        low.resize((low.width * SCALE, low.height * SCALE), Image.LANCZOS).save(os.path.join(folders["Lanczos"], name + ".png"))
    for label, model in models.items():
        folders[label] = os.path.join(args.work, label)
        upscale(model, inputs, folders[label], args.threads)
    rates = {m: {n: 100 * distance(t, recognised(os.path.join(f, n + ".png"))) / len(t) for n, t in texts.items()} for m, f in folders.items()}
    header(["characters read wrong, %"] + list(folders))
    for group in dict.fromkeys(groups.values()):
        row([group] + [f"{np.mean([r[n] for n in texts if groups[n] == group]):.2f}" for r in rates.values()])
    row(["**mean**"] + [f"{np.mean(list(r.values())):.2f}" for r in rates.values()])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("models", nargs="+", help="NAME=MODEL.onnx")
    measure(parser.parse_args())
