#!/usr/bin/env python3
"""Counts the tutorial's training step on the emulation and holds the page of its predicted times against that.

    check_step.py --page gpu-step.md --program KERNEL_STEP OBJECT...             counts some settings again
    check_step.py --page gpu-step.md --program KERNEL_STEP --write OBJECT...     counts all, and writes the page
    check_step.py --code OBJECT...                                               reads the machine code again

KERNEL_STEP is the program that counts; beside each OBJECT lies ptxas's report. What was counted stands in
counts.csv, what the machine code says in code.csv. For machine code it takes cuobjdump and nvdisasm: of CUDA's
toolkit, or the packages of requirements.txt.
"""
import argparse
import csv
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE.parent), str(ROOT / "scripts")]
sys.dont_write_bytecode = True

import machine_code  # noqa: E402: found by the lines above
import step_page  # noqa: E402
from gpu_record import step_model  # noqa: E402
from reports import demangled, read_reports  # noqa: E402

ARCHITECTURES = ["sm_80", "sm_90"]
# precision, trials, compute capability: 8.6 has the step of single layers
SETTINGS = [(precision, trials, 90) for precision in ("tf32", "bf16") for trials in (1, 6, 24)]
SETTINGS += [("fp32", trials, 90) for trials in (1, 6)] + [("tf32", trials, 86) for trials in (1, 2, 4, 6)]
CHECKED = [("tf32", 1, 90), ("bf16", 1, 90)]  # in each test, for its time
# By which a figure of machine code may differ: numbers in the file are rounded.
ROUNDING = 0.001


def enumerators():
    """{enumeration: {name: number}} of the kernels' sources: g++ prints names and c++filt numbers."""
    found = {}
    for path in sorted((ROOT / "kernels").rglob("*.h")):
        for name, body in re.findall(r"enum class (\w+)[^{;]*\{([^}]*)\}", path.read_text()):
            names = re.findall(r"(\w+)\s*(?:,|$|=)", re.sub(r"//[^\n]*", "", body).strip())
            found[name] = {one: number for number, one in enumerate(names)}
    return found


ENUMERATORS = enumerators()


def plain(name):
    """A kernel's name without namespaces and arguments, alike from g++ and c++filt."""
    name = name.replace("(anonymous namespace)", "{anonymous}").removeprefix("void ")
    name = re.sub(r"\((?:\w+::|{anonymous}::)*(\w+)\)(\d+)", r"\1#\2", name)
    depth = 0
    for i, letter in enumerate(name):  # up to the arguments
        depth += {"<": 1, ">": -1}.get(letter, 0)
        if letter == "(" and depth == 0:
            name = name[:i]
            break
    for enumeration, numbers in ENUMERATORS.items():
        for one, number in numbers.items() if f"{enumeration}::" in name else ():
            name = re.sub(rf"\b{enumeration}::{one}\b", f"{enumeration}#{number}", name)
    return re.sub(r"(?:\w+|{anonymous})::", "", name).replace(" >", ">")


def count(program, setting):
    """[{column: text}] of a step's launches."""
    done = subprocess.run([program, ",".join(map(str, setting))], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{program} failed:\n{done.stderr[-2000:]}")
    lines = list(csv.DictReader(io.StringIO(done.stdout)))
    for line in lines:
        line["kernel"] = plain(line["kernel"])
    return lines


def write_csv(path, lines):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, lines[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def read_counts():
    with step_model.COUNTS.open(newline="") as file:
        return list(csv.DictReader(file))


def is_of(line, setting):
    return (line["precision"], int(line["trials"]), int(line["architecture"])) == setting


def uses_of(objects, kernels):
    """{(kernel, architecture): Use} and the objects that hold them; of kernels with one name the largest."""
    uses, holders = {}, set()
    for path in objects:
        for group in read_reports([path]).values():
            for use in group:
                if (name := plain(use.name)) in kernels:
                    key = name, use.architecture
                    uses[key] = max(use, uses.get(key, use), key=lambda one: one.registers)
                    holders.add(path)
    return uses, sorted(holders)


def read_code(cuobjdump, objects, kernels, architectures):
    """{(kernel, architecture): figures}"""
    found = {}
    for path in objects:
        for architecture in architectures:
            code = machine_code.read(cuobjdump, path, architecture)
            names = demangled(list(code))
            for mangled, one in code.items():
                key = plain(names[mangled]), architecture
                if key[0] in kernels and one.access_instructions >= found.get(key, {}).get("access_instructions", 0):
                    found[key] = vars(one)
    return found


def find_cuobjdump():
    """Its path; nvdisasm, which it starts, is found beside it."""
    packaged = sorted(Path(sys.prefix).glob("lib/python*/site-packages/nvidia/*/bin"))
    os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *map(str, packaged)])
    return shutil.which("cuobjdump") or sys.exit("cuobjdump was not found")


def write_code(objects, kernels):
    found = read_code(find_cuobjdump(), objects, kernels, ARCHITECTURES)
    write_csv(step_model.CODE, [{"kernel": kernel, "architecture": architecture,
                                 **{name: f"{value:.3f}" for name, value in one.items()}}
                                for (kernel, architecture), one in sorted(found.items())])


def check_code(objects, kernels):
    """Of sm_90, from which times are predicted: all would take minutes."""
    _, holders = uses_of(objects, kernels)
    there = step_model.read_code()
    found = read_code(find_cuobjdump(), holders, kernels, ["sm_90"])
    wrong = [f"{kernel}: no machine code" for kernel in sorted(kernels - {kernel for kernel, _ in found})]
    for key, figures in found.items():
        for name, value in figures.items():
            if key not in there or abs(there[key][name] - value) > ROUNDING:
                wrong.append(f"{key[0]}: {name} is {value:.3f}, in code.csv {there.get(key, {}).get(name)}")
    print("\n".join([*wrong, f"{len(found)} kernels, {len(wrong)} complaints"]))
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--program")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--code", action="store_true")
    parser.add_argument("objects", nargs="+")
    arguments = parser.parse_args()
    if arguments.code:
        return check_code(arguments.objects, {line["kernel"] for line in read_counts()})

    wrong = []
    if arguments.write:
        write_csv(step_model.COUNTS, [line for setting in SETTINGS for line in count(arguments.program, setting)])
    else:
        budget = read_counts()
        for setting in CHECKED:
            before = [line for line in budget if is_of(line, setting)]
            now = count(arguments.program, setting)
            for old, new in zip(before, now):
                wrong += [f"{setting}, {old['step']}, {old['kernel']}: {name} was {old[name]} and is {new[name]}"
                          for name in old if old[name] != new[name]]
            if len(before) != len(now):
                wrong.append(f"{setting}: {len(now)} launches, in counts.csv {len(before)}")
    kernels = {line["kernel"] for line in read_counts()}
    uses, holders = uses_of(arguments.objects, kernels)
    if arguments.write:
        write_code(holders, kernels)
    page = step_page.page(step_model.read_launches(), step_model.read_code(), uses)
    if arguments.write:
        arguments.page.write_text(page)
    elif arguments.page.read_text() != page:
        wrong.append(f"{arguments.page} is not what the counts and ptxas's reports make")
    print("\n".join([*wrong, f"{len(kernels)} kernels, {len(wrong)} complaints"]))
    if wrong:
        print("write it anew: cmake --build --preset release --target kernel_step_page")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
