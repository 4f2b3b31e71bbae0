"""What the engines of the benchmark share: options, data, and the conversation with the driver.

An engine is a child process that stays alive through all rounds. It prints one line of JSON when
it is ready ({"engine", "version", "variant", ...}), then answers each line on its standard input
with one line, and ends when its input ends. Of the CPU's benchmark, the line is `run STEPS` and the
answer {"first_step", "steps", "seconds_per_step", "loss"}; of the GPU's, trials.py says what they
are.

In the CPU's benchmark, all engines begin from equal weights, and step k takes batch k of the
training images, in the order of the files: whatever an engine does to get ready is undone before
step 0. So losses after the same number of steps can be compared; only dropout's draws differ.
"""

import argparse
import gzip
import json
import os
import struct
import sys
import time
from pathlib import Path

import numpy as np

BATCH = 128
TRAIN_IMAGES, TEST_IMAGES = 60000, 10000
BATCHES = TRAIN_IMAGES // BATCH  # whole ones; behind the last, the first follows
PROBES = 3  # timed runs with which an engine chooses among its variants,
PROBE_STEPS = 16  # of so many steps each
MOST_STEPS_AN_EXECUTION = 8  # the number of steps in a run is a multiple of it, and larger


def parser(description, precisions):
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--precision", choices=precisions, default="fp32")
    options.add_argument("--data", type=Path, help="folder of IDX files, else synthetic")
    return options


def arguments(description):
    options = parser(description, ("fp32", "bf16"))
    options.add_argument("--activation", default="relu")
    options.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options.add_argument("--variant", help="take this variant instead of the fastest one")
    return options.parse_args()


def read_idx(folder, stem):
    path = next(p for p in (folder / stem, folder / f"{stem}.gz") if p.exists())
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        rank = struct.unpack(">HBB", file.read(4))[2]
        shape = struct.unpack(f">{rank}I", file.read(4 * rank))
        return np.frombuffer(file.read(), np.uint8).reshape(shape)


def write_idx(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.tobytes())


def synthetic():
    """Images of MNIST's size and sparsity: one pattern of strokes a class, shifted and noisy."""
    count = TRAIN_IMAGES + TEST_IMAGES
    random = np.random.default_rng(0)
    patterns = np.kron(random.random((10, 6, 6)) < 0.35, np.ones((4, 4)))
    labels = random.integers(0, 10, count).astype(np.uint8)
    images = np.zeros((count, 28, 28), np.uint8)
    corners = random.integers(0, 5, (count, 2))
    for image, label, (row, column) in zip(images, labels, corners):
        ink = random.integers(60, 256, (24, 24), np.uint8)
        image[row : row + 24, column : column + 24] = patterns[label] * ink
    return images, labels


def data(folder):
    """uint8 images [count][28][28] and labels [count]: ((those to train), (those to test))."""
    if folder is None:
        images, labels = synthetic()
        return tuple(
            (images[part], labels[part])
            for part in (slice(TRAIN_IMAGES), slice(TRAIN_IMAGES, None))
        )
    return tuple(
        (
            read_idx(folder, f"{part}-images-idx3-ubyte"),
            read_idx(folder, f"{part}-labels-idx1-ubyte"),
        )
        for part in ("train", "t10k")
    )


def training_data(folder):
    return data(folder)[0]


def fastest(variants, chosen=None):
    """Builds each variant, times a few of its steps, and keeps the fastest, back at its start.

    `variants` maps names to functions that make a course: its restart() goes back to the initial
    weights and the first batch, its run(steps) returns (seconds per step, mean loss). Returns its
    name, the course, and for every variant the milliseconds per step, or the error of one that
    fails.
    """
    best, figures = None, {}
    for name, build in variants.items():
        if chosen not in (None, name):
            continue
        try:
            course = build()
            course.run(PROBE_STEPS)  # compiles and warms up
            seconds = min(course.run(PROBE_STEPS)[0] for _ in range(PROBES))
            figures[name] = round(1e3 * seconds, 2)
        except Exception as error:  # a compiler that this machine lacks must not end the others
            figures[name] = f"{type(error).__name__}: {error}"[:200]
            continue
        if best is None or figures[name] < figures[best[0]]:
            best = (name, course)
    if best is None:
        raise SystemExit(f"no variant runs: {figures}")
    best[1].restart()
    return *best, figures


def converse(make_answer):
    """Runs the conversation; `make_answer()` returns (description, answer).

    Whatever the libraries print goes to the standard error.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(record):
        print(json.dumps(record), file=answers, flush=True)

    started = time.perf_counter()
    description, answer = make_answer()
    say(description | {"startup_seconds": round(time.perf_counter() - started, 1)})
    for line in sys.stdin:
        say(answer(line))


def serve(make_engine):
    """Answers requests for steps; `make_engine()` returns (description, course)."""

    def make_answer():
        description, course = make_engine()
        done = 0

        def answer(line):
            nonlocal done
            first, steps = done, int(line.removeprefix("run "))
            seconds, loss = course.run(steps)
            done += steps
            return {"first_step": first, "steps": steps, "seconds_per_step": seconds, "loss": loss}

        return description, answer

    converse(make_answer)
