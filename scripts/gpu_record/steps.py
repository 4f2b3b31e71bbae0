"""The steps, and how one is run."""
import os
import re
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from . import machine
from .programs import BENCH, SALTUS, TESTS, TRIALS, trains_on_gpu

PEERS_BUDGET = 1200  # seconds
SANITIZERS = ["memcheck", "racecheck", "initcheck", "synccheck"]
FILTER = "--gtest_filter="
NO_WALK = FILTER + "-ActivationWalk*"
MOST_NAMES = 10  # of failed tests in a summary


@dataclass
class Step:
    name: str
    command: list = None  # None: it is left out, and `reason` says why
    limit: int = 600      # seconds
    reason: str = ""
    tests: bool = False   # a program of googletest: some must have run
    environment: dict = field(default_factory=dict)


@dataclass
class Outcome:
    name: str
    outcome: str  # passed, failed, left out
    seconds: float = 0.0
    summary: str = ""
    command: str = ""

    def line(self):
        return f"{self.outcome:9} {self.name:24} {self.seconds:7.1f} s  {self.summary}"

    def as_json(self):
        return asdict(self)


def plan(programs, work, options):
    """All steps. `work` is a folder for what they write, options.out that of the records."""
    tests = str(programs[TESTS])
    steps = [
        Step("tests", [tests, NO_WALK], 300, tests=True),
        Step("parity", [tests, FILTER + "Parity*"], 120, tests=True),
        Step("walk", [tests, FILTER + "ActivationWalk*", "--stride", str(options.stride)],
             1800 if options.stride == 1 else 300, tests=True),
    ]
    sanitizer = machine.tool("compute-sanitizer")
    for name in SANITIZERS:
        if sanitizer is None:
            steps.append(Step(name, reason="compute-sanitizer is not installed"))
            continue
        command = [sanitizer, "--tool", name, "--error-exitcode", "86", "--print-limit", "20"]
        steps.append(Step(name, [*command, tests, NO_WALK], 900, tests=True))
    folders = os.pathsep.join([*machine.library_folders(), os.environ.get("LD_LIBRARY_PATH", "")]).strip(os.pathsep)
    steps.append(Step("benchmark", [str(programs[BENCH]), "--json", str(work / "benchmark.json")], 600,
                      environment={"LD_LIBRARY_PATH": folders} if folders else {}))
    steps += training(programs.get(SALTUS), programs.get(TRIALS), work, options, steps[-1].environment)
    return steps


def training(saltus, trials, work, options, libraries):
    """The whole article, and the same training by the peers; the latter writes a record of its own."""
    if saltus is None or not trains_on_gpu(saltus):
        reason = "there is no saltus program that trains on a GPU"
        return [Step(name, reason=reason) for name in ("sweep", "libraries", "peers")]
    data = ["--data", str(options.data.resolve())] if options.data else []
    sweep = Step("sweep", [str(saltus), "sweep", "--device", "cuda", "--out", str(work / "sweep"), *data], 600)
    by_libraries = Step("libraries", [str(saltus), "sweep", "--device", "cuda", "--gemm", "cublas", "--conv", "cudnn",
                                      "--out", str(work / "libraries"), *data], 600, environment=libraries)
    if trials is None:
        return [sweep, by_libraries, Step("peers", reason="there is no saltus_bench program")]
    name = f"training-{datetime.now(timezone.utc):%Y-%m-%d}.json"
    driver = [sys.executable, str(machine.ROOT / "apps/bench/run_gpu.py"), "--build", str(trials.parent), "--out",
              str(options.out.resolve() / name), "--budget", str(PEERS_BUDGET), *data]
    return [sweep, by_libraries, Step("peers", driver, PEERS_BUDGET + 60)]


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def failed_tests(text):
    """Their names, in the order in which they ran."""
    named = re.findall(r"^\[  FAILED  \] ([^\s,]+)", text, re.MULTILINE)
    return list(dict.fromkeys(name for name in named if not name.isdigit()))


def some_of(names):
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def judge(step, code, text):
    """(outcome, summary) of a step that ended."""
    if code == 3 or "no GPU to" in text:
        return "failed", "no GPU was found by the program"
    passed = re.findall(r"\[  PASSED  \] (\d+) tests?", text)
    failed = failed_tests(text)
    found = re.findall(r"ERROR SUMMARY: (\d+) error", text)
    parts = []
    if step.tests:
        parts.append(f"{passed[-1] if passed else 0} tests passed")
        if failed:
            parts.append("failed: " + some_of(failed))
    if found:
        parts.append(f"{found[-1]} errors of the sanitizer")
    if step.name == "walk":
        parts += [line.strip() for line in text.splitlines() if "of 2^32 floats" in line]
    good = code == 0 and not (step.tests and not (passed and int(passed[-1]) > 0))
    if not good and not failed:
        parts.append(f"exit code {code}: {last_line(text)}")
    return ("passed" if good else "failed"), "; ".join(parts)


def call(step, command, log, limit):
    """Runs a command; its output goes to `log`. Returns its exit code, None where it took too long, and its output."""
    environment = {**os.environ, **step.environment,
                   "SALTUS_FRAGMENT_LAYOUTS": str(machine.ROOT / "tests/kernels/device/fragment_layouts.csv")}
    with log.open("w") as file:
        try:
            code = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, env=environment, timeout=limit,
                                  cwd=machine.ROOT).returncode
        except subprocess.TimeoutExpired:
            code = None
        except OSError as error:
            file.write(f"{error}\n")
            code = 127
    return code, log.read_text(errors="replace")


def culprits(step, failed, log, deadline):
    """After a fault on the device everything fails. So the first test that failed is left out and the others run again,
    until none fails. Returns those left out, and whether there was time for all."""
    found = []
    while failed and time.monotonic() < deadline:
        found.append(failed.pop(0))
        if failed:
            command = [FILTER + ":".join(failed) if word.startswith(FILTER) else word for word in step.command]
            _, text = call(step, command, log, deadline - time.monotonic())
            failed = failed_tests(text)
    return found, not failed


def run(step, logs):
    """Runs a step; its output goes to a file of its name in `logs`."""
    if step.command is None:
        return Outcome(step.name, "left out", summary=step.reason)
    log = Path(logs) / f"{step.name}.log"
    begin = time.monotonic()
    code, text = call(step, step.command, log, step.limit)
    outcome, summary = judge(step, code, text)
    failed = failed_tests(text)
    if step.tests and len(failed) > 1 and code is not None:
        found, complete = culprits(step, failed, log.with_suffix(".again.log"), begin + step.limit)
        told = f"{len(found)} fail by themselves: {some_of(found)}"
        summary += f"; of these {told}" + ("" if complete else " (there was no time for all)")
    seconds = time.monotonic() - begin
    if code is None:
        outcome, summary = "failed", f"not done within {step.limit} s; last line: {last_line(text)}"
    return Outcome(step.name, outcome, round(seconds, 1), summary, " ".join(step.command))
