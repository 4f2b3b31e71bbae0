"""Sweeps that tests start and disturb, and the processes that train them."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

SWEEP = "--data mnist1d --network mlp --train-limit 1000 --test-limit 200 --threads 1".split()
GRID = "--activations relu,selu --seeds 2".split()
PATIENCE = 120
BIN = pathlib.Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}


def until(holds, what):
    """Waits for something, and gives it back."""
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, f"waited {PATIENCE} s for {what}"
        time.sleep(0.02)
    return found


def finish(process, code):
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, f"exit code {process.returncode}, not {code}: {said}"
    return said


def parent(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def kill(pid):
    os.kill(pid, signal.SIGKILL)


class Sweeps:
    """In a folder, by a program."""

    def __init__(self, program, folder):
        self.program = str(pathlib.Path(program).resolve())
        self.folder = pathlib.Path(folder)

    def start(self, *arguments, environment=None):
        return subprocess.Popen([str(argument) for argument in arguments], cwd=self.folder,
                                env={**ENVIRONMENT, **(environment or {})}, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)

    def sweep(self, out, epochs, *more, grid=GRID, environment=None):
        return self.start(self.program, "sweep", *SWEEP, *grid, "--epochs", epochs, "--out", out, *more,
                          environment=environment)

    def digest(self, out):
        return json.loads((self.folder / out / "results.json").read_text())["digest"]

    def processes(self, word, out):
        """Those that have this word in their command line, and that text, a sweep's folder."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if word.encode() in words and str(self.folder / out).encode() in b" ".join(words):
                found.append(int(process.name))
        return found

    def program_of(self, out):
        """One that trains."""
        return until(lambda: self.processes("--serve", out), f"a program that trains {out}")[0]

    def launcher_of(self, out):
        return until(lambda: self.processes("--where", out), f"the launcher of {out}")[0]


class Cluster:
    """A scheduler of Dask and its workers, while it is open."""

    def __init__(self, sweeps, *options, name="scheduler"):
        self.sweeps = sweeps
        self.options = options
        self.file = sweeps.folder / f"{name}.json"
        self.started = [self.start_scheduler(*options)]
        until(self.file.exists, "a scheduler")
        self.address = json.loads(self.file.read_text())["address"]

    def start_scheduler(self, *options):
        return self.sweeps.start(BIN / "dask", "scheduler", *(options or ("--host", "127.0.0.1")), "--port", "0",
                                 "--dashboard-address", "127.0.0.1:0", "--scheduler-file", self.file)

    def add_worker(self, *options, before=(), environment=None):
        worker = self.sweeps.start(*before, BIN / "dask", "worker", self.address, "--nthreads", "1", "--no-dashboard",
                                   *options, environment=environment)
        self.started.append(worker)
        return worker

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        for process in self.started:
            process.terminate()
        for process in self.started:
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:  # a worker that looks for a scheduler that is gone
                process.kill()
                process.communicate()


def blind(folder):
    """A preload for workers that take no notice of a folder that they could see."""
    file = folder / "blind.py"
    file.write_text("import pathlib\n"
                    "exists = pathlib.Path.exists\n"
                    "pathlib.Path.exists = lambda path: not path.name.startswith('.sweep.json.') and exists(path)\n")
    return ("--preload", file)
