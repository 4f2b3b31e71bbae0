#!/usr/bin/env python3
"""faults_test.py PROGRAM [FAULT ...]

What goes wrong where many machines train one sweep, done to the real program on this machine: each of these faults, or
those that are named. After each the results must be those of an undisturbed sweep by one program. Takes minutes, and
wants root for some; what cannot be done here is skipped, and says so. Run by hand:

    python3 tests/formats/with_packages.py tests/apps/faults.txt build/faults tests/apps/faults_test.py PROGRAM
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import slurm_test
from sweeps import BIN, PATIENCE, Cluster, Sweeps, blind, finish, kill, parent, until

EPOCHS = "300"
FAULTS = {}


class Skipped(Exception):
    """Why a fault cannot be done here."""


def fault(function):
    FAULTS[function.__name__] = function
    return function


def need(*programs):
    for program in programs:
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
            raise Skipped(f"there is no {program}")


def call(*command):
    ended = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if ended.returncode != 0:
        raise Skipped(f"{' '.join(map(str, command))}: {ended.stderr.strip()}")


def ends_well(out, process=None, workers=("--workers", "local:2"), said_too=""):
    """The process, or the same command, ends with the digest of an undisturbed sweep."""
    said = finish(process or sweeps.sweep(out, EPOCHS, *workers), 0)
    assert said_too in said, said
    assert sweeps.digest(out) == sweeps.digest("whole"), "other results"
    return said


# Dask on this machine.

@fault
def program_killed():
    process = sweeps.sweep("program", EPOCHS, "--workers", "local:2")
    kill(sweeps.program_of("program"))
    ends_well("program", process, said_too="is tried again")
    return "unit tried again by the other worker"


@fault
def worker_killed():
    process = sweeps.sweep("worker", EPOCHS, "--workers", "local:2")
    program = sweeps.program_of("worker")
    kill(parent(program))
    until(lambda: not pathlib.Path(f"/proc/{program}").exists(), "the program to end with its worker")
    ends_well("worker", process)
    return "program ended with it; a new worker took over"


@fault
def launcher_killed():
    process = sweeps.sweep("launcher", EPOCHS, "--workers", "local:2")
    sweeps.program_of("launcher")
    kill(sweeps.launcher_of("launcher"))
    finish(process, 1)
    until(lambda: not sweeps.processes("--serve", "launcher"), "programs to end")
    ends_well("launcher")
    return "exit 1, nothing lives on; the same command continued"


@fault
def command_killed():
    process = sweeps.sweep("command", EPOCHS, "--workers", "local:2")
    sweeps.program_of("command")
    kill(process.pid)
    process.communicate()
    until(lambda: not sweeps.processes("--serve", "command"), "programs to end")
    ends_well("command")
    return "nothing lives on; the same command continued"


@fault
def scheduler_killed():
    with Cluster(sweeps) as cluster:
        for _ in range(2):
            cluster.add_worker()
        process = sweeps.sweep("scheduler", EPOCHS, "--workers", cluster.address)
        sweeps.program_of("scheduler")
        kill(cluster.started[0].pid)
        said = finish(process, 1)
        assert "scheduler is gone" in said, said
        until(lambda: not sweeps.processes("--serve", "scheduler"), "programs to end")
    ends_well("scheduler")
    return "exit 1, workers and programs end; the same command continued on other workers"


@fault
def two_launchers():
    both = [sweeps.sweep("two", EPOCHS, "--workers", "local:1") for _ in range(2)]
    for process in both:
        ends_well("two", process)
    return "both end well"


@fault
def tls():
    need("openssl")
    with contextlib.chdir(sweeps.folder):
        call("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", "ca-key.pem", "-out",
             "ca.pem", "-subj", "/CN=test")
        call("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "request.pem", "-subj",
             "/CN=localhost")
        call("openssl", "x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem",
             "-CAcreateserial", "-days", "1", "-out", "cert.pem")
        call("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", "other-key.pem", "-out",
             "other.pem", "-subj", "/CN=localhost")
    files = {"ca_file": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
    options = [word for name, file in files.items()
               for word in (f"--tls-{name.replace('_', '-')}", sweeps.folder / file)]

    def client(cert, key):
        prefix = "DASK_DISTRIBUTED__COMM__TLS__"
        return {f"{prefix}CA_FILE": str(sweeps.folder / "ca.pem"), f"{prefix}CLIENT__CERT": str(sweeps.folder / cert),
                f"{prefix}CLIENT__KEY": str(sweeps.folder / key)}

    with Cluster(sweeps, "--protocol", "tls", "--host", "127.0.0.1", *options) as cluster:
        cluster.add_worker(*options)
        stranger = sweeps.sweep("tls", EPOCHS, "--workers", cluster.address,
                                environment=client("other.pem", "other-key.pem"))
        finish(stranger, 1)
        ends_well("tls", sweeps.sweep("tls", EPOCHS, "--workers", cluster.address,
                                      environment=client("cert.pem", "key.pem")))
    return "trained over TLS; a certificate of another authority was refused"


# Faults of one machine of several.

@fault
def full_disk():
    """Of a worker that sends its results: it has a temporary folder of 200 kB."""
    small = sweeps.folder / "small"
    small.mkdir()
    call("mount", "-t", "tmpfs", "-o", "size=200k", "none", small)
    try:
        (small / "filler").write_bytes(bytes(190_000))
        with Cluster(sweeps) as cluster:
            cluster.add_worker(*blind(sweeps.folder), "--local-directory", sweeps.folder / "scratch",
                               environment={"TMPDIR": str(small)})
            cluster.add_worker(*blind(sweeps.folder))
            said = ends_well("full", workers=("--workers", cluster.address))
    finally:
        call("umount", small)
    assert "No space left" in said or "is full" in said, said
    return "units tried again on the other worker, with the reason"


CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec* now) {
  int (*real)(clockid_t, struct timespec*) = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += 3600;
  return result;
}
time_t time(time_t* where) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (where) *where = now.tv_sec;
  return now.tv_sec;
}
int gettimeofday(struct timeval* now, void* zone) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}
"""


