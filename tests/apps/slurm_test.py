#!/usr/bin/env python3
"""slurm_test.py PROGRAM

A job array of `saltus sweep --emit slurm:2` on a Slurm of its own: munge, slurmctld and slurmd from Debian's packages, on
free ports and in a temporary folder. One task's program is killed; the array must end with the digest of a sweep by one
program."""
import contextlib
import getpass
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
SWEEP = ("--data mnist1d --network mlp --activations relu,selu --seeds 2 --train-limit 1000 --test-limit 200 --epochs 100 "
         "--threads 1").split()
# How long the whole array may take; it takes ten seconds.
PATIENCE = 120


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def configuration(folder, node):
    user = getpass.getuser()
    return f"""ClusterName=saltus
SlurmctldHost={node}(127.0.0.1)
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
NodeName={node} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} RealMemory=16000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
"""


class Slurm:
    """A cluster of this machine, while it is open."""

    def __init__(self, program, folder):
        self.folder = folder
        self.environment = dict(os.environ, SLURM_CONF=str(folder / "slurm.conf"),
                                PATH=f"{program.parent}:/usr/sbin:{os.environ['PATH']}")

    def start(self):
        folder = self.folder
        node = socket.gethostname().split(".")[0]
        for name in ("state", "spool"):
            (folder / name).mkdir()
        (folder / "slurm.conf").write_text(configuration(folder, node))
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        folder.chmod(0o755)
        self.call("munged", f"--socket={folder}/munge.socket", f"--key-file={key}", f"--pid-file={folder}/munged.pid",
                  f"--log-file={folder}/munged.log", f"--seed-file={folder}/munge.seed", "--force")
        self.call("slurmctld")
        self.call("slurmd", "-N", node)
        self.until(lambda: self.call("sinfo", "-h", "-o", "%t").strip() == "idle", "the node to be idle")

    def call(self, *command):
        ended = subprocess.run(command, cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, check=False)
        if ended.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        return ended.stdout

    @staticmethod
    def until(holds, what):
        end = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise RuntimeError(f"waited {PATIENCE} s for {what}")
            time.sleep(0.1)

    def close(self):
        for name in ("slurmd", "slurmctld", "munged"):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((self.folder / f"{name}.pid").read_text()), signal.SIGTERM)


def programs_of(part):
    """The processes that train this part."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = entry.read_bytes().split(b"\0")
            if words[:2] == [b"saltus", b"sweep"] and part.encode() in words:
                yield int(entry.parent.name)


def check(slurm):
    printed = slurm.call("saltus", "sweep", *SWEEP, "--out", "whole")
    expected = re.search(r"digest of the results: (\w+)", printed)[1]
    script = slurm.call("saltus", "sweep", *SWEEP, "--out", "shared", "--emit", "slurm:2")
    (slurm.folder / "job.sh").write_text(script)
    job = slurm.call("sbatch", "--parsable", "job.sh").strip()
    slurm.until(lambda: any(True for _ in programs_of("1/2")), "the first task to begin")
    killed = list(programs_of("1/2"))
    for process in killed:
        os.kill(process, signal.SIGKILL)
    slurm.until(lambda: slurm.call("squeue", "-h") == "", "the array to end")
    task = slurm.call("scontrol", "show", "job", f"{job}_1")
    if not killed or "Restarts=1 " not in task:
        raise RuntimeError(f"the task was not started again:\n{task}")
    slurm.call("saltus", "merge", "shared")
    found = json.loads((slurm.folder / "shared/results.json").read_text(encoding="utf-8"))["digest"]
    if found != expected:
        raise RuntimeError(f"the array's digest is {found}, that of one program {expected}")


def main():
    missing = [name for name in NEEDED if not shutil.which(name, path=f"/usr/sbin:{os.environ['PATH']}")]
    if missing:
        print(f"skipped program.slurm: there is no {missing[0]}: "
              "apt-get install slurmctld slurmd slurm-client munge")
        return 0
    with tempfile.TemporaryDirectory() as name:
        slurm = Slurm(Path(sys.argv[1]).resolve(), Path(name))
        try:
            slurm.start()
            check(slurm)
        finally:
            slurm.close()
            time.sleep(1)  # they write their last words into the folder
    return 0


if __name__ == "__main__":
    sys.exit(main())
