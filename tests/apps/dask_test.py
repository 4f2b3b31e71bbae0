#!/usr/bin/env python3
"""dask_test.py PROGRAM

`saltus sweep --workers local:2` and on a scheduler whose worker does not see the folder, with a program, a worker and a
launcher that are killed. Each time the same command must end with the digest of a sweep by one program."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

SWEEP = ("--data mnist1d --network mlp --activations relu,selu --seeds 2 --train-limit 1000 --test-limit 200 "
         "--threads 1").split()
PATIENCE = 120
BIN = pathlib.Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}


def start(*arguments):
    return subprocess.Popen(arguments, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True)


def finish(process, code):
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, f"exit code {process.returncode}, not {code}: {said}"
    return said


def sweep(out, epochs, *more):
    return start(program, "sweep", *SWEEP, "--epochs", epochs, "--out", out, *more)


def digest(out):
    return json.loads((folder / out / "results.json").read_text())["digest"]


def processes(out, word):
    """Those of a sweep that have this word in their command line."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if word.encode() in words and str(folder / out).encode() in b" ".join(words):
            found.append(int(process.name))
    return found


def await_process(out, word="--part"):
    end = time.monotonic() + PATIENCE
    while not processes(out, word):
        assert time.monotonic() < end, f"no process with {word} was seen"
        time.sleep(0.02)
    return processes(out, word)[0]


def parent(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def kill_program_and_worker():
    process = sweep("killed", "100", "--workers", "local:2")
    os.kill(await_process("killed"), signal.SIGKILL)
    time.sleep(0.5)
    os.kill(parent(await_process("killed")), signal.SIGKILL)
    said = finish(process, 0)
    assert "is tried again" in said, said
    assert digest("killed") == digest("whole100")


def kill_launcher():
    """Nothing goes on behind a launcher, and the same command ends the sweep."""
    endless = "100000"
    for out, epochs in (("endless", endless), ("again", "100")):
        process = sweep(out, epochs, "--workers", "local:2")
        await_process(out)
        os.kill(await_process(out, "--where"), signal.SIGKILL)
        finish(process, 1)
        end = time.monotonic() + PATIENCE
        while processes(out, "--part"):
            assert time.monotonic() < end, "programs live on behind the launcher"
            time.sleep(0.1)
    finish(sweep("again", "100", "--workers", "local:2"), 0)
    assert digest("again") == digest("whole100")


def send_results():
    """A scheduler, and a worker that takes no notice of a folder that it could see."""
    (folder / "blind.py").write_text(
        "import pathlib\n"
        "exists = pathlib.Path.exists\n"
        "pathlib.Path.exists = lambda path: not path.name.startswith('.launcher-') and exists(path)\n")
    file = folder / "scheduler.json"
    started = [start(BIN / "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address",
                     "127.0.0.1:0", "--scheduler-file", file)]
    try:
        end = time.monotonic() + PATIENCE
        while not file.exists():
            assert time.monotonic() < end and started[0].poll() is None, "no scheduler"
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        started.append(start(BIN / "dask", "worker", address, "--nthreads", "1", "--no-dashboard", "--preload",
                             folder / "blind.py"))
        finish(sweep("sent", "4", "--workers", address), 0)
        assert digest("sent") == digest("whole4")
        # What a launcher that was killed had received: the same result, and one with another digit.
        first = min((folder / "sent" / "trials").glob("*.jsonl"))
        received = folder / "sent" / "received" / "trials" / first.name
        for wrong in (False, True):
            received.parent.mkdir(parents=True)
            text = first.read_text()
            at = text.index('"loss":') + len('"loss":') + 3
            received.write_text(text[:at] + str((int(text[at]) + wrong) % 10) + text[at + 1:])
            finish(sweep("sent", "4", "--workers", address), 3 if wrong else 0)
            assert first.with_name(f"{first.stem}.2.jsonl").exists() == wrong
    finally:
        for process in started:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def refuse_open_port():
    said = finish(sweep("open", "4", "--workers", "tcp://192.0.2.1:8786"), 2)
    assert "can run any program on the workers" in said, said


program = str(pathlib.Path(sys.argv[1]).absolute())
with tempfile.TemporaryDirectory(prefix="saltus-dask-") as place:
    folder = pathlib.Path(place)
    for epochs in ("4", "100"):
        finish(sweep(f"whole{epochs}", epochs), 0)
    kill_program_and_worker()
    kill_launcher()
    send_results()
    refuse_open_port()
