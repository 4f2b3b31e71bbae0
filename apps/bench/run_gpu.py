#!/usr/bin/env python3
"""Times training of the tutorial's network on a GPU: Saltus, PyTorch, JAX, Keras.

    apps/bench/run_gpu.py --build build/release --out FILE.json --budget 1500
    apps/bench/run_gpu.py --device cpu --limit 100 --rounds 1 --epochs 1    # tries the machinery

Writes all figures (JSON) and a page (Markdown) beside them. Every engine computes the same network
(peers/recipe.py) in a child process that speaks the protocol of peers/trials.py; an engine that is
not installed is left out, and the page says so. In each precision:

1. Every variant of every engine is started alone; the time to its first epoch is the cold start.
   From equal weights, all must find the same loss on the test images.
2. Epochs: all variants take turns, each round beginning with another one. Then the fastest variant
   of each engine goes on.
3. Trials: from fresh weights, with an evaluation behind each epoch.
4. The sweep: a trial for each of six activations, one after the other, and, where an engine can do
   that, side by side.
5. How Saltus's throughput grows with the number of trials side by side.

A time is void where the accuracy on the test images is not within a band around the median of all
engines. The budget is kept by leaving out rounds, then engines; JSON and page are written after
each part, so that a run that is cut off leaves what it has. The peers run in this interpreter, or
in the one that PEERS_PYTHON names; it needs no network. Exit code 3: there is no GPU.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from itertools import zip_longest
from pathlib import Path

import contest
import gpu_report
import report
from engines import PEERS, ROOT, Engine

sys.path.insert(0, str(PEERS))
try:
    import arrays
    import protocol
    import recipe
    import variants
except ModuleNotFoundError as error:
    sys.exit(f"{sys.executable} lacks a package of the peers: {error}")

NO_GPU = 3
ENGINES = ("saltus", "torch", "jax", "keras")
TRIALS = (1, 2, 3, 6, 12, 24)
# Of a precision's time: by when each part has ended.
PARTS = {"start": 0.5, "epoch": 0.6, "trial": 0.72, "sweep": 0.95, "throughput": 1.0}
LONGEST_START = 0.15  # of it, for one engine
QUERY = "name,driver_version,memory.total,clocks.max.sm,power.limit,clocks.sm,power.draw"


def gpu():
    """What nvidia-smi says of the first GPU now, or None."""
    command = ["nvidia-smi", f"--query-gpu={QUERY}", "--format=csv,noheader"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return dict(zip(QUERY.split(","), told.stdout.splitlines()[0].split(", ")))


def request(activations, epochs, **changes):
    asked = {"activations": activations, "epochs": epochs, "fresh": False, "validate": False}
    return json.dumps(asked | {"together": False, "seed": 0} | changes)


def alternating(lists):
    """(item, name) of {name: items}: the first of each, then the second of each, and so on."""
    for row in zip_longest(*lists.values()):
        yield from ((item, name) for item, name in zip(row, lists) if item is not None)


def commands(options, python):
    """What to run for each contestant, `engine/variant`."""
    places = options.build / "apps" / "bench" / "saltus_bench", options.build / "saltus_bench"
    ours = next((place for place in places if place.exists()), places[0])
    ways = {"torch": variants.TORCH, "jax": variants.JAX, "keras": variants.KERAS}
    wanted = {
        name: [way for way in found if not options.variants or way in options.variants]
        for name, found in ways.items()
        if name in options.engines
    }
    found = {"saltus/saltus": [ours, "trials"]} if "saltus" in options.engines else {}
    for way, name in alternating(wanted):
        found[f"{name}/{way}"] = [python, PEERS / f"{name}_gpu.py", "--variant", way]
    return found


class Measurement:
    """All of one precision. `save` is called after each part, when `found` has more."""

    def __init__(self, options, precision, deadline, folder, save):
        self.options, self.precision, self.folder, self.save = options, precision, folder, save
        self.started, self.deadline = time.monotonic(), deadline
        self.engines, self.found = {}, {"precision": precision, "contestants": {}, "gpu": {}}

    def until(self, part):
        return self.started + PARTS[part] * (self.deadline - self.started)

    def run(self):
        parts = [self.start_all, self.compare_start, self.epochs, self.finalists, self.trials]
        try:
            for part in [*parts, self.sweep, self.throughput]:
                part()
                self.save()
        finally:
            for engine in self.engines.values():
                engine.end()

    def play(self, part, entries):
        print(f"  {part}: {', '.join(entry.key for entry in entries)}", flush=True)
        contest.play(entries, self.options.rounds, self.until(part))
        self.found[part] = {entry.key: entry.as_json() for entry in entries}
        self.found["gpu"][part] = gpu()
        for entry in entries:  # an engine that ended takes part in nothing more
            if entry.engine.process.poll() is not None:
                self.engines = {k: e for k, e in self.engines.items() if e is not entry.engine}

    def start_all(self):
        options = self.options
        arguments = ["--precision", self.precision, "--device", options.device]
        arguments += ["--data", options.data]
        arguments += ["--limit", options.limit] if options.limit else []
        for number, (key, command) in enumerate(commands(options, options.python).items()):
            caches = self.folder / f"caches-{self.precision}-{number}"
            fresh = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "CUDA_CACHE_PATH")
            environment = os.environ | {name: str(caches / name) for name in fresh}
            about = self.found["contestants"][key] = {"note": ""}
            begin, until = time.monotonic(), self.until("start")
            try:
                if begin > until:
                    raise TimeoutError(contest.NO_TIME)
                until = min(until, begin + LONGEST_START * (self.deadline - self.started))
                engine = Engine(key, [*command, *arguments], until, env=environment)
                about |= engine.description
                engine.ask(request(["relu"], 1), until)
                about["cold_seconds"] = time.monotonic() - begin
                self.engines[key] = engine
                print(f"  {key}: first epoch after {about['cold_seconds']:.1f} s", flush=True)
            except OSError as error:
                about["note"] = str(error).replace(f"{ROOT}/", "")
                print(f"  {key}: left out, {about['note']}", flush=True)

    def ask_all(self, part, line):
        """The answers of all engines that are left; those that give none are left out."""
        answers = {}
        for key, engine in list(self.engines.items()):
            try:
                answers[key] = engine.ask(line, self.until(part))
            except OSError as error:
                self.found["contestants"][key]["note"] = str(error)
                del self.engines[key]
        return answers

    def compare_start(self):
        """The loss at equal weights."""
        path = self.folder / "weights"
        weights = arrays.initial_weights("relu", 0)
        path.write_bytes(b"".join(weight.tobytes() for weight in weights))
        line = request(["relu"], 0, fresh=True, validate=True, weights=str(path))
        for key, answer in self.ask_all("epoch", line).items():
            self.found["contestants"][key]["start_loss"] = answer["val_loss"][0]

    def epochs(self):
        line = request(["relu"], self.options.epochs_a_turn)
        entries = [contest.Entry(key, engine, line) for key, engine in self.engines.items()]
        self.play("epoch", entries)
        line = request(["relu"], 0, validate=True)
        for key, answer in self.ask_all("trial", line).items():
            self.found["epoch"][key]["accuracy"] = answer["accuracy"]

    def finalists(self):
        """Ends all but the fastest variant of each engine."""
        fastest = {}
        for key in self.engines:
            rounds = self.found["epoch"][key]["rounds"]
            middle = report.spread([r["seconds"] for r in rounds])[0] if rounds else float("inf")
            name = key.split("/")[0]
            fastest[name] = min(fastest.get(name, (middle, key)), (middle, key))
        kept = {key for _, key in fastest.values()}
        for key in set(self.engines) - kept:
            self.engines.pop(key).end()

    def trials(self):
        line = request(["relu"], self.options.epochs, fresh=True, validate=True)
        self.play("trial", [contest.Entry(key, e, line) for key, e in self.engines.items()])

    def sweep(self):
        names = list(recipe.ACTIVATIONS)
        entries = []
        for key, engine in self.engines.items():
            trial = self.found["trial"][key]
            expected = len(names) * trial["rounds"][-1]["seconds"] if trial["rounds"] else 0
            for together in (False, True):
                if together and not engine.description.get("together"):
                    continue
                way = engine.description["together"] if together else "one by one"
                line = request(
                    names, self.options.epochs, fresh=True, validate=True, together=together
                )
                entries.append(contest.Entry(f"{key}, {way}", engine, line, expected))
        self.play("sweep", entries)

    def throughput(self):
        engine = self.engines.get("saltus/saltus")
        if engine is None:
            return
        lines = {
            n: request(["relu"] * n, self.options.epochs_a_turn, together=n > 1) for n in TRIALS
        }
        self.play("throughput", [contest.Entry(str(n), engine, line) for n, line in lines.items()])


def names(text):
    return text.split(",")


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--build",
        type=Path,
        default=ROOT / "build" / "release",
        help="folder of cmake, or one that holds saltus_bench",
    )
    parser.add_argument("--out", type=Path, help="JSON file; else one in docs/benchmarks/gpu")
    parser.add_argument("--budget", type=float, default=1500, help="seconds that all may take")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--precisions", type=names, help="else tf32 and bf16; fp32 on a CPU")
    parser.add_argument("--engines", type=names, default=ENGINES)
    parser.add_argument("--variants", nargs="+", help="these of the peers only")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20, help="of a trial")
    parser.add_argument("--epochs-a-turn", type=int, default=2, help="in the rounds of epochs")
    parser.add_argument("--data", type=Path, help="folder of MNIST's IDX files, else synthetic")
    parser.add_argument("--sources", help="their hash, to be told instead of the commit")
    parser.add_argument("--limit", type=int, help="use the first images only")
    return parser.parse_args()


def complete(options, folder):
    """Fills in what was left open; synthetic images become files for all engines alike."""
    options.python = os.environ.get("PEERS_PYTHON", sys.executable)
    options.precisions = options.precisions or (
        ["tf32", "bf16"] if options.device == "cuda" else ["fp32"]
    )
    if options.data is not None:
        return
    options.data = folder / "data"
    options.data.mkdir()
    for part, (images, labels) in zip(("train", "t10k"), protocol.data(None)):
        protocol.write_idx(options.data / f"{part}-images-idx3-ubyte", images)
        protocol.write_idx(options.data / f"{part}-labels-idx1-ubyte", labels)


def main():
    options = parse()
    deadline = time.monotonic() + options.budget
    device = gpu() if options.device == "cuda" else {"name": "CPU"}
    if device is None:
        print("no GPU to measure on")
        sys.exit(NO_GPU)
    count = min(options.limit or protocol.TRAIN_IMAGES, protocol.TRAIN_IMAGES)
    record = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": f"sources {options.sources}" if options.sources else f"commit {report.commit(ROOT)}",
        "gpu": device,
        "protocol": {
            "rounds": options.rounds,
            "epochs": options.epochs,
            "epochs_a_turn": options.epochs_a_turn,
            "images": count,
            "data": "MNIST-format files" if options.data else "synthetic",
            "budget_seconds": options.budget,
        },
        "precisions": [],
    }
    name = f"training-{report.slug(device['name'])}-{record['date'][:10]}.json"
    out = options.out or ROOT / "docs" / "benchmarks" / "gpu" / name

    def save():
        return report.write(record, gpu_report.markdown(record), out)

    with tempfile.TemporaryDirectory() as folder:
        complete(options, Path(folder))
        for done, precision in enumerate(options.precisions):
            print(precision, flush=True)
            left = deadline - time.monotonic()
            until = time.monotonic() + left / (len(options.precisions) - done)
            measurement = Measurement(options, precision, until, Path(folder), save)
            record["precisions"].append(measurement.found)
            measurement.run()
    if not any(found.get("epoch") for found in record["precisions"]):
        sys.exit("No engine could be started; the reasons stand above.")
    print(f"\n{save()}")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"The benchmark stopped: {error}")
