#!/usr/bin/env python3
"""Predicts a training step on a GPU, kernel by kernel, from what the CUDA backend launches and what ptxas reported.

    predict.py GPU_LAUNCHES OBJECT...                     prints a step's launches
        --device h100|h200 --precision fp32|tf32|bf16 --trials 6
    predict.py GPU_LAUNCHES OBJECT... --page FILE         writes the page, and the figures as JSON beside it

GPU_LAUNCHES is the program that prints what is launched, the OBJECTs are those of the kernels, with ptxas's reports
beside them. model.py says how a time is predicted.
"""
import argparse
import itertools
import json
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "kernels"))
sys.dont_write_bytecode = True

from model import ARCHITECTURE, DEVICES, LAUNCH, MMA_SYNC, predict  # noqa: E402
from reports import read_reports, short  # noqa: E402: found by the lines above

RECORD = ROOT / "docs" / "benchmarks" / "gpu" / "nvidia-h200-2026-11-26-7022318.json"
RECORDED = "h200"
RECORDED_GROUPS = [4, 2]  # trials of its sweep side by side, one group after the other: the notes at its head
LONG = 20e-6  # seconds: no launch's beginning decides
PRECISIONS = ["fp32", "tf32", "bf16"]
TRIALS = [1, 6]
TRAIN_IMAGES, TEST_IMAGES, EPOCHS, SWEEP = 60000, 10000, 20, 6

# What the record calls the computations of a step. Those above it computes in each precision, those below on floats.
RECORD_NAMES = {f"{layer} {ours}": f"{name} {theirs}"
                for layer, name in (("conv2d", "conv1"), ("conv2d_1", "conv2"), ("dense", "fc1"), ("dense_1", "fc2"))
                for ours, theirs in (("forward", "forward"), ("backward to x", "backward data"),
                                     ("backward to w", "backward filter"))}
RECORD_NAMES_OF_FLOATS = {
    "load images": "load images",
    "activate_pool: max_pooling2d": "gelu, max-pool",
    "drop: alpha_dropout": "dropout forward",
    "drop_backward: d max_pooling2d": "dropout backward",
    "max-pool backward": "max-pool backward",
    "loss": "loss of 10",
    "update": "Adam, clipped",
}

INTRODUCTION = """\
# A training step on a GPU, predicted

What the tutorial's network should take on a GPU, before it runs there: to be held against the first run, and against
every later one. **Nothing here was measured but what stands under "measured", and what a launch costs at the
least.** The launches are those of the CUDA backend itself: `gpu_launches` lowers the plan on the emulation of CUDA,
which notes every launch's kernel, grid and shared memory, and runs none. Registers and static shared memory are
ptxas's for {architecture}. Made by

    cmake --build --preset release --target gpu_prediction

## The model

A launch takes the longer of two times and what it costs to begin: the bytes that it must move (each array that it
reads or writes once, whatever caches do) at the rate of the data sheet, or its operations (additions, multiplications
and functions) at the peak of the units that they run on: `mma.sync` on tensor cores, which reaches {mma:.0%} of their peak
on this architecture, fma in other products, single operations elsewhere. Whichever is longer is stretched by the grid's
tail: a multiprocessor holds as many blocks as its registers, shared memory and threads allow; whole waves fill all of
them, what is left is dealt out evenly, and the one with most blocks ends last. A launch begins {launch:.2f} us after the one
before it in a graph, as the shortest one of the record below did. Sources of all constants stand in
`tests/engine/prediction/model.py`; none was fitted. The model knows nothing of latency, of the second-level cache, of
instructions that are neither operations nor accesses, and of clocks below the highest. So it is a lower bound nearly
everywhere; what may beat it is an array that is still in the second-level cache.

An epoch is {steps} training steps and {evaluations} evaluation steps of {rows} images each; the sweep is {sweep}
activations, {epochs} epochs each. A number of trials is how many train side by side, in the same launches.
"""


class Predictor:
    """Asks the program, and remembers."""

    def __init__(self, program, objects):
        self.program = program
        self.uses = {use.name: use for uses in read_reports(objects).values() for use in uses
                     if use.architecture == ARCHITECTURE}
        self.known = {}

    def launches(self, precision, trials):
        key = (precision, trials)
        if key not in self.known:
            result = subprocess.run([self.program, precision, str(trials)], capture_output=True, text=True)
            if result.returncode != 0:
                sys.exit(f"{self.program} failed: {result.stderr}")
            self.known[key] = json.loads(result.stdout)
        return self.known[key]

    def step(self, device, precision, trials, program="train"):
        return predict(self.launches(precision, trials)[program], self.uses, DEVICES[device])


def seconds(predictions):
    return sum(prediction.seconds for prediction in predictions)


