"""The tables of evaluate.py, in Markdown. `images`: {name: (input, ground truth or None)}; `results`: {name: {method: upscaled}}."""
import numpy as np

from measures import PLANES, drift, gmsd, grid, is_grey, luma, psnr, spectrum_slope, ssim, tint


def row(cells):
    print("| " + " | ".join(cells) + " |")


def header(cells):
    row(cells)
    print("|" + "---|" * len(cells))


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
                        rows.append((gmsd(got, wanted), spectrum_slope(luma(got)) - spectrum_slope(luma(wanted))))
            if rows:
                means = np.array(rows).reshape(-1, len(methods), 2).mean(0)
                row([group, f"GMSD to the {word}"] + [f"{x:.4f}" for x in means[:, 0]])
                row([group, f"slope less the {word}'s"] + [f"{x:+.2f}" for x in means[:, 1]])
