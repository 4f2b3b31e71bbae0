#!/usr/bin/env python3
"""with_packages.py REQUIREMENTS FOLDER SCRIPT [ARGUMENT ...]

Runs a script where the packages of a requirements.txt are installed: in a virtual environment that is made
in FOLDER the first time and kept. Where that fails, as it does without network, says so and ends with 77,
which CTest counts as skipped."""
import fcntl
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

SKIPPED = 77


def make(requirements, folder):
    """The reason why there is no environment; none where there is one."""
    done = folder / "requirements.txt"
    if done.exists() and done.read_bytes() == requirements.read_bytes():
        return None
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]  # Debian's venv has no pip inside
    install = [*pip, "--disable-pip-version-check", "install", "-q", "--retries", "1", "-r", requirements]
    result = subprocess.run(install, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        return (result.stderr.strip().splitlines() or ["pip failed"])[-1]
    done.write_bytes(requirements.read_bytes())
    return None


def main():
    requirements, folder, script = (Path(word) for word in sys.argv[1:4])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        reason = make(requirements, folder)
    if reason:
        print(f"skipped {script.stem}: cannot install {requirements}: {reason}")
        return SKIPPED
    python = folder / "bin" / "python"
    sys.stdout.flush()
    os.execv(python, [python, "-B", script, *sys.argv[4:]])


if __name__ == "__main__":
    sys.exit(main())
