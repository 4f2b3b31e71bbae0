"""The programs to run: carried along, or built on the spot."""
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from . import machine
from .machine import ROOT

TESTS, BENCH, SALTUS, TRIALS = "saltus_kernel_tests_gpu", "saltus_gpu_bench", "saltus", "saltus_bench"
MNIST = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
PLACES = {TESTS: "tests/emulated", BENCH: "apps/bench/gpu", SALTUS: "apps/saltus",
          TRIALS: "apps/bench"}
QUESTION = {TESTS: "--gtest_list_tests", BENCH: "--help", SALTUS: "--help",
            TRIALS: "--help"}  # answered without a GPU
TARGETS = {TESTS: TESTS, BENCH: BENCH, SALTUS: "saltus_program", TRIALS: TRIALS}
CARRIED = ROOT / "build" / "gpu-programs"
ARCHIVE = "programs.tar.xz"
BUILT = "built here"
DATA = "data"  # the folder in it of MNIST's files
MOST_BYTES = 64 << 20
# There wherever programs run, or with the compiler.
EVERYWHERE = re.compile(r"^(ld-linux|linux-vdso|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so)")


def libraries_of(program):
    """The shared libraries that a program needs and that not every machine has."""
    told = machine.output_of(["ldd", str(program)]) or ""
    found = [line.split("=>") for line in told.splitlines() if "=>" in line]
    return [Path(path.split()[0]) for name, path in found
            if not EVERYWHERE.match(name.strip()) and path.split()[0].startswith("/")]


def build(folder, limit):
    """Builds the programs in a folder of cmake. Returns {name: path}; raises RuntimeError."""
    if not (folder / "CMakeCache.txt").exists():
        if machine.tool("nvcc") is None or shutil.which("cmake") is None:
            raise RuntimeError("no programs were carried along, and nvcc or cmake is missing to build them")
        nvcc = f"-DCMAKE_CUDA_COMPILER={machine.tool('nvcc')}"
        run(["cmake", "-S", ROOT, "-B", folder, "-DCMAKE_BUILD_TYPE=Release", "-DSALTUS_CUDA=ON", nvcc], limit)
    run(["cmake", "--build", folder, "-j", os.cpu_count() or 1, "--target", *TARGETS.values()], limit)
    return {name: folder / place / name for name, place in PLACES.items()}


def run(command, limit):
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(str(error)) from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise RuntimeError(f"{' '.join(command[:3])} ... failed:\n{tail}")


def starts(program):
    """None, or why a program does not start."""
    try:
        done = subprocess.run([program, QUESTION[program.name]], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"


def trains_on_gpu(saltus):
    """Whether this saltus program was built with a CUDA backend; asked without a GPU, too."""
    told = machine.output_of([str(saltus), "info"])
    return told is not None and "no CUDA backend" not in told


def find(folder, limit, may_build=True):
    """The programs and where they come from: those that `folder` holds, packed or not. Where one of them does not start,
    all are built, or that one is missing; where there are none, they are built."""
    archive = folder / ARCHIVE
    place = unpacked(archive) if archive.exists() else folder
    carried = {name: place / name for name in PLACES if (place / name).exists()}
    if TESTS in carried and BENCH in carried:
        troubles = {name: why for name, path in carried.items() if (why := starts(path))}
        for name, why in troubles.items():
            print(f"{name} was carried along and does not start here: {why}", flush=True)
        if not troubles or not may_build:
            return {name: path for name, path in carried.items() if name not in troubles}, f"carried in {folder}"
    return build(ROOT / "build" / "gpu", limit), BUILT


def unpacked(archive):
    """A folder with what the archive holds."""
    target = archive.parent / "unpacked"
    if target.exists():
        shutil.rmtree(target)
    with tarfile.open(archive) as file:
        file.extractall(target)
    return target


def copy_data(source, target):
    """Copies MNIST's files, packed or not; raises RuntimeError where one is missing."""
    target.mkdir()
    for name in MNIST:
        found = [source / (name + suffix) for suffix in (".gz", "") if (source / (name + suffix)).exists()]
        if not found:
            raise RuntimeError(f"{source} has no {name}, packed or not")
        shutil.copy(found[0], target / found[0].name)


def collect(target, build_folder, limit, data=None):
    """Packs the programs, their libraries, and MNIST where `data` is its folder, into a folder. Returns its size in
    bytes."""
    programs = build(build_folder, limit)
    if not trains_on_gpu(programs[SALTUS]):
        del programs[SALTUS], programs[TRIALS]
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        gathered = Path(name)
        (gathered / "lib").mkdir()
        for program, path in programs.items():
            run(["strip", "--strip-debug", "-o", gathered / program, path], limit)
            for library in libraries_of(path):
                shutil.copy(library, gathered / "lib" / library.name)
        with tarfile.open(target / ARCHIVE, "w:xz", preset=3) as file:
            for path in sorted(gathered.iterdir()):
                file.add(path, path.name)
    if data is not None:
        copy_data(data, target / DATA)
    note = {**machine.state(), "built": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
            "architectures": architectures(build_folder)}
    (target / "collected.json").write_text(json.dumps(note, indent=1) + "\n")
    total = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    if total > MOST_BYTES:
        raise RuntimeError(f"{total / 2**20:.1f} MiB, more than the {MOST_BYTES >> 20} that can be carried")
    return total


def architectures(build_folder):
    cache = (build_folder / "CMakeCache.txt").read_text()
    found = re.search(r"^CMAKE_CUDA_ARCHITECTURES:\w+=(.*)$", cache, re.MULTILINE)
    return found.group(1) if found else "as cmake/SaltusCuda.cmake has them"
