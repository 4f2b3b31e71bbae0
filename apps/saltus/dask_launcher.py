#!/usr/bin/env python3
"""Trains the units of a sweep on Dask's workers: what `saltus sweep --workers WHERE` runs, where WHERE is no number.

    dask_launcher.py --program SALTUS --folder DIR --where WHERE [--threads T] [--slurm OPTIONS] [--insecure]
                     [-- OPTION ...]

Units come on standard input, a line each: the ids of trials that are to train side by side. Each is answered with a
line when its trials are trained. On a worker they are given to a program, `saltus sweep --serve`, which goes on with
the next one, and ends when it has had nothing to do for a while. A worker that sees the sweep's folder trains into it,
and goes on there with a trial that was interrupted; any other gets sweep.json, trains in a folder of its own and sends
the results back, which received/ of the folder keeps for the program. Units that fail are tried again, on whatever
other worker is free. The exit code is the program's: 2, wrong use, and 3, other results than those that were there, end
it at once; 1, a unit failed four times.
"""
import argparse
import collections
import contextlib
import ctypes
import ipaddress
import os
import pathlib
import queue
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

MOST_TRIES = 4
MOST_FAILURES = 3
NEVER_RETRIED = (2, 3)
NO_ROOM = 75
IDLE_SECONDS = 20
TASK_SECONDS = 0.25


def say(text):
    print(f"saltus: {text}", file=sys.stderr, flush=True)


