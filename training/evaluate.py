"""Measures models on Set5, Set14 and the inputs: PSNR and SSIM to the target and to the ground truth, colour, neutrality, and the look (measures.py).

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

from reports import report_grey, report_grid, report_look, report_target, report_truth
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


def upscale(model, inputs, outputs, threads):
    subprocess.run(["node", os.path.join(HERE, "upscale.mjs"), model, inputs, outputs, str(threads)], check=True)


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eval", required=True)
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--work", required=True, help="folder for what the networks make")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("models", nargs="+", help="NAME=MODEL.onnx")
    evaluate(parser.parse_args())
