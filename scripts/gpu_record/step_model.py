"""A model of the time of the tutorial's training step on a GPU, from what is counted of its launches.

A launch takes LOSS times what the slowest of five things takes: issuing instructions, moving data in and out of shared
memory, loads and stores through the second-level cache, tensor cores, device memory; and LAUNCH beside that.
"""
import csv
import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COUNTS = ROOT / "tests/kernels/step/counts.csv"
CODE = ROOT / "tests/kernels/step/code.csv"
RECORD = ROOT / "docs/benchmarks/gpu/nvidia-h200-2026-11-26-7022318.json"

SECTOR = 32  # bytes
WARP = 32
LOSS = 1.5  # of the first record's three large products, by which the model was fitted
LAUNCH = 2.0e-6  # seconds; the record's shortest launch of ours, a softmax of 10, takes as long
START = 0.5  # seconds of a sweep before its first batch
ROWS, EPOCHS, TRAINED, TESTED = 128, 20, 60000, 10000


@dataclass
class Device:
    memory: float  # bytes a second
    multiprocessors: int = 132
    clock: float = 1.98e9  # the record's device at most
    issue: int = 4  # instructions a cycle and multiprocessor: one for each of its four schedulers
    mma: float = 0.63  # mma.sync a cycle and multiprocessor: the peak is 1 of 1024 tf32 (2048 bf16) products
    cache: float = 5.5e12  # bytes a second from the second-level cache: cuDNN's tf32 forward product reaches about 5


DEVICES = {
    "H200": Device(4.2e12),  # the record's activation backward of six trials reaches 4.26
    "H100": Device(3.0e12),  # by as much below its 3.35 TB/s of the data sheet as an H200 is below 4.8
}