def batches(images, rows):
    return -(-images // rows)


def epoch(predictor, device, precision, trials):
    rows = predictor.launches(precision, trials)["rows"]
    return (batches(TRAIN_IMAGES, rows) * seconds(predictor.step(device, precision, trials)) +
            batches(TEST_IMAGES, rows) * seconds(predictor.step(device, precision, trials, "evaluate")))


def table(heading, rows, texts=1):
    """The first `texts` columns are text, the others numbers."""
    marks = ["---"] * texts + ["---:"] * (len(heading) - texts)
    return "".join(f"| {' | '.join(map(str, row))} |\n" for row in [heading, marks, *rows])


def of_launches(predictions):
    rows = []
    last = None
    for p in predictions:
        rows.append([p.name if p.name != last else "", f"`{short(p.kernel)}`", p.limit, "x".join(map(str, p.grid)), p.threads,
                     p.registers, f"{p.shared / 1024:.1f}", p.together, f"{p.occupancy:.0%}", f"{p.waves:.2f}",
                     f"{p.flops / 1e6:.1f}", f"{p.bytes / 1e6:.2f}", f"{p.seconds * 1e6:.1f}"])
        last = p.name
    rows.append(["**all**", len(predictions), *[""] * 8, f"{sum(p.flops for p in predictions) / 1e6:.1f}",
                 f"{sum(p.bytes for p in predictions) / 1e6:.2f}", f"**{seconds(predictions) * 1e6:.1f}**"])
    return table(["computation", "kernel", "limit", "grid", "threads", "registers", "shared, KiB", "blocks",
                  "occupancy", "waves", "Mflop", "MB", "us"], rows, 3)


def jobs(predictions):
    """[{step, name, seconds}]: what each step of the plan takes, all of its launches."""
    found = []
    for _, group in itertools.groupby(predictions, lambda prediction: prediction.job):
        group = list(group)
        names = dict.fromkeys(prediction.name for prediction in group)
        found.append({"step": group[0].step, "name": ", ".join(names), "seconds": seconds(group)})
    return found


def figures(predictor):
    """What scripts/gpu_record/prediction.py shows beside a record."""
    return {"cases": [{"device": DEVICES[device].name, "precision": precision, "trials": trials,
                       "jobs": jobs(predictor.step(device, precision, trials))}
                      for device, precision, trials in itertools.product(DEVICES, PRECISIONS, TRIALS)]}


def limits(predictions):
    """The part of the time that each limit has, as a percentage."""
    whole = seconds(predictions)
    return [f"{seconds(p for p in predictions if p.limit == limit) / whole:.0%}"
            for limit in ("memory", "arithmetic", "launch")]


def of_steps(predictor):
    rows = []
    for device, precision, trials in itertools.product(DEVICES, PRECISIONS, TRIALS):
        step = predictor.step(device, precision, trials)
        one = epoch(predictor, device, precision, trials)
        rows.append([DEVICES[device].name, precision, trials, len(step), f"{sum(p.bytes for p in step) / 1e6:.0f}",
                     f"{sum(p.flops for p in step) / 1e9:.2f}", *limits(step), f"{seconds(step) * 1e6:.0f}",
                     f"{one * 1e3:.0f}", f"{one * EPOCHS * SWEEP / trials:.1f}"])
    return table(["device", "numbers", "trials", "launches", "MB", "Gflop", "memory", "arithmetic", "launch", "step, us",
                  "epoch, ms", "sweep, s"], rows, 2)


def prose(text):
    return textwrap.fill(text, 118) + "\n"


def measured_times(record):
    """{(name, kind, trials): seconds} of our kernels."""
    return {(entry["name"], entry["kind"], entry["trials"]): one["median"]
            for entry in record["benchmark"]["entries"] for one in entry["contestants"] if one["name"] == "Saltus"}


def fastest_of_bytes(record):
    """The entry whose kernel of ours moved most bytes a second, of those that do no products, and how many."""
    rates = [(entry["bytes"] / one["median"], entry) for entry in record["benchmark"]["entries"] if not entry["flop"]
             for one in entry["contestants"] if one["name"] == "Saltus"]
    rate, entry = max(rates, key=lambda pair: pair[0])
    return entry, rate


def compared(predictions, precision, trials, measured):
    """(computation, predicted, measured) for each that the record has."""
    seen = set()
    for name, group in itertools.groupby(predictions, lambda prediction: prediction.name):
        if name in seen:  # computed again, with more results than the record's
            continue
        seen.add(name)
        time = measured.get((RECORD_NAMES.get(name), precision, trials))
        if precision != "bf16":
            time = time or measured.get((RECORD_NAMES_OF_FLOATS.get(name), "", trials))
        if time is not None:
            yield name, seconds(group), time


def of_comparison(predictor, measured):
    rows = {}
    sums, all_found = [], []
    for trials, precision in itertools.product(TRIALS, PRECISIONS):
        found = list(compared(predictor.step(RECORDED, precision, trials), precision, trials, measured))
        for name, ours, theirs in [*found, ("**all of these**", sum(f[1] for f in found), sum(f[2] for f in found))]:
            cells = rows.setdefault((name, trials), {})
            cells[precision] = [f"{ours * 1e6:.1f}", f"{theirs * 1e6:.1f}", f"{theirs / ours:.1f}"]
        all_found += [(theirs / ours, theirs, f"{name} in {precision}") for name, ours, theirs in found]
        sums.append((precision, trials, sum(f[2] for f in found) / sum(f[1] for f in found)))
    lines = [[name, trials, *itertools.chain(*(cells.get(precision, [""] * 3) for precision in PRECISIONS))]
             for (name, trials), cells in rows.items()]
    heading = ["computation", "trials", *(word for p in PRECISIONS for word in (p, "measured", "times"))]
    return table(heading, lines, 1), sums, sorted(found for found in all_found if found[1] >= LONG)


def page(predictor):
    rows = predictor.launches(PRECISIONS[0], TRIALS[0])["rows"]
    record = json.loads(RECORD.read_text())
    comparison, sums, long = of_comparison(predictor, measured_times(record))
    fastest, rate = fastest_of_bytes(record)
    off = ", ".join(f"{ratio:.1f} times in {precision} with {trials} trial{'s' if trials > 1 else ''}"
                    for precision, trials, ratio in sums)
    ratios = [ratio for _, _, ratio in sums]
    sweep = next(step for step in record["steps"] if step["name"] == "sweep")["seconds"]
    together = epoch(predictor, RECORDED, "tf32", 6) * EPOCHS
    predicted = sum(epoch(predictor, RECORDED, "tf32", trials) for trials in RECORDED_GROUPS) * EPOCHS
    parts = [
        INTRODUCTION.format(architecture=ARCHITECTURE, mma=MMA_SYNC, launch=LAUNCH * 1e6,
                            steps=batches(TRAIN_IMAGES, rows), evaluations=batches(TEST_IMAGES, rows), rows=rows,
                            sweep=SWEEP, epochs=EPOCHS),
        "## Steps, epochs, the sweep\n",
        prose("*Memory*, *arithmetic*, *launch*: the part of the step's time that belongs to launches limited by it."),
        of_steps(predictor),
        "## Held against the record\n",
        prose(f"[The record]({RECORD.relative_to(ROOT / 'docs' / 'benchmarks').with_suffix('.md')}) of an H200 has times of "
              "computations alone, at these shapes and on data that no cache holds. A prediction is the sum of a "
              "computation's launches; *times* is the measured time over it. The record's forward passes add the bias, "
              "but apply no activation. Its kernels are older than those that are predicted here; of which state, its notes say."),
        prose(f"Over all of these the measured time is {min(ratios):.1f} to {max(ratios):.1f} times the predicted one: {off}. Of"
              f" computations that took {LONG * 1e6:.0f} us or more, {long[0][2]} is nearest ({long[0][0]:.1f} "
              f"times) and {long[-1][2]} farthest ({long[-1][0]:.1f} times). The kernel that moved most bytes a second there, "
              f"{fastest['name']}, reached {rate / 1e9:.0f} GB/s, {rate / DEVICES[RECORDED].memory:.0%} of the rate of the data "
              "sheet, which the model takes."),
        prose(f"The whole sweep took {sweep} s there (tf32), from the program's start to its end: reading data, initial weights and "
              f"capturing graphs included. It ran four trials side by side and then two, for which {predicted:.1f} s are predicted; "
              f"six side by side, as sweeps can run, {together:.1f} s."),
        comparison,
    ]
    for trials in TRIALS:
        parts += [f"## A training step, launch by launch: {DEVICES[RECORDED].name}, tf32, {trials} "
                  f"trial{'s' if trials > 1 else ''}\n"]
        if trials == TRIALS[0]:
            parts += [prose("*Blocks*: what a multiprocessor holds at once; *occupancy*: their threads, of those that it could "
                            "hold; *waves*: the grid over what all multiprocessors hold at once. Other devices, precisions "
                            "and numbers of trials:"),
                      "    tests/engine/prediction/predict.py build/release/tests/emulation/gpu_launches \\\n"
                      "        $(find build/release/kernels -name '*.cu.o') --device h100 --precision bf16 --trials 2\n"]
        parts += [of_launches(predictor.step(RECORDED, "tf32", trials))]
    return "\n".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("objects", nargs="+")
    parser.add_argument("--device", choices=list(DEVICES), default=RECORDED)
    parser.add_argument("--precision", choices=PRECISIONS, default="tf32")
    parser.add_argument("--trials", type=int, default=1)
    parser.add_argument("--page", type=Path)
    arguments = parser.parse_args()
    predictor = Predictor(arguments.program, arguments.objects)
    if arguments.page:
        arguments.page.write_text(page(predictor))
        arguments.page.with_suffix(".json").write_text(json.dumps(figures(predictor), indent=1) + "\n")
        return
    case = (arguments.device, arguments.precision, arguments.trials)
    one = epoch(predictor, *case)
    print(of_launches(predictor.step(*case)))
    print(f"an epoch {one * 1e3:.1f} ms; {SWEEP} x {EPOCHS} epochs {one * EPOCHS * SWEEP / arguments.trials:.1f} s")


if __name__ == "__main__":
    main()
