"""The command line of scripts/gpu_verify."""
import argparse
import json
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from . import machine, programs, record, steps

NO_GPU = 3
STRIDE = 17


def parse(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collect", nargs="?", type=Path, const=programs.CARRIED, metavar="DIR",
                        help="gather what has to be carried along, and do nothing else")
    parser.add_argument("--build", type=Path, default=machine.ROOT / "build" / "release",
                        help="folder of cmake that --collect builds in")
    parser.add_argument("--programs", type=Path, default=programs.CARRIED, help="what --collect gathered")
    parser.add_argument("--out", type=Path, default=machine.ROOT / "docs" / "benchmarks" / "gpu",
                        help="folder of the record")
    parser.add_argument("--logs", type=Path, default=machine.ROOT / "build" / "gpu-logs",
                        help="folder for what the steps print")
    parser.add_argument("--data", type=Path, metavar="DIR", help="MNIST's files, for the sweep and the peers")
    parser.add_argument("--steps", type=lambda text: text.split(","), help="only these, by name")
    parser.add_argument("--stride", type=int, default=STRIDE, help="the walk takes every so manieth float; odd")
    parser.add_argument("--full", action="store_true", help="--stride 1")
    parser.add_argument("--limit", type=int, help="seconds that any one step may take, instead of its own limit")
    parser.add_argument("--build-limit", type=int, default=3600, help="seconds that building may take")
    return parser.parse_args()


def chosen(all_steps, names, limit):
    known = [step.name for step in all_steps]
    if unknown := [name for name in names or [] if name not in known]:
        raise ValueError(f"no step {', '.join(unknown)}; there are {', '.join(known)}")
    for step in all_steps:
        step.limit = limit or step.limit
    return [step for step in all_steps if names is None or step.name in names]


def verify(options, device):
    found, origin = programs.find(options.programs, options.build_limit)
    commit, changed = machine.commit(options.programs)
    told = {"device": device, "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"), "commit": commit,
            "changed": changed, "programs": origin, "steps": []}
    options.logs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        for step in chosen(steps.plan(found, Path(work), options), options.steps, options.limit):
            outcome = steps.run(step, options.logs)
            print(outcome.line(), flush=True)
            told["steps"].append(outcome.as_json())
            benchmark = Path(work) / "benchmark.json"
            if benchmark.exists():
                told["benchmark"] = json.loads(benchmark.read_text())
            page = record.write(told, options.out)
    print(f"{page}; logs in {options.logs}")
    return 1 if any(step["outcome"] == "failed" for step in told["steps"]) else 0


def main(description):
    options = parse(description)
    options.stride = 1 if options.full else options.stride
    try:
        if options.stride % 2 == 0:
            raise ValueError("--stride must be odd")
        if options.collect:
            size = programs.collect(options.collect, options.build, options.build_limit)
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
    except RuntimeError as error:
        print(f"gpu_verify: {error}", file=sys.stderr)
        return 1
