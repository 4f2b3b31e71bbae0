#!/usr/bin/env python3
"""run.py PROGRAM: runs an example in a folder of its own, on a small data set where it wants one, and looks at
what it says and leaves."""
import random
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path


def write_data(folder):
    """64 and 32 images 8 x 8 of two classes, the left or the right half bright, as four IDX files."""
    folder.mkdir()
    draw = random.Random(1)
    for name, count in (("train", 64), ("t10k", 32)):
        labels = [i % 2 for i in range(count)]
        pixels = bytes(draw.randrange(100) + (128 if (x < 4) == (label == 0) else 0)
                       for label in labels for _ in range(8) for x in range(8))
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, 8, 8) + pixels)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + bytes(labels))


def number(pattern, text):
    """The number in the group of a pattern that is in the text once or more; the last."""
    found = re.findall(pattern, text)
    if not found:
        raise AssertionError(f"no '{pattern}' in the output")
    return float(found[-1])


def check_tutorial(run, folder):
    assert number(r"accuracy (\S+)", run("data")) > 0.9
    assert len((folder / "history.csv").read_text().splitlines()) == 21
    assert (folder / "tutorial.safetensors").exists()


def check_continue(run, folder):
    first, second = run("data"), run("data")
    assert first.startswith("epochs 0 to 2"), first
    assert second.startswith("epochs 3 to 5"), second
    assert number(r"loss (\S+)", second) < number(r"loss (\S+)", first)


def check_export(run, folder):
    run("data")
    assert (folder / "digits.onnx").stat().st_size > 1000


def check_residual(run, folder):
    out = run("data")
    assert "Trainable params" in out and "Epoch 2/2" in out, out


def check_callback(run, folder):
    assert number(r"epoch \d+: loss (\S+)", run()) < 0.1


def check_predict(run, folder):
    out = run()
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert f"{a} xor {b} is {a ^ b} with" in out, out


CHECKS = {
    "tutorial": check_tutorial,
    "continue": check_continue,
    "export": check_export,
    "residual": check_residual,
    "callback": check_callback,
    "predict": check_predict,
    "own_epochs": lambda run, folder: number(r"epoch 0: accuracy (\S+)", run("data")),
    "own_loss": lambda run, folder: close(number(r"slope (\S+)", run()), 2, 0.1),
    "regression": lambda run, folder: close(number(r"mean absolute error (\S+)", run()), 0, 0.1),
    "multi_label": lambda run, folder: close(number(r"that are right (\S+)", run()), 1, 0.05),
}


def close(value, expected, difference):
    assert abs(value - expected) < difference, value


def main():
    program = Path(sys.argv[1]).resolve()
    if program.stem not in CHECKS:
        sys.exit(f"{__file__} does not say what {program.stem} should do: add it to CHECKS")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "data")

        def run(*arguments):
            result = subprocess.run([program, *arguments], cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
            print(result.stdout)
            return result.stdout

        CHECKS[program.stem](run, folder)


if __name__ == "__main__":
    main()
