#!/usr/bin/env python3
"""Runs scripts/gpu_verify on a machine without a GPU, under its own limits of time, and says what went wrong.

    cmake --build --preset release --target gpu_rehearsal
    tests/scripts/rehearse_gpu.py build/release/tests/emulated/programs/rehearsal --minutes 9 --out DIR

The programs are the real ones, compiled for the emulation, as of compute capability 9.0. What they are asked for is
shortened, for the emulation takes seconds for what a GPU does in microseconds: a few images, an epoch, a round, every
16th test. The machine should have nothing else to do. In place of nvidia-smi, ncu and compute-sanitizer stand
programs that say as much as gpu_verify reads; ncu's names the kernels that were launched while it counted. So a step
whose program is missing or fails, a filter that matches no test, a kernel of the training step that no step measures
and a record that cannot be written are found here; times mean nothing. Other options are gpu_verify's, as --steps.
Exit code: 1 where a step did not pass, or the run took longer than its minutes.
"""
import argparse
import os
import stat
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GRACE = 30  # seconds for what stands before and behind the steps
IMAGES = {"train": 16, "t10k": 8}

# Six trials take six times as long as one: where the benchmark writes times, those of one stand for six.
WRAPPER = '''#!{python}
import json, os, subprocess, sys
words, program = sys.argv[1:], {program!r}
changes = {changes!r}
for word, value in changes.get(words[0] if words else "", changes.get("", {{}})).items():
    if word in words:
        words[words.index(word) + 1] = value
    else:
        words += [word, value]
os.environ["EMULATION_COMPUTE_CAPABILITY"] = "90"
os.environ.update(GTEST_TOTAL_SHARDS="16", GTEST_SHARD_INDEX="0")
if "--json" not in words or "--trials" not in words:
    os.execv(program, [program, *words])
code, path = subprocess.call([program, *words]), words[words.index("--json") + 1]
if os.path.exists(path):
    with open(path) as file:
        told = json.load(file)
    told["entries"] += [{{**entry, "trials": 6}} for entry in told["entries"]]
    with open(path, "w") as file:
        json.dump(told, file)
sys.exit(code)
'''
# {program: {first word of its command, "" for any: {option: its value}}}
SHORT = {
    "saltus": {"sweep": {"--activations": "relu,elu", "--epochs": "1", "--train-limit": "2", "--test-limit": "2",
                         "--batch-size": "2"}},
    "saltus_bench": {},
    "saltus_gpu_bench": {"--parts": {"--rows": "1", "--trials": "1", "--rounds": "1", "--graph-seconds": "0",
                                     "--turns": "2", "--skip": "conv2,fc1,product"}},
    "saltus_kernel_tests_gpu": {},
}
NVIDIA_SMI = '''#!/bin/sh
case "$*" in
*power.draw*) echo 'NVIDIA H200, 580.1, 143771 MiB, 1980 MHz, 700.00 W, 1980 MHz, 300.00 W';;
*) echo 'NVIDIA H200, 580.1, 143771 MiB, 1980 MHz, 700.00 W';;
esac
'''
NCU = '''#!{python}
import os, re, subprocess, sys, tempfile
words = sys.argv[1:]
def value(option):
    return words[words.index(option) + 1]
chosen = re.compile(value("-k").removeprefix("regex:"))
first = next(i for i, word in enumerate(words) if word.startswith("/") and os.access(word, os.X_OK))
with tempfile.NamedTemporaryFile("r") as log:
    code = subprocess.run(words[first:], env={{**os.environ, "EMULATION_LAUNCHES": log.name}}).returncode
    launched = [re.sub(r"<.*", "", line.strip()).split("::")[-1] for line in log]
counted = [name for name in launched if chosen.search(name)][:int(value("-c"))]
with open(value("--log-file"), "w") as file:
    file.write('"ID","Kernel Name","Metric Name","Metric Value"\\n')
    for number, name in enumerate(counted):
        for metric in value("--metrics").split(","):
            file.write(f'"{{number}}","{{name}}","{{metric}}","0"\\n')
sys.exit(code)
'''
SANITIZER = '''#!/bin/sh
while [ "${1#/}" = "$1" ]; do shift; done
"$@"; code=$?
echo '========= ERROR SUMMARY: 0 errors'
exit $code
'''


def write_program(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def write_images(folder):
    """MNIST's files with a few images each, no two alike."""
    for part, count in IMAGES.items():
        pixels = bytes((i * 7 + i // 784) % 256 for i in range(count * 784))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 28, 28) + pixels)
        labels = bytes(i % 10 for i in range(count))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + labels)


def stage(programs, folder):
    """The folders of programs, of tools and of data."""
    places = [folder / name for name in ("programs", "tools", "data")]
    for place in places:
        place.mkdir()
    for name, changes in SHORT.items():
        if (programs / name).exists():
            write_program(places[0] / name, WRAPPER.format(python=sys.executable, program=str(programs / name),
                                                           changes=changes))
    write_program(places[1] / "nvidia-smi", NVIDIA_SMI)
    write_program(places[1] / "ncu", NCU.format(python=sys.executable))
    write_program(places[1] / "compute-sanitizer", SANITIZER)
    write_images(places[2])
    return places


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=Path, help="the folder that the target gpu_rehearsal fills")
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "gpu-rehearsal")
    options, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as name:
        programs, tools, data = stage(options.programs.resolve(), Path(name))
        begin = time.monotonic()
        done = subprocess.run([sys.executable, "-B", ROOT / "scripts" / "gpu_verify", "--minutes", str(options.minutes),
                               "--programs", programs, "--data", data, "--out", options.out, *more],
                              env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}, check=False)
        seconds = time.monotonic() - begin
    late = seconds > options.minutes * 60 + GRACE
    records = sorted(options.out.glob("nvidia-h200-*.json"))
    print(f"{seconds:.0f} s of {options.minutes * 60:.0f}; {len(records)} record(s)" + ("; too long" if late else ""))
    return done.returncode or int(late or not records)


if __name__ == "__main__":
    sys.exit(main())
