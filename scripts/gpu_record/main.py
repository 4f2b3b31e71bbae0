"""The command line of scripts/gpu_verify."""
import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

from . import machine, plan, programs, record, steps, sweeps

NO_GPU = 3
RUNNING = "running.log"  # of the step that is under way: it comes back where a run is cut off


def parse(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, help="end within so many; the most valuable steps come first")
    parser.add_argument("--sanitizers", action="store_true", help="compute-sanitizer's tools instead of all else")
    parser.add_argument("--out", type=Path, default=machine.ROOT / "build" / "gpu-record",
                        help="folder for all that is written (default: build/gpu-record)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="MNIST's files, for the sweeps and the peers")
    parser.add_argument("--steps", type=lambda text: text.split(","), help="only these, by name")
    parser.add_argument("--filter", help="of googletest, for the tests and the sanitizers")
    parser.add_argument("--stride", type=int, help="the walk takes every so manieth float; odd")
    parser.add_argument("--full", action="store_const", dest="stride", const=1, help="--stride 1")
    parser.add_argument("--programs", type=Path, default=programs.CARRIED, help="what --collect gathered")
    parser.add_argument("--collect", nargs="?", type=Path, const=programs.CARRIED, metavar="DIR",
                        help="gather what has to be carried along, MNIST too with --data, and do nothing else")
    parser.add_argument("--build", type=Path, default=machine.ROOT / "build" / "release",
                        help="folder of cmake that --collect builds in")
    parser.add_argument("--build-limit", type=int, default=3600, help="seconds that building may take")
    parser.add_argument("--sources", action="store_true", help="print the hash of the sources, and do nothing else")
    return parser.parse_args()


def chosen(all_steps, names):
    known = [step.name for step in all_steps]
    if unknown := [name for name in names or [] if name not in known]:
        raise ValueError(f"no step {', '.join(unknown)}; there are {', '.join(known)}")
    return [step for step in all_steps if names is None or step.name in names]


def keep_times(told, work):
    """Puts what saltus_gpu_bench has written so far into the record."""
    found = []
    for name in ("roofs", "launches", "launches-single", "kernels"):
        if (path := work / f"{name}.json").exists():
            found.append(json.loads(path.read_text()))
        if name == "launches-single" and path.exists():
            for entry in found[-1]["entries"]:
                entry["name"] = entry["name"].replace(record.STEP, record.SINGLE, 1)
    if found:
        told["benchmark"] = {**found[0], "entries": [entry for one in found for entry in one["entries"]]}


def keep_sweep(told, step):
    figures = sweeps.figures(step.sweep)
    if figures is not None:
        told["sweeps"][step.name] = figures


def keep_files(step, logs):
    """A sweep's tables go beside the logs; pictures stay."""
    for name in ("history.csv", "results.json", "sweep.json"):
        if (step.sweep / name).exists():
            shutil.copy(step.sweep / name, logs / f"{step.name}-{name}")


class Run:
    """The steps, one after another, and the record that grows with them."""

    def __init__(self, options, device, deadline):
        self.options, self.deadline = options, deadline
        self.found, origin = programs.find(options.programs, options.build_limit, options.minutes is None)
        options.state = machine.state() if origin == programs.BUILT else machine.state_of(options.programs)
        self.told = {"device": device, "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"), **options.state,
                     "sources_here": machine.sources(), "sanitizers": options.sanitizers, "programs": origin,
                     "minutes": options.minutes, "steps": [], "sweeps": {}}

    def left(self):
        return None if self.deadline is None else self.deadline - time.monotonic()

    def all(self, folder):
        """Returns the page's path."""
        work, logs = folder / "work", folder / "logs"
        work.mkdir()
        logs.mkdir()
        page = record.write(self.told, self.options.out, logs)
        for step in chosen(plan.plan(self.found, work, self.options), self.options.steps):
            page = self.one(step.in_time(self.left()), work, logs)
        return page

    def one(self, step, work, logs):
        running = self.options.out / RUNNING
        outcome = steps.Outcome(step.name, "failed", summary="the run was ended during it")
        try:
            outcome = steps.run(step, running)
        finally:
            print(outcome.line(), flush=True)
            self.told["steps"].append(outcome.as_json())
            keep_times(self.told, work)
            for found in self.options.out.glob("running*.log"):
                shutil.move(found, logs / found.name.replace("running", step.name))
            for counted in work.glob("counters-*.csv"):
                shutil.copy(counted, logs)
            if step.sweep and step.command:
                keep_sweep(self.told, step)
                keep_files(step, logs)
            page = record.write(self.told, self.options.out, logs)
        return page


def stop(_number, _frame):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
    raise steps.Stopped


def verify(options, device):
    deadline = time.monotonic() + options.minutes * 60 if options.minutes else None
    run = Run(options, device, deadline)
    signal.signal(signal.SIGTERM, stop)
    with tempfile.TemporaryDirectory() as folder:
        print(f"{run.all(Path(folder))} and what is beside it")
    return 1 if any(step["outcome"] == "failed" for step in run.told["steps"]) else 0


def main(description):
    options = parse(description)
    try:
        if options.sources:
            print(machine.sources())
            return 0
        if options.stride is not None and options.stride % 2 == 0:
            raise ValueError("--stride must be odd")
        if options.minutes is not None and not options.minutes > 0:
            raise ValueError("--minutes must be more than 0")
        if options.collect:
            size = programs.collect(options.collect, options.build, options.build_limit, options.data)
            print(f"{size / 2**20:.1f} MiB in {options.collect}")
            return 0
        device = machine.gpu()
        if device is None:
            print("no GPU: nothing verified")
            return NO_GPU
        return verify(options, device)
    except ValueError as error:
        print(f"gpu_verify: {error}", file=sys.stderr)
        return 2
    except (RuntimeError, steps.Stopped, KeyboardInterrupt) as error:
        print(f"gpu_verify: {error or 'ended'}", file=sys.stderr)
        return 1
