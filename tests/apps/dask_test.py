#!/usr/bin/env python3
"""dask_test.py PROGRAM

`saltus sweep --workers local:2` and on a scheduler whose worker does not see the folder, with a program, a worker and a
launcher that are killed, and until it is decided. Each time the same command must end with the digest of a sweep by one
program. faults_test.py has the faults that take longer."""
import sys
import tempfile
import time

from sweeps import Cluster, Sweeps, blind, finish, kill, parent, until

RACE = "--activations relu,selu,tanh --until-decided --seeds 3 --max-trials 15".split()


def kill_program_and_worker():
    process = sweeps.sweep("killed", "100", "--workers", "local:2")
    kill(sweeps.program_of("killed"))
    time.sleep(0.5)
    kill(parent(sweeps.program_of("killed")))
    said = finish(process, 0)
    assert "is tried again" in said, said
    assert sweeps.digest("killed") == sweeps.digest("whole100")


def kill_launcher():
    """Nothing goes on behind a launcher, and the same command ends the sweep."""
    endless = "100000"
    for out, epochs in (("endless", endless), ("again", "100")):
        process = sweeps.sweep(out, epochs, "--workers", "local:2")
        sweeps.program_of(out)
        kill(sweeps.launcher_of(out))
        finish(process, 1)
        until(lambda: not sweeps.processes("--serve", out), "programs to end with the launcher")
    finish(sweeps.sweep("again", "100", "--workers", "local:2"), 0)
    assert sweeps.digest("again") == sweeps.digest("whole100")


def send_results():
    with Cluster(sweeps) as cluster:
        cluster.add_worker(*blind(sweeps.folder))
        command = ["--workers", cluster.address]
        finish(sweeps.sweep("sent", "4", *command), 0)
        assert sweeps.digest("sent") == sweeps.digest("whole4")
        finish(sweeps.sweep("sent_race", "4", *command, grid=RACE), 0)
        assert sweeps.digest("sent_race") == sweeps.digest("race")
        # What a launcher that was killed had received: the same result, and one with another digit.
        first = min((sweeps.folder / "sent" / "trials").glob("*.jsonl"))
        received = sweeps.folder / "sent" / "received" / "trials" / first.name
        for wrong in (False, True):
            received.parent.mkdir(parents=True)
            text = first.read_text()
            at = text.index('"loss":') + len('"loss":') + 3
            received.write_text(text[:at] + str((int(text[at]) + wrong) % 10) + text[at + 1:])
            finish(sweeps.sweep("sent", "4", *command), 3 if wrong else 0)
            assert first.with_name(f"{first.stem}.2.jsonl").exists() == wrong


def refuse_open_port():
    said = finish(sweeps.sweep("open", "4", "--workers", "tcp://192.0.2.1:8786"), 2)
    assert "can run any program on the workers" in said, said


with tempfile.TemporaryDirectory(prefix="saltus-dask-") as place:
    sweeps = Sweeps(sys.argv[1], place)
    for epochs in ("4", "100"):
        finish(sweeps.sweep(f"whole{epochs}", epochs), 0)
    finish(sweeps.sweep("race", "4", grid=RACE), 0)
    kill_program_and_worker()
    kill_launcher()
    send_results()
    refuse_open_port()