class Program:
    """What trains on a worker: a program that is started for its first unit. Part of a plugin of Dask's workers."""

    def __init__(self, task):
        self.task = task
        self.process = None

    def setup(self, worker):
        self.lock = threading.RLock()

    def teardown(self, worker):
        if self.process is not None:
            self.process.terminate()

    def train(self, units):
        """How many of them it trained, up to the first that failed; the program's exit code, 0 where it goes on; what
        it said, and the files that are to be sent."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self.start()
            trained, code, said = 0, 0, ""
            while trained < len(units) and code == 0:
                code, said = self.ask(units[trained])
                trained += code == 0
            files = {}
            if self.own is not None:
                for file in (pathlib.Path(self.own.name) / "trials").glob("*.jsonl"):
                    files[file.name] = file.read_bytes()
                    file.unlink()
            self.last_used = time.monotonic()
            return trained, code, said, files

    def start(self):
        task = self.task
        self.end()
        program = task["program"] if os.access(task["program"], os.X_OK) else shutil.which("saltus")
        if program is None:
            raise FileNotFoundError(f"{socket.gethostname()} has neither {task['program']} nor saltus on its PATH")
        folder = pathlib.Path(task["folder"])
        self.own = None
        if not (folder / task["marker"]).exists():
            self.own = tempfile.TemporaryDirectory(prefix="saltus-")
            folder = pathlib.Path(self.own.name)
            (folder / "sweep.json").write_bytes(task["sweep"])
        self.last_used = time.monotonic()
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [program, "sweep", "--config", folder / "sweep.json", "--out", folder, "--serve", *task["options"]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        threading.Thread(target=self.end_when_idle, args=(self.process,), daemon=True).start()

    def ask(self, unit):
        try:
            self.process.stdin.write(unit.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: its exit code says how
        if self.process.stdout.readline():
            return 0, ""
        code = self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip()
        return code or 1, said

    def end_when_idle(self, process):
        """A launcher that is killed leaves it behind on a scheduler that goes on."""
        while process.poll() is None:
            time.sleep(IDLE_SECONDS / 4)
            with self.lock:
                if process is self.process and time.monotonic() - self.last_used > IDLE_SECONDS:
                    self.end()

    def end(self):
        if self.process is None:
            return
        with self.process.stdin, self.process.stdout:
            pass
        self.process.wait()
        self.process = None
        if self.own is not None:
            self.own.cleanup()


def train(units, name):
    """Runs on a worker."""
    from distributed import get_worker
    worker = get_worker()
    start = time.monotonic()
    try:
        trained = worker.plugins[name].train(units)
    except OSError as error:  # no program, no room on the disk
        trained = 0, 1, f"{socket.gethostname()}: {error}", {}
    return worker.address, *trained, time.monotonic() - start


def words_of(code, said):
    last = said.splitlines()[-1] if said else "it said nothing"
    return f"{f'exit code {code}' if code > 0 else f'killed by signal {-code}'}: {last}"


class Units:
    """Which units a worker that is free takes: the next in their order, then those that failed. One at a time, but of
    units that take no time so many that they take as long as TASK_SECONDS: a task costs Dask some milliseconds."""

    def __init__(self):
        self.waiting = collections.deque()
        self.tries = collections.Counter()
        self.seconds = TASK_SECONDS

    def add(self, unit):
        self.waiting.append(unit)

    def take(self, workers):
        most = max(1, len(self.waiting) // (2 * workers))
        count = min(most, max(1, int(TASK_SECONDS / max(self.seconds, 1e-6))))
        units = [self.waiting.popleft() for _ in range(count)]
        self.tries.update(units)
        return units

    def trained(self, count, seconds):
        """It took so many seconds to train so many."""
        self.seconds += (seconds / count - self.seconds) / 2

    def fail(self, unit, untouched=()):
        """Whether it is tried again. Those that were to be next are the next again."""
        self.tries.subtract(untouched)
        self.waiting.extendleft(reversed(untouched))
        if self.tries[unit] == MOST_TRIES:
            return False
        self.waiting.append(unit)
        return True


def receive(folder, name, text):
    """Keeps a result that was sent where the program finds it: it compares, and knows what may differ."""
    target = folder / "received" / "trials" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    pending = target.with_name(f".{name}.tmp")
    pending.write_bytes(text)
    os.replace(pending, target)


def visible_gpus():
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [gpu for gpu in chosen.split(",") if gpu]
    known = pathlib.Path("/proc/driver/nvidia/gpus")
    return [str(number) for number, _ in enumerate(known.iterdir())] if known.is_dir() else []


def local_workers(count):
    return count or len(visible_gpus()) or os.cpu_count()


def local_cluster(count):
    from distributed import Nanny, Scheduler, SpecCluster
    gpus = visible_gpus()
    workers = {}
    for number in range(local_workers(count)):
        env = {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]} if gpus else {}
        workers[number] = {"cls": Nanny, "options": {"nthreads": 1, "env": env, "host": "127.0.0.1"}}
    own_port = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0"}
    return SpecCluster(workers, {"cls": Scheduler, "options": own_port})


def slurm_cluster(count, options):
    from dask_jobqueue import SLURMCluster
    from distributed.security import Security
    cluster = SLURMCluster(cores=1, processes=1, memory="4 GB", job_extra_directives=shlex.split(options),
                           protocol="tls://", security=Security.temporary())
    cluster.scale(jobs=count)
    return cluster


def connect(arguments):
    """A client of the workers that are meant, what has to be closed behind it, and the threads of each program."""
    from distributed import Client
    where = arguments.where
    kind, _, count = where.partition(":")
    if kind in ("local", "slurm") and "//" not in where:
        if count and not count.isdigit() or kind == "slurm" and not count:
            raise ValueError(f"--workers {where}: write local, local:N or slurm:N")
        threads = arguments.threads
        if kind == "local":
            cluster = local_cluster(int(count or 0))
            threads = threads or max(1, len(os.sched_getaffinity(0)) // local_workers(int(count or 0)))
        else:
            cluster = slurm_cluster(int(count), arguments.slurm)
        return Client(cluster), cluster, threads
    address = urllib.parse.urlparse(where)
    if address.scheme == "tcp" and not arguments.insecure:
        host = address.hostname or ""
        if host != "localhost" and not (host.replace(".", "").isdigit() and ipaddress.ip_address(host).is_loopback):
            raise ValueError(f"{where}: whoever reaches that port can run any program on the workers: use tls://, or "
                             "say --insecure in a network that nobody else is in")
    return Client(where, timeout=30), None, arguments.threads


class Launcher:
    """Keeps each of the workers busy with one unit."""

    def __init__(self, client, name, folder):
        self.client = client
        self.name = name
        self.folder = folder
        self.units = Units()
        self.failed_on = {}
        self.failures = collections.Counter()
        self.running = {}
        self.events = queue.SimpleQueue()
        self.workers = {}
        self.looked = 0

    def read_units(self):
        for line in sys.stdin:
            self.events.put(line.strip())
        self.events.put(None)

    def fill(self):
        """Gives units to workers that have none. Looks once a second for those that have come or gone."""
        if time.monotonic() - self.looked > 1:
            self.workers = self.client.nthreads()
            self.looked = time.monotonic()
        while self.units.waiting:
            # One that fails again and again is left alone, where there is another.
            good = [worker for worker in self.workers if self.failures[worker] < MOST_FAILURES] or list(self.workers)
            room = sum(self.workers[worker] for worker in good)
            if len(self.running) >= room:
                break
            self.submit(self.units.take(room), good)

    def submit(self, units, workers):
        # So is one on which a unit failed, by that unit.
        failed_on = {self.failed_on.get(unit) for unit in units}
        workers = [worker for worker in workers if worker not in failed_on] or workers
        restricted = len(workers) < len(self.workers)
        future = self.client.submit(train, units, self.name, pure=False, workers=workers if restricted else None,
                                    allow_other_workers=restricted)
        self.running[future] = units
        future.add_done_callback(self.events.put)

    def finish(self, future):
        """Takes what became of units. An exit code, 0 to go on."""
        units = self.running.pop(future)
        if future.status in ("cancelled", "lost"):
            raise OSError("it has forgotten what it was to do")
        if future.status == "error":
            worker, trained, code, files = None, 0, 1, {}
            reason = str(future.exception()).splitlines()[0]
        else:
            worker, trained, code, said, files, seconds = future.result()
            reason = f"on {worker}: {words_of(code, said)}"
        future.release()
        if code in NEVER_RETRIED:
            print(said, file=sys.stderr)
            return code
        for name, text in files.items():
            receive(self.folder, name, text)
        for unit in units[:trained]:
            print("trained", unit)
        sys.stdout.flush()
        if code == 0:
            self.units.trained(trained, seconds)
            self.failures[worker] = 0
            return 0
        unit = units[trained]
        self.failures[worker] += 1
        if self.failures[worker] == MOST_FAILURES:
            say(f"{worker} has failed {MOST_FAILURES} times: others are preferred")
        self.failed_on[unit] = worker
        if self.units.fail(unit, units[trained + 1:]):
            say(f"{unit} is tried again: {reason}")
            return 0
        say(f"{unit} failed for the {MOST_TRIES}th time: {reason}")
        return code if code == NO_ROOM else 1

    def run(self):
        threading.Thread(target=self.read_units, daemon=True).start()
        more = True
        while more or self.units.waiting or self.running:
            self.fill()
            try:
                event = self.events.get(timeout=1)
            except queue.Empty:
                continue
            if event is None:
                more = False
            elif isinstance(event, str):
                self.units.add(event)
            elif code := self.finish(event):
                return code
        return 0


def run(arguments):
    from distributed import WorkerPlugin
    from distributed.client import FutureCancelledError
    folder = pathlib.Path(arguments.folder).absolute()
    try:
        client, cluster, threads = connect(arguments)
    except ValueError as error:
        say(error)
        return 2
    except OSError as error:
        say(f"{arguments.where}: {error}")
        return 1
    # By this a worker knows that it sees the folder. Whoever merges removes what is left of such a name.
    marker = folder / f".sweep.json.{secrets.randbelow(10 ** 15)}-0.tmp"
    marker.touch()
    task = {"program": arguments.program, "folder": str(folder), "marker": marker.name,
            "sweep": (folder / "sweep.json").read_bytes(), "options": ["--threads", str(threads), *arguments.options]}
    try:
        client.register_plugin(type("Plugin", (Program, WorkerPlugin), {})(task), name=marker.name)
        try:
            return Launcher(client, marker.name, folder).run()
        finally:
            with contextlib.suppress(OSError):
                client.unregister_worker_plugin(marker.name)  # which ends the programs
    except (OSError, FutureCancelledError) as error:
        say(f"Dask's scheduler is gone: {error}: the same command continues, once there is one")
        return 1
    finally:
        marker.unlink(missing_ok=True)
        client.close()
        if cluster is not None:
            cluster.close()


def interrupt(number, frame):
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("program", "folder", "where"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--slurm", default="")
    parser.add_argument("--insecure", action="store_true")
    parser.add_argument("options", nargs="*", help="of each program, behind --")
    return run(parser.parse_args())


if __name__ == "__main__":
    try:
        os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "critical")
        import dask
        import distributed  # noqa: F401: to say at once if it is missing

        # A worker that dies is not the fault of the units that were on it.
        dask.config.set({"distributed.scheduler.allowed-failures": 100})
        sys.exit(main())
    except ModuleNotFoundError as missing:
        say(f"{missing}: pip install distributed, and for slurm dask-jobqueue, for {sys.executable}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted: the same command continues")
        sys.exit(130)
