"""gpus_test.py PROGRAM: two emulated GPUs of unequal memory end with the digest of one that has room for all."""
import os
import re
import subprocess
import sys
import tempfile

SWEEP = ["sweep", "--data", "mnist1d", "--network", "mlp:width=16", "--activations", "relu,gelu,tanh", "--seeds", "2",
         "--epochs", "1", "--batch-size", "32", "--train-limit", "96", "--test-limit", "32", "--device", "cuda",
         "--precision", "fp32"]
PLENTY, ONE, NONE = 50_000_000, 75_000, 40_000  # bytes: room for so many trials; one takes 49 kB, the samples 21 kB


def run(out, gpus, *options):
    variables = dict(os.environ, SALTUS_TEST_GPU_BYTES=",".join(map(str, gpus)), CUDA_VISIBLE_DEVICES="0")
    return subprocess.run([sys.argv[1], *SWEEP, *options, "--out", out], capture_output=True, text=True, cwd=folder,
                          env=variables)


def digest(ended):
    assert ended.returncode == 0, ended.stderr
    return re.search(r"digest of the results: (\w+)", ended.stdout).group(1)


with tempfile.TemporaryDirectory() as folder:
    whole = digest(run("whole", [PLENTY]))

    halved = run("halved", [ONE], "--concurrent", "6")
    assert digest(halved) == whole
    assert re.findall(r"^(\d+)/6  \w+", halved.stdout, re.MULTILINE) == list("123456"), halved.stdout

    # Each worker gets a unit of three, and a device with room for none would be left out.
    unequal = run("unequal", [PLENTY, ONE], "--devices", "0,1", "--concurrent", "3")
    assert digest(unequal) == whole
    assert "no room" not in unequal.stderr, unequal.stderr

    one = run("one", [PLENTY, NONE], "--devices", "0,1")
    assert digest(one) == whole
    assert "the device of worker 2 has no room: it is left out" in one.stderr, one.stderr

    neither = run("neither", [NONE, NONE], "--devices", "0,1")
    assert neither.returncode == 75, neither.stderr
    again = run("neither", [PLENTY, NONE], "--devices", "1,0", "--resume")
    assert digest(again) == whole