@fault
def wrong_clock():
    """Of one worker, with its program: it goes an hour fast."""
    need("cc")
    (sweeps.folder / "clock.c").write_text(CLOCK)
    call("cc", "-shared", "-fPIC", "-o", sweeps.folder / "clock.so", sweeps.folder / "clock.c", "-ldl")
    fast = {"LD_PRELOAD": str(sweeps.folder / "clock.so")}
    ahead = float(subprocess.run([sys.executable, "-c", "import time; print(time.time())"], env={**os.environ, **fast},
                                 stdout=subprocess.PIPE, text=True).stdout) - time.time()
    assert 3500 < ahead < 3700, ahead
    with Cluster(sweeps) as cluster:
        cluster.add_worker(environment=fast)
        cluster.add_worker()
        ends_well("clock", workers=("--workers", cluster.address))
    return "no difference"


def trains_in(space):
    """Whether a program trains in a network namespace."""
    found = subprocess.run(["ip", "netns", "pids", space], stdout=subprocess.PIPE, text=True).stdout.split()
    with contextlib.suppress(OSError):
        return any(b"--serve" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() for pid in found)


@fault
def cable_cut():
    """A worker in a network namespace of its own, which does not see the folder; its link goes down and stays down."""
    need("ip")
    here, there, space = "saltus-here", "saltus-there", f"saltus-{os.getpid()}"
    quick = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "15s"}  # less than 11 s Dask refuses
    call("ip", "netns", "add", space)
    try:
        call("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", space)
        call("ip", "addr", "add", "10.213.77.1/24", "dev", here)
        call("ip", "link", "set", here, "up")
        for words in (("addr", "add", "10.213.77.2/24", "dev", there), ("link", "set", there, "up"),
                      ("link", "set", "lo", "up")):
            call("ip", "netns", "exec", space, "ip", *words)
        os.environ.update(quick)
        with Cluster(sweeps, "--host", "10.213.77.1") as cluster:
            far = cluster.add_worker(*blind(sweeps.folder), before=("ip", "netns", "exec", space), environment=quick)
            process = sweeps.sweep("cable", EPOCHS, "--workers", cluster.address, "--insecure", environment=quick)
            until(lambda: trains_in(space), "the far worker to train")
            call("ip", "link", "set", here, "down")
            cut = time.monotonic()
            cluster.add_worker("--host", "10.213.77.1", environment=quick)
            ends_well("cable", process)
            seconds = time.monotonic() - cut
            kill(far.pid)
    finally:
        subprocess.run(["ip", "netns", "del", space])
        subprocess.run(["ip", "link", "del", here], stderr=subprocess.DEVNULL)
    return f"its unit is rerun by another worker; all done {seconds:.0f} s after the cut, with Dask's limit of 15 s"