@dataclass
class Launch:
    """Counts of a launch, of all its blocks."""
    precision: str
    trials: int
    architecture: int
    number: int  # of the step's computation
    step: str
    kernel: str
    count: dict
    code: dict  # the figures of its machine code on sm_90

    @property
    def name(self):
        """The kernel's, without the arguments of its template."""
        return self.kernel.partition("<")[0]

    @property
    def instructions(self):
        """What warps execute: those that go with mma instructions, with activations, and with the other accesses."""
        count, code = self.count, self.code
        evaluated = (count["values"] + count["slopes"]) / WARP
        accesses = count["loads"] + count["stores"] + count["shared"]
        accesses -= code["mma_accesses"] * count["mma"]
        if code["evaluation"]:
            accesses -= (2 * count["values"] + count["slopes"]) / WARP
        return (code["mma_instructions"] * count["mma"] + code["evaluation"] * evaluated / 2 +
                code["access_instructions"] * max(0, accesses))

    @property
    def asked(self):
        """Bytes of the sectors that requests touch."""
        return SECTOR * (self.count["load_sectors"] + self.count["store_sectors"])

    def bounds(self, device):
        """{what: seconds}; the multiprocessor with the most blocks counts."""
        blocks = self.count["blocks"]
        most = -(-blocks // device.multiprocessors) / blocks  # of all blocks
        cycle = most / device.clock
        return {"issue": self.instructions / device.issue * cycle, "shared": self.count["wavefronts"] * cycle,
                "tensor": self.count["mma"] / device.mma * cycle, "L2": self.asked / device.cache,
                "memory": self.count["bytes"] / device.memory}

    def bound(self, device):
        bounds = self.bounds(device)
        return max(bounds, key=bounds.get)

    def seconds(self, device):
        return LOSS * max(self.bounds(device).values()) + LAUNCH


def read_code(path=CODE):
    """{(kernel, architecture): figures}"""
    with path.open(newline="") as file:
        return {(line.pop("kernel"), line.pop("architecture")): {name: float(value) for name, value in line.items()}
                for line in csv.DictReader(file)}


def read_launches(path=COUNTS, code=None):
    code = read_code() if code is None else code
    launches = []
    with path.open(newline="") as file:
        for line in csv.DictReader(file):
            head = [line.pop(name) for name in ("precision", "trials", "architecture", "number", "step", "kernel")]
            launches.append(Launch(head[0], *map(int, head[1:4]), *head[4:],
                                   {name: int(value) for name, value in line.items()}, code[head[5], "sm_90"]))
    return launches


class Steps:
    """The training steps whose launches are counted."""

    def __init__(self, launches):
        self.launches = launches

    def of(self, precision, trials, architecture=90):
        return [one for one in self.launches
                if (one.precision, one.trials, one.architecture) == (precision, trials, architecture)]

    def settings(self):
        return list(dict.fromkeys((one.precision, one.trials, one.architecture) for one in self.launches))

    def seconds(self, precision, trials, device, architecture=90):
        return sum(one.seconds(device) for one in self.of(precision, trials, architecture))

    def sweep(self, precision, groups, device, architecture=90):
        """Seconds of a sweep, of whose trials so many run side by side in each group. A batch that is evaluated takes the
        step's launches up to the head."""
        seconds = START
        for trials in groups:
            launches = self.of(precision, trials, architecture)
            head = next(i for i, one in enumerate(launches) if one.step == "head") + 1
            step, evaluation = (sum(one.seconds(device) for one in some) for some in (launches, launches[:head]))
            seconds += EPOCHS * (-(-TRAINED // ROWS) * step + -(-TESTED // ROWS) * evaluation)
        return seconds

    def computations(self, precision, trials, architecture=90):
        """[(name, [launches])] in the order of the step."""
        found = {}
        for one in self.of(precision, trials, architecture):
            found.setdefault((one.number, one.step), []).append(one)
        return [(step, launches) for (_, step), launches in found.items()]


# Computations of the record that the step of single layers still has: (the record's name, the step's computation, which
# one of that name, which of its launches).
RECORDED = [
    ("load images", "load_input", 0, slice(None)),
    ("conv2 forward", "convolution", 0, slice(None)),
    ("gelu, max-pool", "activate_pool", 0, slice(None)),
    ("dropout forward", "drop", 0, slice(None)),
    ("fc1 forward", "gemm_activate", 0, slice(None)),
    ("fc2 backward filter", "gemm_backward", 0, slice(None)),
    ("fc1 backward data", "gemm_backward", 1, slice(1)),
    ("fc1 backward filter", "gemm_backward", 1, slice(1, None)),
    ("conv2 backward data", "convolution_backward", 0, slice(1)),
    ("conv2 backward filter", "convolution_backward", 0, slice(1, None)),
    ("activation backward", "activate_backward", 0, slice(None)),
    ("conv1 backward filter", "convolution_backward", 1, slice(None)),
    ("Adam, clipped", "update", 0, slice(None)),
]


RECORDED_GROUPS = [4, 2]  # of the record's sweep, whose program fitted trials into the second-level cache


class Record:
    """Times of a record."""

    def __init__(self, path=RECORD):
        self.name = path.stem
        self.medians = {}  # {(name, kind, trials): {contestant: seconds}}
        told = json.loads(path.read_text())
        self.sweep = next(step["seconds"] for step in told["steps"] if step["name"] == "sweep")
        for entry in told["benchmark"]["entries"]:
            times = {one["name"].split()[0]: one["median"] for one in entry["contestants"] if "median" in one}
            self.medians[entry["name"], entry["kind"], entry["trials"]] = times

    def seconds(self, name, kind, trials, by="Saltus"):
        """Of a contestant, or, where it does not compute that, ours."""
        times = self.medians.get((name, kind, trials)) or self.medians.get((name, "", trials), {})
        return times.get(by, times.get("Saltus"))


def compared(steps, record, precision, trials, device):
    """[(name, launches, predicted, recorded)]"""
    found = steps.computations(precision, trials, 86)
    rows = []
    for name, step, which, part in RECORDED:
        same = [launches for other, launches in found if other == step]
        measured = record.seconds(name, precision, trials)
        if which < len(same) and measured is not None and same[which][part]:
            rows.append((name, same[which][part], sum(one.seconds(device) for one in same[which][part]), measured))
    return rows


# What cuDNN takes for the two convolutions and the pool, and we for the activation, which it has not.
CHAINS = {"convolutions_pool": ["conv1 forward", "bias, relu", "conv2 forward", "max-pool forward"],
          "convolutions_pool_backward": ["max-pool backward", "conv2 backward data", "conv2 backward filter",
                                         "activation backward", "conv1 backward filter"]}


def times_faster(steps, record, step, precision="tf32", trials=1):
    """Than the chain of the record's cuDNN, or None where no step is fused."""
    chain = sum(record.seconds(name, precision, trials, "cuDNN") for name in CHAINS[step])
    ours = sum(one.seconds(DEVICES["H200"]) for one in steps.of(precision, trials) if one.step == step)
    return chain / ours if ours else None
