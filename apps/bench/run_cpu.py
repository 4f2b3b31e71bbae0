#!/usr/bin/env python3
"""Times a training step of the tutorial's network: Saltus, Keras on TensorFlow, PyTorch.

    apps/bench/run_cpu.py                      # relu and gelu, fp32 and bf16, all cores
    apps/bench/run_cpu.py --data FOLDER        # with real images: the four IDX files of MNIST

Every engine is a child process that speaks the protocol of peers/protocol.py. All engines of a
(precision, activation) pair are started first, then take turns in rounds, each round beginning
with another one, so that a change of the machine's speed meets them all. All begin from equal
weights and take the same steps over the same batches, so that their losses, too, can be compared;
where one took other steps than the rest, the benchmark stops. The peers run in a
virtual environment that this script makes, or in the interpreter that PEERS_PYTHON names. Writes
a table (Markdown) and all figures (JSON) to docs/benchmarks/.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from itertools import product
from pathlib import Path

import cpu_report
import report
from engines import PEERS, ROOT, Engine, in_turn, installed_peers

ENGINES = ["saltus", "keras", "torch", "primitives"]
STEPS_MULTIPLE = 8  # MOST_STEPS_AN_EXECUTION of peers/protocol.py, which needs NumPy


def commands(options, python, weights):
    """What to run for each engine; `saltus` first, the ratios are taken to it."""
    ours = options.build / "apps" / "bench" / "saltus_bench"
    return {
        "saltus": [ours, "step", "--weights", weights],
        "keras": [python, PEERS / "keras_step.py"],
        "torch": [python, PEERS / "torch_step.py"],
        "primitives": [ours, "primitives"],
    }


def start(options, python, cores, precision, activation, weights):
    """The engines of one pair that start, and the reason of each that does not."""
    arguments = ["--precision", precision, "--activation", activation]
    arguments += ["--threads", str(options.threads)]
    arguments += ["--data", str(options.data)] if options.data else []
    engines, missing = [], {}
    for key, command in commands(options, python, weights).items():
        if key not in options.engines:
            continue
        try:
            engines.append(
                Engine(
                    key,
                    [*command, *arguments],
                    preexec_fn=lambda: os.sched_setaffinity(0, cores),
                )
            )
            print(f"  {key}: {engines[-1].description.get('variant', 'ready')}", flush=True)
        except OSError as error:  # a program that is not there, or that ends at once
            missing[key] = str(error).replace(f"{ROOT}/", "")
            print(f"  {key}: left out, {missing[key]}", flush=True)
    return engines, missing


def check_steps(rounds):
    """Raises OSError unless all engines took the same steps in each round."""
    for turns in zip(*rounds.values(), strict=True):
        if len({(turn["first_step"], turn["steps"]) for turn in turns}) > 1:
            told = {key: (turn["first_step"], turn["steps"]) for key, turn in zip(rounds, turns)}
            raise OSError(f"the engines took different steps in one round: {told}")


def measure(options, python, cores, precision, activation, folder):
    """All rounds of one pair: {engine: {description, warm, rounds: [{first_step, ..., loss}]}}."""
    print(f"{precision} {activation}", flush=True)
    weights = folder / activation
    subprocess.run([python, PEERS / "weights.py", activation, weights], check=True)
    engines, missing = start(options, python, cores, precision, activation, weights)
    rounds = {engine.key: [] for engine in engines}
    try:  # the first run warms caches, clocks and thread pools
        warm = {engine.key: engine.ask(f"run {options.steps}") for engine in engines}
        for turn in range(options.rounds if engines else 0):
            for engine in in_turn(engines, turn):
                rounds[engine.key].append(engine.ask(f"run {options.steps}"))
            last = {key: f"{1e3 * r[-1]['seconds_per_step']:.1f}" for key, r in rounds.items()}
            print(f"  round {turn + 1}, ms per step: {last}", flush=True)
    finally:
        for engine in engines:
            engine.end()
    check_steps({key: [warm[key], *turns] for key, turns in rounds.items()})
    return {
        "precision": precision,
        "activation": activation,
        "engines": {
            e.key: {"description": e.description, "warm": warm[e.key], "rounds": rounds[e.key]}
            for e in engines
        },
        "missing": missing,
    }


def first_cores(count):
    """`count` CPUs of this process, one of each physical core first."""

    def siblings(cpu):
        path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        return path.read_text() if path.exists() else str(cpu)

    seen, first, second = set(), [], []
    for cpu in sorted(os.sched_getaffinity(0)):
        (second if siblings(cpu) in seen else first).append(cpu)
        seen.add(siblings(cpu))
    return (first + second)[:count]


def names(text):
    return text.split(",")


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--engines", type=names, default=ENGINES)
    parser.add_argument("--precisions", type=names, default=["fp32", "bf16"])
    parser.add_argument("--activations", type=names, default=["relu", "gelu_tanh"])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=96, help="steps of each engine in a round")
    parser.add_argument("--data", type=Path, help="folder of MNIST's IDX files, else synthetic")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    parser.add_argument("--only-venv", action="store_true", help="install the peers and stop")
    options = parser.parse_args()
    if options.steps % STEPS_MULTIPLE or options.steps <= STEPS_MULTIPLE:
        parser.error(f"--steps must be a multiple of {STEPS_MULTIPLE} and larger: Keras takes so many at once")
    return options


def main():
    options = parse()
    python = installed_peers()
    if options.only_venv:
        return
    cores = first_cores(options.threads)
    record = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": report.commit(ROOT),
        "machine": cpu_report.machine(cores),
        "protocol": {"rounds": options.rounds, "steps": options.steps, "threads": options.threads}
        | {"data": "MNIST-format files" if options.data else "synthetic"},
        "pairs": [],
    }
    with tempfile.TemporaryDirectory() as folder:
        for pair in product(options.precisions, options.activations):
            record["pairs"].append(measure(options, python, cores, *pair, Path(folder)))
    if not any(pair["engines"] for pair in record["pairs"]):
        sys.exit("No engine could be started; the reasons stand above.")
    print(f"\n{cpu_report.write(record, options.out)}")


if __name__ == "__main__":
    try:
        main()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"The benchmark stopped: {error}")
