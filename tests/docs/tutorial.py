#!/usr/bin/env python3
"""tutorial.py PROGRAM [--write]

Holds docs/tutorial.md and docs/tutorial.zh.md against the program.

A page shows commands and what they print, in blocks:

    ```console          the output is that of the page, numbers within 2 %
    ```console times    the same, but for its numbers and the order of lines
    ```console training takes minutes: here with 64 images of noise and one epoch, its output is not looked at

Every number of two digits or more in the text stands in an output or in a command. A picture images/tutorial/A-B.png is
runs/A/B.png of a command above it. Both pages have the same blocks and pictures, in one order.

--write runs all of it as it stands there, in a minute or ten, and replaces outputs and pictures."""
import gzip
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/tutorial.md"
TRANSLATION = ROOT / "docs/tutorial.zh.md"
PICTURES = ROOT / "docs/images/tutorial"
BLOCK = re.compile(r"^```console *(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A command, over lines that end with a backslash, and its output up to the next command.
STEP = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
PICTURE = re.compile(r"!\[[^\]]*\]\(images/tutorial/(\w+)-(\w+)\.png\)")
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
# Products of matrices are added in another order on another CPU, and a ratio over thirty layers has thirty of them.
TOLERANCE = 0.02


def write_noise(folder):
    """The four files of a data set: 64 training and 64 test images of 28 x 28, of ten classes."""
    folder.mkdir()
    pixels = bytes(i * i * 7 % 251 for i in range(64 * 28 * 28))
    labels = bytes(i % 10 for i in range(64))
    for part in ("train", "t10k"):
        for kind, head, data in (("images-idx3", struct.pack(">4i", 0x803, 64, 28, 28), pixels),
                                 ("labels-idx1", struct.pack(">2i", 0x801, 64), labels)):
            (folder / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(head + data))


def made_small(command):
    """The command, with noise in place of MNIST, 64 images and one epoch."""
    command = re.sub(r"--(train|test)-limit \d+", r"--\1-limit 64", command)
    command = re.sub(r"--epochs \d+", "--epochs 1", command).replace(" --quick", " --epochs 1 --train-limit 64")
    command = re.sub(r" mnist\b", " noise", command)
    if "--data" not in command and re.search(r"saltus (sweep|depth)", command):
        command = re.sub(r"saltus (sweep|depth)", r"saltus \1 --data noise", command)
    return command


def run(program, command, folder):
    """Output and exit code. Where the page shows an end in an error, it shows what is on stderr."""
    environment = dict(os.environ, PATH=f"{program.parent}:{os.environ['PATH']}", COLUMNS="130", LC_ALL="C.UTF-8")
    ended = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, env=environment, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    output = ended.stdout if ended.returncode == 0 else ended.stdout + ended.stderr
    return "".join(f"{line.rstrip()}\n" for line in output.strip("\n").splitlines()), ended.returncode


def is_near(shown, printed):
    a, b = (float(text.replace(",", "")) for text in (shown, printed))
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def difference(kind, shown, printed):
    """What a reader would see otherwise than the page says, or None."""
    if kind == "times":
        words = [sorted(NUMBER.sub("#", line).split() for line in text.splitlines()) for text in (shown, printed)]
        return None if words[0] == words[1] else "other words"
    words = [NUMBER.sub("#", text).split() for text in (shown, printed)]
    if words[0] != words[1]:
        return "other words"
    numbers = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return next((f"{b} where the page has {a}" for a, b in numbers if not is_near(a, b)), None)


def steps(page):
    """Each command: its block's kind, itself, and the output that the page has."""
    for kind, text in BLOCK.findall(page):
        for command, output in STEP.findall(text):
            yield kind, command, output


def outside_blocks(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def unproven_numbers(text):
    """Numbers in the prose that no command and no output has."""
    shown = " ".join(block for _, block in BLOCK.findall(text))
    # But for links, names, and what is quoted from the article.
    prose = re.sub(r"\]\([^)]*\)|`[^`]*`|\"[^\"]*\"", "", outside_blocks(text))
    for number in NUMBER.findall(prose):
        if len(re.sub(r"\D", "", number)) > 1 and number.strip("-") not in shown:
            yield number


def faults(program, folder):
    page, translation = PAGE.read_text(encoding="utf-8"), TRANSLATION.read_text(encoding="utf-8")
    for what, pattern in (("blocks", BLOCK), ("pictures", PICTURE)):
        if pattern.findall(page) != pattern.findall(translation):
            yield f"{TRANSLATION.name} has other {what} than {PAGE.name}"
    for name, text in ((PAGE.name, page), (TRANSLATION.name, translation)):
        for number in unproven_numbers(text):
            yield f"{name}: no output shows {number}"
    for kind, command, output in steps(page):
        small = made_small(command) if kind == "training" else command
        printed, code = run(program, small, folder)
        if (code != 0) != ("saltus: " in output):
            yield f"{small} ended with {code}:\n{printed}"
        elif kind != "training":
            found = difference(kind, output, printed)
            if found:
                yield f"{command} prints {found}:\n{printed}"
    for run_name, picture in PICTURE.findall(page):
        if not (folder / f"runs/{run_name}/{picture}.png").exists():
            yield f"no command draws {run_name}-{picture}.png"


def write(program, folder):
    """Runs everything, and puts outputs and pictures where they belong."""
    page = PAGE.read_text(encoding="utf-8")
    outputs = {}
    for _, command, _ in steps(page):
        print(f"$ {command}", flush=True)
        outputs[command], _ = run(program, command, folder)
    for path in (PAGE, TRANSLATION):
        text = path.read_text(encoding="utf-8")
        text = BLOCK.sub(lambda block: STEP.sub(lambda step: f"$ {step[1]}\n{outputs[step[1]]}", block[0]), text)
        path.write_text(text, encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    for run_name, picture in PICTURE.findall(page):
        shutil.copy(folder / f"runs/{run_name}/{picture}.png", PICTURES / f"{run_name}-{picture}.png")


def main():
    program = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "--write" in sys.argv:
            write(program, folder)
            return 0
        write_noise(folder / "noise")
        found = list(faults(program, folder))
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
