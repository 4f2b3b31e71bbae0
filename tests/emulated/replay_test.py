"""replay_test.py PROGRAM: the saltus program on the emulated device trains, and trains again what it and a CPU trained."""
import subprocess
import sys
import tempfile


def run(*arguments):
    return subprocess.run([sys.argv[1], *arguments], capture_output=True, text=True, cwd=folder)


def train(device):
    ended = run("sweep", "--data", "mnist1d", "--network", "mlp:width=16", "--activations", "relu,gelu", "--epochs", "2",
                "--batch-size", "32", "--train-limit", "96", "--test-limit", "32", "--trace", "2", "--device", device,
                "--precision", "fp32", "--out", device)
    assert ended.returncode == 0, ended.stderr
    return run("replay", device, "--epoch", "2", "--device", "cuda")


with tempfile.TemporaryDirectory() as folder:
    again = train("cuda")
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("equal, at 2 points up to step 3") == 2, again.stdout
    other = train("cpu")
    assert other.returncode == 3, other.stdout + other.stderr
    assert other.stdout.count("differs at step 2 in dense/") == 2, other.stdout
