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
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

from reports import read_budget, read_reports, write_budget  # noqa: E402: found by the line above

COLUMNS = ["file", "kernel", "registers", "shared", "stack", "reason"]
FEW_REGISTERS = 64  # of a thread: 1024 threads fit on a multiprocessor, half of all


def largest(uses):
    return {column: max(getattr(use, column) for use in uses) for column in ("registers", "shared", "stack")}


def write(path, kernels):
    write_budget(path, COLUMNS, [{"file": name, "kernel": kernel, **largest(uses)}
                                 for (name, kernel), uses in sorted(kernels.items())])


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
        write(arguments.write, kernels)
        return
    if not kernels:
        sys.exit("no kernel was found in the reports")

    budget = read_budget(arguments.budget, COLUMNS)
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
