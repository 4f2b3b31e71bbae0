"""What several checks of the kernels read: ptxas's reports, and budgets, which are tables whose lines have reasons."""
import csv
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Use:
    """What one instance of a kernel takes on one architecture."""
    name: str  # with its arguments' types, as c++filt says it
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
            # In relocatable code a name that belongs to one source begins with that source.
            uses.append(Use(re.sub(r"^__nv_static_\w*?_(?=_Z)", "", entry[1]), entry[2]))
        elif properties := re.search(r"Function properties for (\w+)", line):
            of_kernel = bool(uses) and properties[1].endswith(uses[-1].name)
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
    """{(file, kernel): [Use]}, in the files' order, from the OBJECT.ptxas beside each object."""
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


def read_budget(path, columns):
    """{first two columns: line}"""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {(line[columns[0]], line[columns[1]]): line for line in csv.DictReader(file)}


def write_budget(path, columns, lines):
    """Lines, and for each the reason that the line of its first two columns had."""
    old = read_budget(path, columns)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for line in lines:
            reason = old.get((line[columns[0]], line[columns[1]]), {}).get("reason", "")
            writer.writerow({**line, "reason": reason})
