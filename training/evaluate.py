"""Measures models on Set5, Set14 and the inputs: PSNR and SSIM to the target and to the ground truth, colour, neutrality.

    evaluate.py --eval EVAL --inputs INPUTS --teacher TEACHER.onnx --work DIR NAME=MODEL.onnx ...

Every network runs in onnxruntime-node (upscale.mjs), so the figures are those of the service. Prints Markdown tables.
"""
import argparse
import glob
import os
import subprocess

import cv2
import numpy as np
from PIL import Image

from teacher import SCALE, keep_colours

HERE = os.path.dirname(os.path.abspath(__file__))


def read(path):
    """uint8 RGB; alpha dropped, 16 bits to 8."""
    return cv2.imread(path, cv2.IMREAD_COLOR)[..., ::-1].copy()


def gather(args):
    """{name: (input, ground truth or None)}"""
    images = {}
    for group in ("Set5", "Set14"):
        for path in sorted(glob.glob(os.path.join(args.eval, group, "x4", "*_LR.png"))):
            images[f"{group}-{os.path.basename(path)[:3]}"] = read(path), read(path.replace("_LR", "_HR"))
    for path in sorted(glob.glob(os.path.join(args.inputs, "*"))):
        images[f"inputs-{os.path.splitext(os.path.basename(path))[0]}"] = read(path), None
    return images


def psnr(a, b):
    error = np.mean((a.astype(np.float64) - b) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-6))


def luma(rgb):
    return rgb.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255 + 16


def ssim(a, b):
    """Wang et al. 2004 on luma: an 11 x 11 Gaussian window of sigma 1.5, the whole picture but its rim of 5."""
    a, b = luma(a), luma(b)
    blur = lambda x: cv2.GaussianBlur(x, (11, 11), 1.5)[5:-5, 5:-5]
    ma, mb = blur(a), blur(b)
    va, vb, ab = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return np.mean((2 * ma * mb + c1) * (2 * ab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2)))


def upscale(model, inputs, outputs, threads):
    subprocess.run(["node", os.path.join(HERE, "upscale.mjs"), model, inputs, outputs, str(threads)], check=True)


def is_grey(low):
    return (low == low[..., :1]).all()


def drift(low, high):
    """How far the mean of a channel moved, in levels."""
    return np.abs(high.mean((0, 1)) - low.mean((0, 1))).max()


def tint(high):
    """The largest difference between the channels of any pixel."""
    return int((high.max(2).astype(int) - high.min(2)).max())


def row(cells):
    print("| " + " | ".join(c if isinstance(c, str) else f"{c:.2f}" for c in cells) + " |")


def header(cells):
    row(cells)
    print("|" + "---|" * len(cells))


def evaluate(args):
    images, models = gather(args), dict(m.split("=", 1) for m in args.models)
    inputs = os.path.join(args.work, "inputs")
    os.makedirs(inputs, exist_ok=True)
    for name, (low, _) in images.items():
        Image.fromarray(low).save(os.path.join(inputs, name + ".png"))
    teacher_folder = os.path.join(args.work, "teacher")
    if not os.path.isdir(teacher_folder):
        upscale(args.teacher, inputs, teacher_folder, args.threads)
    for label, model in models.items():
        upscale(model, inputs, os.path.join(args.work, label), args.threads)

    results = {}  # name: {method: upscaled}
    for name, (low, _) in images.items():
        size = (low.shape[1] * SCALE, low.shape[0] * SCALE)
        methods = {"Lanczos": np.asarray(Image.fromarray(low).resize(size, Image.LANCZOS))}
        methods["teacher"] = read(os.path.join(teacher_folder, name + ".png"))
        methods["target"] = keep_colours(methods["teacher"].astype(np.float32), low)
        for label in models:
            methods[label] = read(os.path.join(args.work, label, name + ".png"))
        results[name] = methods
        Image.fromarray(methods["target"]).save(os.path.join(teacher_folder, name + ".target.png"))

    labels = list(models)
    print("\n## To the target\n")
    header(["image", "Lanczos PSNR", "SSIM"] + [f"{m} {w}" for m in labels for w in ("PSNR", "gain", "SSIM", "colour", "tint")])
    table = []
    for name, r in results.items():
        low, base = images[name][0], psnr(r["Lanczos"], r["target"])
        cells = [base, ssim(r["Lanczos"], r["target"])]
        for m in labels:
            p = psnr(r[m], r["target"])
            cells += [p, p - base, ssim(r[m], r["target"]), drift(low, r[m]), float(tint(r[m])) if is_grey(low) else float("nan")]
        table.append((name, cells))
        row([name] + ["–" if np.isnan(c) else f"{c:.3f}" if i in (1, *range(4, 99, 5)) else f"{c:.2f}" for i, c in enumerate(cells)])
    for group in (["Set5"], ["Set14"], ["inputs"], ["Set14", "inputs"]):
        chosen = np.array([c for name, c in table if name.split("-")[0] in group])
        row(["**mean " + " + ".join(group) + "**"] + ["–" if np.isnan(c) else f"{c:.3f}" for c in chosen.mean(0)])
    counted = np.array([c for name, c in table if not name.startswith("Set5-")])
    for i, m in enumerate(labels):
        gain = counted[:, 3 + 5 * i]
        print(f"\n{m}: Set14 and inputs, mean gain over Lanczos {gain.mean():.3f} dB, least {gain.min():.3f} dB, largest colour drift {max(c[5 + 5 * i] for _, c in table):.3f}")

    print("\n## To the ground truth\n")
    methods = ["Lanczos", "teacher", "target"] + labels
    header(["image"] + [f"{m} {w}" for m in methods for w in ("PSNR", "SSIM")])
    truth = []
    for name, r in results.items():
        if images[name][1] is None:
            continue
        high = images[name][1][: r["target"].shape[0], : r["target"].shape[1]]
        cells = [f(r[m][: high.shape[0], : high.shape[1]], high) for m in methods for f in (psnr, ssim)]
        truth.append((name, cells))
        row([name] + [f"{c:.3f}" if i % 2 else f"{c:.2f}" for i, c in enumerate(cells)])
    for group in ("Set5", "Set14"):
        chosen = np.mean([c for name, c in truth if name.startswith(group + "-")], 0)
        row([f"**mean {group}**"] + [f"{c:.3f}" if i % 2 else f"{c:.2f}" for i, c in enumerate(chosen)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eval", required=True)
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--work", required=True, help="folder for what the networks make")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("models", nargs="+", help="NAME=MODEL.onnx")
    evaluate(parser.parse_args())
