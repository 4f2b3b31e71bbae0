#!/usr/bin/env python3
"""Holds what the kernels ask of memory against a budget.

    check_traffic.py --budget traffic_budget.csv KERNEL_TRAFFIC
    check_traffic.py --budget traffic_budget.csv --write kernel-traffic.md KERNEL_TRAFFIC
        lists what is there now, keeps the reasons, and writes the table

KERNEL_TRAFFIC is the program that counts. A budget's line holds for one kernel of one step: the sectors of a
request to load and to store, the wavefronts of a request to shared memory, and the bytes of all sectors over
the bytes that must move at least. The check fails for a kernel above its budget, one without a line, a line
without a kernel, and for a line without a reason whose accesses take more than twice the sectors that their
bytes fill, or whose shared memory has bank conflicts.
"""
import argparse
import csv
import io
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

from reports import read_budget, write_budget  # noqa: E402: found by the line above

SECTOR = 32  # bytes
FIGURES = ["load_sectors", "store_sectors", "wavefronts", "traffic"]
COLUMNS = ["step", "kernel", *FIGURES, "reason"]
MANY_SECTORS = 2  # for each that the bytes fill
ROUNDING = 0.0005  # of the figures in the budget

INTRODUCTION = """\
# What the kernels ask of memory

Counted on the emulation, without a GPU, from the place and size of every access; docs/testing.md says how. Nothing
here is a time. A line is a launch at the shape of a layer of the tutorial's network, for one trial and so many rows:
what does not belong to weights grows with the rows. Made by

    cmake --build --preset release --target kernel_traffic_table

- *at least*: every byte that is read counted once, and every one that is written.
- *asked for*: the sectors of 32 bytes that the warps' requests touch, in bytes; *ratio*: this over the former. There
  is no cache in it. What neighbouring blocks or later steps read again counts again, so the tiles of a product have
  ratios above 1, and a cache has to serve the difference; and a number that a whole warp reads, as a trial's state,
  counts a sector. Ratios of kernels that read each array once are near 1.
- *load sectors*, *store sectors*: of a warp's request; 32 neighbouring floats are 4, 32 quads of them 16, a number for
  all lanes is 1. In brackets, where it is more than half: how many of them would be saved if the same bytes lay side
  by side.
- *wavefronts*: of a warp's request to shared memory; 1 at best, 4 for quads. In brackets: the part that bank
  conflicts cost.
- *flops*: additions, multiplications and functions; none for padding.

"""
HEADINGS = ["step", "kernel", "shape", "rows", "flops", "at least", "asked for", "ratio", "load sectors",
            "store sectors", "wavefronts"]


class Line:
    """What one launch asked for."""

    def __init__(self, fields):
        self.step, self.kernel, self.shape = fields["step"], fields["kernel"], fields["shape"]
        counts = {name: int(value) for name, value in fields.items() if name not in ("step", "kernel", "shape")}
        self.rows, self.flops, self.least = counts["rows"], counts["flops"], counts["bytes"]
        self.loads = (counts["loads"], counts["load_sectors"], counts["least_load_sectors"])
        self.stores = (counts["stores"], counts["store_sectors"], counts["least_store_sectors"])
        self.shared = (counts["shared"], counts["wavefronts"], counts["least_wavefronts"])
        self.asked = SECTOR * (self.loads[1] + self.stores[1])

    @property
    def key(self):
        return self.step, self.kernel

    def figures(self):
        def of_request(count):
            return count[1] / count[0] if count[0] else 0
        return dict(zip(FIGURES, [of_request(self.loads), of_request(self.stores), of_request(self.shared),
                                  self.asked / self.least]))

    def faults(self):
        """What needs a reason."""
        for name, (_, sectors, least) in (("loads", self.loads), ("stores", self.stores)):
            if sectors > MANY_SECTORS * least:
                yield f"{name} take {sectors / least:.2f} times the sectors that their bytes fill"
        if self.shared[1] > self.shared[2]:
            yield f"bank conflicts take {self.shared[1] / self.shared[2] - 1:.1%} more wavefronts"


def count(program):
    result = subprocess.run([program], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{program} failed:\n{result.stderr[-2000:]}")
    return [Line(fields) for fields in csv.DictReader(io.StringIO(result.stdout))]


def write_lines(path, lines):
    write_budget(path, COLUMNS, [{"step": line.step, "kernel": line.kernel,
                                  **{name: f"{value:.3f}" for name, value in line.figures().items()}} for line in lines])


def text_of_bytes(number):
    for unit in ("B", "kB", "MB"):
        if number < 10000 or unit == "MB":
            return f"{number:.0f} {unit}"
        number /= 1000


def text_of_flops(number):
    if number == 0:
        return ""
    return f"{number / 1e6:.3g} M"


def cell(count, worth_saying):
    """Parts of a request, and in brackets how many of them are more than the least."""
    requests, parts, least = count
    if requests == 0:
        return ""
    saved = f" ({1 - least / parts:.0%})" if parts > worth_saying * least else ""
    return f"{parts / requests:.2f}{saved}"


def write_table(path, lines):
    rows = [HEADINGS, ["---"] * 3 + ["---:"] * (len(HEADINGS) - 3)]
    last = None
    for line in lines:
        rows.append([line.step if line.step != last else "", f"`{line.kernel}`", line.shape, str(line.rows),
                     text_of_flops(line.flops), text_of_bytes(line.least), text_of_bytes(line.asked),
                     f"{line.asked / line.least:.2f}", cell(line.loads, MANY_SECTORS),
                     cell(line.stores, MANY_SECTORS), cell(line.shared, 1)])
        last = line.step
    path.write_text(INTRODUCTION + "".join(f"| {' | '.join(row)} |\n" for row in rows))


def complaints_about(line, budget):
    name = f"{line.step}: {line.kernel}"
    if budget is None:
        yield f"{name} is not in the budget: {line.figures()}"
        return
    for figure, value in line.figures().items():
        if value > float(budget[figure]) + ROUNDING:
            yield f"{name} takes {value:.3f} ({figure}); its budget is {budget[figure]}"
    if not budget["reason"].strip():
        for fault in line.faults():
            yield f"{name} needs a reason: {fault}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--budget", type=Path, required=True)
    parser.add_argument("--write", type=Path, metavar="TABLE")
    parser.add_argument("program")
    arguments = parser.parse_args()
    lines = count(arguments.program)
    if arguments.write:
        write_lines(arguments.budget, lines)
        write_table(arguments.write, lines)

    budget = read_budget(arguments.budget, COLUMNS)
    keys = {line.key for line in lines}
    wrong = [f"{': '.join(key)} is in the budget, but nothing launches it" for key in budget if key not in keys]
    if len(keys) < len(lines):
        wrong.append("a step launches a kernel twice, or two steps have one name: no line can hold for both")
    for line in lines:
        wrong += complaints_about(line, budget.get(line.key))
    for complaint in wrong:
        print(complaint)
    print(f"{len(lines)} launches, {len(wrong)} complaints")
    sys.exit(1 if wrong and not arguments.write else 0)


if __name__ == "__main__":
    main()
