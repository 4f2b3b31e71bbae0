#!/usr/bin/env python3
"""Trains the units of a sweep on Dask's workers: what `saltus sweep --workers WHERE` runs, where WHERE is no number.

    dask_launcher.py --program SALTUS --folder DIR --where WHERE --parts N --missing 1,2,5 [--threads T]
                     [--slurm OPTIONS] [--insecure] [-- OPTION ...]

A unit is a part of the sweep, `saltus sweep --part K/N`, that a worker runs as a program. A worker that sees the sweep's
folder trains into it, and goes on there with a trial that was interrupted; any other gets sweep.json, trains in a folder
of its own and sends the results back, which received/ of the folder keeps for the program. Units that fail are tried
again, on whatever worker is free. The exit code is the program's: 2, wrong use, and 3, other results than those that were
there, end it at once; 1, a unit failed four times.
"""
import argparse
import collections
import ctypes
import ipaddress
import os
import pathlib
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.parse

MOST_TRIES = 4
NEVER_RETRIED = (2, 3)


def say(text):
    print(f"saltus: {text}", file=sys.stderr, flush=True)


def die_with_parent():
    """A worker that is killed must not leave its program behind, which would train beside the next."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def train(unit, parts, task):
    """Runs a unit, on a worker. Its exit code, what it said, and the files that are to be sent."""
    program = task["program"] if os.access(task["program"], os.X_OK) else shutil.which("saltus")
    if program is None:
        raise FileNotFoundError(f"{socket.gethostname()} has neither {task['program']} nor saltus on its PATH")
    with tempfile.TemporaryDirectory(prefix="saltus-") as own:
        shared = (pathlib.Path(task["folder"]) / task["marker"]).exists()
        folder = pathlib.Path(task["folder"] if shared else own)
        if not shared:
            (folder / "sweep.json").write_bytes(task["sweep"])
        ended = subprocess.run(
            [program, "sweep", "--config", folder / "sweep.json", "--out", folder, "--part", f"{unit}/{parts}",
             *task["options"]],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=die_with_parent)
        said = ended.stderr.decode(errors="replace").strip()
        if ended.returncode not in (0, *NEVER_RETRIED):
            last = said.splitlines()[-1] if said else "it said nothing"
            how = f"exit code {ended.returncode}" if ended.returncode > 0 else f"killed by signal {-ended.returncode}"
            raise RuntimeError(f"on {socket.gethostname()}: {how}: {last}")
        files = {} if shared else {file.name: file.read_bytes() for file in (folder / "trials").glob("*.jsonl")}
        return ended.returncode, said, files


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


def run(arguments):
    from distributed import as_completed
    folder = pathlib.Path(arguments.folder).absolute()
    units = [int(unit) for unit in arguments.missing.split(",") if unit]
    try:
        client, cluster, threads = connect(arguments)
    except ValueError as error:
        say(error)
        return 2
    for left in folder.glob(".launcher-*.tmp"):  # of a launcher that was killed
        left.unlink(missing_ok=True)
    marker = folder / f".launcher-{secrets.token_hex(8)}.tmp"
    marker.touch()
    task = {"program": arguments.program, "folder": str(folder), "marker": marker.name,
            "sweep": (folder / "sweep.json").read_bytes(), "options": ["--threads", str(threads), *arguments.options]}
    tries = collections.Counter()

    def submit(unit):
        tries[unit] += 1
        return client.submit(train, unit, arguments.parts, task, pure=False, key=f"unit-{unit}-{tries[unit]}")
    try:
        futures = as_completed([submit(unit) for unit in units])
        done = 0
        for future in futures:
            unit = int(future.key.split("-")[1])
            if future.status == "error":
                reason = str(future.exception()).splitlines()[0]
                if tries[unit] == MOST_TRIES:
                    say(f"unit {unit} failed for the {MOST_TRIES}th time: {reason}")
                    return 1
                say(f"unit {unit} is tried again: {reason}")
                futures.add(submit(unit))
                continue
            code, said, files = future.result()
            if code in NEVER_RETRIED:
                print(said, file=sys.stderr)
                return code
            for name, text in files.items():
                receive(folder, name, text)
            future.release()
            done += 1
            say(f"{done} of {len(units)} units done, {len(client.nthreads())} workers")
        return 0
    finally:
        marker.unlink(missing_ok=True)
        client.close()
        if cluster is not None:
            cluster.close()


def main():
    die_with_parent()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("program", "folder", "where", "missing"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--parts", type=int, required=True)
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
