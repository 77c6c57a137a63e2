"""Measures models on Set5, Set14 and the inputs: PSNR and SSIM to the target and to the ground truth, colour, neutrality, and the look (look.py).

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

from look import PLANES, gmsd, grid, spectrum_slope
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
    """How far from neutral the pixels are, the largest channel less the smallest: mean, 99 % and largest, in levels."""
    spread = high.max(2).astype(int) - high.min(2)
    return spread.mean(), np.percentile(spread, 99), spread.max()


def row(cells):
    print("| " + " | ".join(cells) + " |")


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

    report_target(images, results, list(models))
    report_grey(images, results, list(models))
    report_truth(images, results, list(models))
    report_grid(images, results, list(models))
    report_look(images, results, list(models))


def figures(cells):
    """PSNR and SSIM by turns."""
    return [f"{c:.3f}" if i % 2 else f"{c:.2f}" for i, c in enumerate(cells)]


def report_target(images, results, labels):
    print("\n## To the target\n")
    methods = ["Lanczos", "teacher"] + labels
    header(["image"] + [f"{m} {w}" for m in methods for w in ("PSNR", "SSIM")] + [f"{m} {w}" for m in labels for w in ("gain", "drift")])
    table = {}
    for name, r in results.items():
        near = [f(r[m], r["target"]) for m in methods for f in (psnr, ssim)]
        more = [x for i, m in enumerate(labels) for x in (near[4 + 2 * i] - near[0], drift(images[name][0], r[m]))]
        table[name] = near, more
        row([name] + figures(near) + [f"{x:.2f}" for x in more])
    for groups in (["Set5"], ["Set14"], ["inputs"], ["Set14", "inputs"]):
        chosen = [t for name, t in table.items() if name.split("-")[0] in groups]
        row([f"**{' and '.join(groups)}, mean**"] + figures(np.mean([n for n, _ in chosen], 0)) + [f"{x:.2f}" for x in np.mean([m for _, m in chosen], 0)])
    counted = {name: more for name, (_, more) in table.items() if not name.startswith("Set5-")}
    for i, label in enumerate(labels):
        gains = {name: more[2 * i] for name, more in counted.items()}
        drifts = {name: more[2 * i + 1] for name, (_, more) in table.items()}
        least, most = min(gains, key=gains.get), max(drifts, key=drifts.get)
        print(f"\n{label}, Set14 and inputs: mean gain over Lanczos {np.mean(list(gains.values())):.2f} dB, least {gains[least]:.2f} dB ({least}); "
              f"{sum(g < 2 for g in gains.values())} of {len(gains)} images under 2 dB; largest drift of a channel's mean {drifts[most]:.2f} levels ({most}).")


def report_grey(images, results, labels):
    print("\n## Grey inputs: largest channel less smallest, in levels\n")
    header(["image"] + [f"{m} {w}" for m in ["teacher"] + labels for w in ("mean", "99 %", "largest")])
    for name, r in results.items():
        if is_grey(images[name][0]):
            row([name] + [f"{x:.1f}" for m in ["teacher"] + labels for x in tint(r[m])])


def report_truth(images, results, labels):
    print("\n## To the ground truth\n")
    methods = ["Lanczos", "teacher", "target"] + labels
    header(["image"] + [f"{m} {w}" for m in methods for w in ("PSNR", "SSIM")])
    table = {}
    for name, r in results.items():
        if images[name][1] is not None:
            height, width = r["target"].shape[:2]
            high = images[name][1][:height, :width]
            table[name] = [f(r[m][: high.shape[0], : high.shape[1]], high) for m in methods for f in (psnr, ssim)]
            row([name] + figures(table[name]))
    for group in ("Set5", "Set14"):
        row([f"**{group}, mean**"] + figures(np.mean([c for name, c in table.items() if name.startswith(group + "-")], 0)))


def report_grid(images, results, labels):
    print("\n## The mosaic: steps across 4-pixel borders divided by steps inside; Set14 and inputs\n")
    methods = ["Lanczos", "teacher"] + labels
    header(["image"] + [f"{m} {p}" for m in methods for p in PLANES])
    table = {name: [x for m in methods for x in grid(r[m], is_grey(images[name][0]))] for name, r in results.items() if not name.startswith("Set5-")}
    for name, cells in table.items():
        row([name] + ["grey" if np.isnan(x) else f"{x:.2f}" for x in cells])
    for word, over in (("mean", np.nanmean), ("largest", np.nanmax)):
        row([f"**{word}**"] + [f"{x:.2f}" for x in over(list(table.values()), 0)])


def report_look(images, results, labels):
    print("\n## Look: GMSD to the target and to the ground truth, spectrum's slope less the target's and less the truth's; means\n")
    methods = ["Lanczos", "teacher"] + labels
    header(["images", "figure"] + methods)
    for word, reference in (("target", lambda name: results[name]["target"]), ("truth", lambda name: images[name][1])):
        for group in ("Set14", "inputs"):
            rows = []
            for name, r in results.items():
                if name.startswith(group + "-") and reference(name) is not None:
                    height, width = r["target"].shape[:2]
                    wanted = reference(name)[:height, :width]
                    for m in methods:
                        got = r[m][:wanted.shape[0], :wanted.shape[1]]
                        rows.append((gmsd(got, wanted, luma), spectrum_slope(luma(got)) - spectrum_slope(luma(wanted))))
            if rows:
                means = np.array(rows).reshape(-1, len(methods), 2).mean(0)
                row([group, f"GMSD to the {word}"] + [f"{x:.4f}" for x in means[:, 0]])
                row([group, f"slope less the {word}'s"] + [f"{x:+.2f}" for x in means[:, 1]])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eval", required=True)
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--work", required=True, help="folder for what the networks make")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("models", nargs="+", help="NAME=MODEL.onnx")
    evaluate(parser.parse_args())
