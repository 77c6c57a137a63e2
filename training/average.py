"""The weighted mean of several trained weights of one shape: better in the middle than at either end (Wortsman et al. 2022). Their int8 ranges too, where all have some.

Shares of -0.5 and 1.5 go on from the second, half as far again as it went from the first.
"""
import argparse

import torch

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", nargs="+")
    parser.add_argument("--shares", nargs="+", type=float, help="of each; equal if not given")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    states = [torch.load(path, map_location="cpu") for path in args.weights]
    shares = args.shares or [1 / len(states)] * len(states)
    mean = dict(states[0])
    mean["weights"] = {name: sum(share * s["weights"][name] for share, s in zip(shares, states)) for name in mean["weights"]}
    known = all(s["ranges"] for s in states)
    mean["ranges"] = [sum(share * r for share, r in zip(shares, ranges)) for ranges in zip(*(s["ranges"] for s in states))] if known else None
    torch.save(mean, args.out)