@fault
def wrong_bit():
    """In the memory of one program: in the state from which it goes on, one bit of a weight."""
    part = ("--part", "1/1")
    process = sweeps.sweep("bit", EPOCHS, *part)
    trials = sweeps.folder / "bit" / "trials"
    until(lambda: trials.exists() and any(trials.glob("*.jsonl")), "a first result")
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    finish(process, 143)
    state = next((sweeps.folder / "bit" / "states").glob("*.safetensors"))
    content = bytearray(state.read_bytes())
    length = int.from_bytes(content[:8], "little")
    tensors = json.loads(content[8:8 + length])
    weight = next(tensor for name, tensor in tensors.items() if name.endswith("kernel"))
    content[8 + length + weight["data_offsets"][0]] ^= 1
    state.write_bytes(content)
    finish(sweeps.sweep("bit", EPOCHS, *part), 0)
    said = finish(sweeps.sweep("bit", EPOCHS, *part, "--audit", "1"), 3)
    assert f"other results for {state.stem}:" in said, said
    return "--audit 1 ends with 3 and names the trial; both results are kept"


# Slurm.

@contextlib.contextmanager
def slurm():
    need(*slurm_test.NEEDED)
    with tempfile.TemporaryDirectory() as name:
        cluster = slurm_test.Slurm(pathlib.Path(sweeps.program), pathlib.Path(name))
        cluster.environment["PATH"] = f"{BIN}:{cluster.environment['PATH']}"
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.close()
            time.sleep(1)  # they write their last words into the folder


def run_array(disturb):
    """A job array of two tasks on a Slurm of its own; its digest must be that of one program. Seconds it took from the
    fault on."""
    with slurm() as cluster:
        return disturbed_array(cluster, disturb)


def disturbed_array(cluster, disturb):
    script = finish(sweeps.sweep(f"array_{disturb.__name__}", EPOCHS, "--emit", "slurm:2"), 0)
    (cluster.folder / "job.sh").write_text(script)
    job = cluster.call("sbatch", "--parsable", "job.sh").strip()
    cluster.until(lambda: any(True for _ in slurm_test.programs_of("1/2")), "the first task to begin")
    start = time.monotonic()
    disturb(cluster, job)
    cluster.until(lambda: cluster.call("squeue", "-h") == "", "the array to end")
    seconds = time.monotonic() - start
    out = f"array_{disturb.__name__}"
    finish(sweeps.start(sweeps.program, "merge", out), 0)
    assert sweeps.digest(out) == sweeps.digest("whole"), "other results"
    return seconds


@fault
def array_program_killed():
    def killed(cluster, job):
        for process in slurm_test.programs_of("1/2"):
            kill(process)
    seconds = run_array(killed)
    return f"the script requeues the task; all done {seconds:.0f} s later (cred_expire 5 s)"


@fault
def array_preempted():
    def preempted(cluster, job):
        cluster.call("scontrol", "requeue", f"{job}_1")
    seconds = run_array(preempted)
    return f"the task is requeued and goes on; all done {seconds:.0f} s later (cred_expire 5 s)"


@fault
def node_killed():
    def node(cluster, job):
        kill(int((cluster.folder / "slurmd.pid").read_text()))
        for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if process.read_bytes().startswith(b"slurmstepd"):
                    kill(int(process.parent.name))
        for part in ("1/2", "2/2"):
            for process in slurm_test.programs_of(part):
                kill(process)
        time.sleep(2)
        cluster.call("slurmd", "-N", cluster.call("sinfo", "-h", "-N", "-o", "%N").strip())
    seconds = run_array(node)
    return f"Slurm requeues its tasks once the node is back; all done {seconds:.0f} s later"


@fault
def slurm_workers():
    """Dask's workers as jobs of Slurm: one's program is killed, then a job is cancelled."""
    with slurm() as cluster:
        environment = {name: cluster.environment[name] for name in ("SLURM_CONF", "PATH")}
        process = sweeps.sweep("jobs", EPOCHS, "--workers", "slurm:2", environment=environment)
        kill(sweeps.program_of("jobs"))
        cluster.until(lambda: len(cluster.call("squeue", "-h", "-t", "running").splitlines()) == 2, "both jobs")
        cluster.call("scancel", cluster.call("squeue", "-h", "-o", "%i").split()[0])
        ends_well("jobs", process)
        cluster.until(lambda: cluster.call("squeue", "-h") == "", "the jobs to end")
    return "units rerun by the other job; no job is left"


def main():
    failed = []
    finish(sweeps.sweep("whole", EPOCHS), 0)
    for name in sys.argv[2:] or FAULTS:
        start = time.monotonic()
        try:
            outcome = FAULTS[name]()
        except Skipped as reason:
            outcome = f"skipped: {reason}"
        except Exception as error:  # the others are still to be seen
            outcome = f"FAILED: {error}"
            failed.append(name)
        print(f"{name:22} {time.monotonic() - start:4.0f} s  {outcome}", flush=True)
    return 1 if failed else 0


with tempfile.TemporaryDirectory(prefix="saltus-faults-") as place:
    sweeps = Sweeps(sys.argv[1], place)
    sys.exit(main())
