"""Worker processes that make patches without end, and a thread that adds the teacher's targets on the GPU: data that never repeat.

Workers must be started before anything touches the GPU. Each owns two chunks of shared memory: it fills one while the other is read.
"""
import collections
import contextlib
import mmap
import multiprocessing
import os
import random
import sys
import threading

import cv2
import numpy as np
import torch

from patches import HELD_OUT, SIDE, drawing_pair, load_photos, photo_pair
from ring import Ring, to_blocks, to_input
from skip import SCALE
from targets import Teacher, keep_colours

CHUNK = 16  # patches of one kind
DRAWN = 0.4  # share of drawings among the patches made; how many are trained on says the batch
KINDS = ("photos", "drawings")


def pairs(kind, photos, count):
    """Inputs, truths, and whether each truth is known."""
    made = [photo_pair(photos) if kind == "photos" else drawing_pair() for _ in range(count)]
    blank = np.zeros((SIDE * SCALE, SIDE * SCALE, 3), np.uint8)
    return np.stack([low for low, _ in made]), np.stack([blank if truth is None else truth for _, truth in made]), np.array([truth is not None for _, truth in made])


def chunk_views(memory):
    """The two chunks of a worker's shared memory: (low, truth, known) each."""
    sizes = [(CHUNK, SIDE, SIDE, 3), (CHUNK, SIDE * SCALE, SIDE * SCALE, 3), (CHUNK,)]
    views, at = [], 0
    for _ in range(2):
        views.append([])
        for size in sizes:
            views[-1].append(np.frombuffer(memory, np.uint8, int(np.prod(size)), at).reshape(size))
            at += int(np.prod(size))
    return views


def work(number, seed, photos, memory, free, ready):
    random.seed(seed)
    np.random.seed(seed)
    cv2.setNumThreads(1)
    turn, views = 0, chunk_views(memory)
    while True:
        kind = int(random.random() < DRAWN)
        made = pairs(KINDS[kind], photos, CHUNK)
        free.acquire()
        for place, values in zip(views[turn], made):
            place[:] = values
        ready.put((number, turn, kind))
        turn = 1 - turn


class Stream:
    """Two rings of patches, of photos and of drawings, that fill while training goes on."""

    def __init__(self, folder, teacher, workers, seed=1):
        cv2.setNumThreads(1)
        photos, held = load_photos(folder), load_photos(folder, held_out=True)
        assert len(held) == len(HELD_OUT), "the held-out photos are missing"
        fork, size = multiprocessing.get_context("fork"), 2 * CHUNK * (SIDE * SIDE * 3 * (1 + SCALE * SCALE) + 1)
        self.ready, self.memory, self.free = fork.Queue(), [mmap.mmap(-1, size) for _ in range(workers)], [fork.Semaphore(2) for _ in range(workers)]
        self.workers = [fork.Process(target=work, args=(i, seed * 1000 + i, photos, self.memory[i], self.free[i], self.ready), daemon=True) for i in range(workers)]
        for worker in self.workers:
            worker.start()
        random.seed(77)
        np.random.seed(77)
        self.held_pairs = [pairs(kind, held, count) for kind, count in zip(KINDS, (40, 24))]
        self.teacher_path, self.done, self.lock = teacher, collections.deque(), threading.Lock()

    def open(self, device, room):
        """Begins to fill the rings of `room` patches. Returns the held-out patches: [(low, high)]."""
        self.device, self.teacher = device, Teacher(self.teacher_path, device)
        self.rings = [Ring(int(room * share), SIDE, device) for share in (1 - DRAWN, DRAWN)]
        held = []
        for kind, made in enumerate(self.held_pairs):
            low, high, _ = self.with_targets(kind, *made)
            held.append((to_input(low), to_blocks(high)))
        threading.Thread(target=self.feed, daemon=True).start()
        return held

    @torch.no_grad()
    def with_targets(self, kind, low, truth, known):
        low, truth, known = (torch.from_numpy(a).to(self.device) for a in (low, truth, known))
        rgb, wanted = to_input(low), truth.permute(0, 3, 1, 2).float() / 255
        truth = keep_colours(wanted, rgb)
        if KINDS[kind] == "drawings":
            return low, truth, truth
        half = rgb.half() if self.device != "cpu" else rgb
        high = keep_colours(self.teacher(half.contiguous(memory_format=torch.channels_last)).float().clamp(0, 1), rgb)
        return low, high, torch.where(known.bool().view(-1, 1, 1, 1), truth, high)

    def feed(self):
        views, gpu = [chunk_views(m) for m in self.memory], self.device != "cpu"
        with torch.cuda.stream(torch.cuda.Stream(priority=-1)) if gpu else contextlib.nullcontext():
            while True:
                number, turn, kind = self.ready.get()
                copies = [np.array(a) for a in views[number][turn]]
                self.free[number].release()
                with self.lock:
                    patches = self.with_targets(kind, *copies)
                    if gpu:
                        torch.cuda.current_stream().synchronize()
                self.done.append((kind, patches))

    def take_in(self):
        """Puts what is done into the rings; from the thread that trains."""
        while self.done:
            kind, patches = self.done.popleft()
            if self.device != "cpu":
                for tensor in patches:
                    tensor.record_stream(torch.cuda.current_stream())
            self.rings[kind].put(*patches)

    def draw(self, photos, drawings, crop, truth_share=None):
        """A batch, drawings first."""
        parts = [self.rings[1].draw(drawings, crop), self.rings[0].draw(photos, crop, truth_share)]
        return tuple(torch.cat(p).contiguous(memory_format=torch.channels_last) for p in zip(*parts))

    def close(self):
        """Ends the workers and this process, which has a thread that waits for them."""
        for worker in self.workers:
            worker.kill()
        sys.stdout.flush()
        os._exit(0)
