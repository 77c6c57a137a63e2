"""A training step recorded once as a CUDA graph and replayed: its hundreds of small kernels start without Python. On a CPU it is simply called."""
import contextlib
import sys

import torch


def recorded(step, device, lock=None):
    """A function that does what step() does. step() takes and returns nothing, and never waits for the GPU; lock: held while others must start no kernels."""
    if device == "cpu":
        return step
    with lock or contextlib.nullcontext():
        torch.cuda.synchronize()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                step()
        except RuntimeError as fault:
            print(f"not recorded, so each step starts its kernels itself: {fault}", file=sys.stderr)
            torch.cuda.synchronize()
            return step
        torch.cuda.synchronize()
    return graph.replay


class Pace:
    """Keeps Python only a few steps ahead of the GPU, so that wall-clock schedules and new data are current."""

    def __init__(self, device, ahead=6):
        self.events = [torch.cuda.Event() for _ in range(ahead)] if device != "cpu" else []
        self.count = 0

    def step(self):
        if self.events:
            event = self.events[self.count % len(self.events)]
            if self.count >= len(self.events):
                event.synchronize()
            event.record()
        self.count += 1
