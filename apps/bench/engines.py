"""Engines as child processes, for the drivers of the benchmarks."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).resolve().parent / "peers"
VENV = ROOT / "build" / "peers-venv"
LOGS = ROOT / "build" / "peers-logs"
LONGEST_END = 30  # seconds


def installed_peers():
    """An interpreter that has the peers of requirements.txt; makes a virtual environment once."""
    if named := os.environ.get("PEERS_PYTHON"):
        return named
    python, requirements = VENV / "bin" / "python", PEERS / "requirements.txt"
    done = VENV / "requirements.txt"
    if not done.exists() or done.read_bytes() != requirements.read_bytes():
        print(f"Installing the peers into {VENV} (several gigabytes, once)", flush=True)
        venv.create(VENV)
        pip = [sys.executable, "-m", "pip", "--python", python]  # Debian's venv has no pip inside
        subprocess.run([*pip, "install", "-q", "-r", requirements], check=True)
        done.write_bytes(requirements.read_bytes())
    return str(python)


class Engine:
    """A child process and the conversation with it; deadlines are of time.monotonic()."""

    def __init__(self, key, command, deadline=None, **settings):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.key, self.log = key, LOGS / f"{key.replace('/', '-')}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                **settings,
            )
        self.lines = queue.SimpleQueue()
        threading.Thread(target=self.listen, daemon=True).start()
        self.description = self.answer(deadline)

    def listen(self):
        with self.process.stdout as lines:
            for line in lines:
                self.lines.put(line)
        self.lines.put("")

    def answer(self, deadline=None):
        """The next line; raises OSError where the process ends before it, or the time does."""
        try:
            seconds = None if deadline is None else max(0, deadline - time.monotonic())
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            self.process.kill()
            self.end()
            raise TimeoutError("it took longer than the time left for it") from None
        if not line:
            code = self.end()
            tail = self.log.read_text().strip().splitlines()[-1:] or ["no message"]
            raise ChildProcessError(f"it ended with code {code} ({tail[0]}); see {self.log}")
        return json.loads(line)

    def ask(self, line, deadline=None):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.answer(deadline)

    def end(self):
        """Ends its input, which ends it; returns its exit code."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            return self.process.wait(LONGEST_END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def in_turn(engines, turn):
    """The engines, each round beginning with another one."""
    first = turn % len(engines) if engines else 0
    return engines[first:] + engines[:first]
