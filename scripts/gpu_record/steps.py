"""A step, and how it is run."""
import contextlib
import os
import re
import signal
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import machine, sweeps

FILTER = "--gtest_filter="
MOST_NAMES = 10  # of failed tests in a summary
GRACE = 5  # seconds that a program has to end once it is asked to


class Stopped(Exception):
    """Somebody asked this program to end."""


@dataclass
class Step:
    name: str
    command: list = None  # None: it is left out, and `reason` says why
    limit: float = 600    # seconds
    part: float = 600     # of a run whose time is short, it takes at most so many seconds
    least: float = 3      # and is left out where fewer are left
    reason: str = ""
    tests: bool = False   # a program of googletest: some must have run
    sweep: Path = None    # where a sweep writes its results
    environment: dict = field(default_factory=dict)
    within: object = None  # the command for a number of seconds, where it depends on them
    left_out: object = None  # says behind it what it should have measured and has not

    def in_time(self, left):
        """The same step where so many seconds are left, None for no end."""
        if self.command is None or left is None:
            return self
        seconds = min(self.part, left - GRACE)
        if seconds < self.least:
            return Step(self.name, reason="no time was left for it")
        command = self.within(seconds) if self.within else self.command
        return Step(self.name, command, seconds, tests=self.tests, sweep=self.sweep, environment=self.environment,
                    left_out=self.left_out)


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
    if step.sweep:
        return sweeps.judge(step.sweep, code, last_line(text))
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
    if missing := step.left_out() if step.left_out else []:
        good = False
        parts.append("it has nothing of " + some_of(missing))
    return ("passed" if good else "failed"), "; ".join(parts)


def end(process):
    """Ends a program and all that it started; it is asked first."""
    def tell(number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)

    if process.poll() is None:
        tell(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    tell(signal.SIGKILL)
    process.wait()


def call(step, command, log, limit):
    """Runs a command; its output goes to `log`. Returns its exit code, None where it took too long, and its output."""
    environment = {**os.environ, **step.environment,
                   "SALTUS_DEVICE_FACTS": str(machine.ROOT / "tests/kernels/device")}
    with log.open("w") as file:
        try:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment,
                                       cwd=machine.ROOT, start_new_session=True)
        except OSError as error:
            file.write(f"{error}\n")
            return 127, f"{error}\n"
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            end(process)
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


def run(step, log):
    """Runs a step; its output goes to `log`."""
    if step.command is None:
        return Outcome(step.name, "left out", summary=step.reason)
    log = Path(log)
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
        outcome, summary = "failed", f"not done within {step.limit:.0f} s; last line: {last_line(text)}"
        if step.tests:
            summary += f"; {len(re.findall(r'^.       OK .', text, re.MULTILINE))} tests had passed"
    return Outcome(step.name, outcome, round(seconds, 1), summary, " ".join(step.command))
