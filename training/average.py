"""The mean of several trained weights of one shape, with the means of their int8 ranges: better in the middle than at either end (Wortsman et al. 2022)."""
import argparse

import torch

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", nargs="+")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    states = [torch.load(path, map_location="cpu") for path in args.weights]
    mean = dict(states[0])
    mean["weights"] = {name: sum(s["weights"][name] for s in states) / len(states) for name in mean["weights"]}
    mean["ranges"] = [sum(ranges) / len(states) for ranges in zip(*(s["ranges"] for s in states))]
    torch.save(mean, args.out)
