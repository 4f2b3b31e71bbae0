#!/usr/bin/env python3
"""Holds what ptxas reported of each kernel against a budget.

    check_ptxas.py --budget ptxas_budget.csv --architectures 80-real,90 OBJECT...
    check_ptxas.py --write ptxas_budget.csv OBJECT...     lists new kernels, keeps reasons

Beside each OBJECT lies OBJECT.ptxas, as cmake/keep_ptxas_report left it. A budget's line holds for all
instances of a kernel and all architectures: the most registers of a thread, and of static shared memory and
local stack the most bytes. No kernel may spill. The check fails for a kernel above its budget, one without a
line, a line without a kernel, a line of more than 64 registers or with a stack but no reason, and an
architecture for which a kernel was not compiled.
"""
import argparse
import csv
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ["file", "kernel", "registers", "shared", "stack", "reason"]
FEW_REGISTERS = 64  # of a thread: 1024 threads fit on a multiprocessor, half of all


@dataclass
class Use:
    """What one instance of a kernel takes on one architecture."""
    name: str
    architecture: str
    registers: int = 0
    shared: int = 0
    stack: int = 0
    spilled: int = 0


def report_of(text):
    """Every `Use` in ptxas's report; names still mangled."""
    uses = []
    of_kernel = False
    for line in text.splitlines():
        if entry := re.search(r"Compiling entry function '(\w+)' for '(\w+)'", line):
            uses.append(Use(*entry.groups()))
        elif properties := re.search(r"Function properties for (\w+)", line):
            of_kernel = bool(uses) and properties[1] == uses[-1].name
        elif stack := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill", line):
            if uses:  # a function that was not inlined counts for its kernel
                uses[-1].stack = max(uses[-1].stack, int(stack[1]))
                uses[-1].spilled += int(stack[2]) + int(stack[3])
        elif used := re.search(r"Used (\d+) registers", line):
            uses[-1].registers = int(used[1])
            if shared := re.search(r"(\d+) bytes smem", line):
                uses[-1].shared = int(shared[1])
    return uses


def demangled(names):
    result = subprocess.run(["c++filt"], input="\n".join(names), text=True, capture_output=True, check=True)
    return dict(zip(names, result.stdout.splitlines()))


def short(name):
    """void saltus::kernels::(anonymous namespace)::sum_kernel<float>(...) -> sum_kernel"""
    name = name.replace("(anonymous namespace)::", "")
    while "<" in name:
        name = re.sub(r"<[^<>]*>", "", name)
    name = name.split("(")[0].split(" ")[-1]
    return name.split("::")[-1]


def read_reports(objects):
    """{(file, kernel): [Use]}, in the files' order."""
    kernels = {}
    for path in sorted(objects):
        file = re.sub(r".*\.dir/(\./)?|\.o$", "", path)
        report = Path(path + ".ptxas")
        if not report.exists():
            sys.exit(f"{report}: no such file; build saltus_cuda_kernels again")
        uses = report_of(report.read_text())
        names = demangled([use.name for use in uses]) if uses else {}
        for use in uses:
            use.name = names[use.name]
            kernels.setdefault((file, short(use.name)), []).append(use)
    return kernels


def largest(uses):
    return {column: max(getattr(use, column) for use in uses) for column in ("registers", "shared", "stack")}


def read_budget(path):
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {(line["file"], line["kernel"]): line for line in csv.DictReader(file)}


def write_budget(path, kernels):
    old = read_budget(path)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for (name, kernel), uses in sorted(kernels.items()):
            reason = old.get((name, kernel), {}).get("reason", "")
            writer.writerow({"file": name, "kernel": kernel, **largest(uses), "reason": reason})


def check_kernel(name, uses, budget, architectures):
    """What is wrong, one sentence each."""
    for use in uses:
        if use.spilled:
            yield f"{name} spills {use.spilled} bytes on {use.architecture}: {use.name}"
    compiled = {use.architecture for use in uses}
    if missing := sorted(architectures - compiled):
        yield f"{name} was not compiled for {', '.join(missing)}"
    if budget is None:
        yield f"{name} is not in the budget: {largest(uses)}"
        return
    for column, value in largest(uses).items():
        if value > int(budget[column]):
            yield f"{name} takes {value} ({column}); its budget is {budget[column]}"
    if (int(budget["registers"]) > FEW_REGISTERS or int(budget["stack"]) > 0) and not budget["reason"].strip():
        yield f"{name}: {budget['registers']} registers and a stack of {budget['stack']} bytes need a reason"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--budget", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--architectures", default="", help="as CMAKE_CUDA_ARCHITECTURES, with commas")
    parser.add_argument("objects", nargs="+")
    arguments = parser.parse_args()
    kernels = read_reports(arguments.objects)
    if arguments.write:
        write_budget(arguments.write, kernels)
        return
    if not kernels:
        sys.exit("no kernel was found in the reports")

    budget = read_budget(arguments.budget)
    numbers = [a.removesuffix("-real") for a in arguments.architectures.split(",") if not a.endswith("-virtual")]
    architectures = {"sm_" + number for number in numbers if number}
    wrong = [f"{'/'.join(key)} is in the budget, but there is no such kernel" for key in budget.keys() - kernels.keys()]
    for key, uses in kernels.items():
        wrong += check_kernel("/".join(key), uses, budget.get(key), architectures)
    for line in wrong:
        print(line)
    instances = sum(len(uses) for uses in kernels.values())
    print(f"{len(kernels)} kernels, {instances} compilations, {len(wrong)} complaints")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
