#!/usr/bin/env python3
"""Which mode of the emulation catches which planted bug.

    check_bugs.py [--write] docs/planted-bugs.md plain=PROGRAM asan=PROGRAM checked=PROGRAM

Runs the programs, and fails where a bug is caught by none, where the twin of a bug is reported, or where the
table in the document, between the lines "<!-- bugs -->" and "<!-- end of bugs -->", is not what was found.
--write writes the table there.
"""
import argparse
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

BEGIN, END = "<!-- bugs -->\n", "<!-- end of bugs -->\n"
ALWAYS, SOMETIMES, NEVER = "yes", "some", ""


def runs_of(program):
    """(class, bug, order, "broken" or "twin", outcome) of every run."""
    result = subprocess.run([program], capture_output=True, text=True, timeout=300)
    if result.returncode != 0:
        sys.exit(f"{program} failed:\n{result.stderr[-2000:]}")
    return [line.split(",") for line in result.stdout.splitlines()]


def catch(outcomes):
    caught = sum(outcome != "right" for outcome in outcomes)
    return ALWAYS if caught == len(outcomes) else SOMETIMES if caught else NEVER


def text_of(table, modes):
    lines = [f"| class | bug | {' | '.join(modes)} |", f"|---|---|{'---|' * len(modes)}"]
    last = None
    for (bug_class, bug), caught in table.items():
        cells = [bug_class if bug_class != last else "", bug.replace("_", " ")]
        lines.append(f"| {' | '.join(cells + [caught[mode] for mode in modes])} |")
        last = bug_class
    counts = [str(sum(caught[mode] != NEVER for caught in table.values())) for mode in modes]
    lines.append(f"| | {len(table)} bugs, caught by | {' | '.join(counts)} |")
    return "".join(line + "\n" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("document", type=Path)
    parser.add_argument("programs", nargs="+", metavar="MODE=PROGRAM")
    arguments = parser.parse_args()

    table = defaultdict(dict)
    complaints = []
    programs = dict(program.split("=", 1) for program in arguments.programs)
    for mode, program in programs.items():
        outcomes = defaultdict(list)
        for bug_class, bug, order, variant, outcome in runs_of(program):
            if variant == "broken":
                outcomes[bug_class, bug].append(outcome)
            elif outcome != "right":
                complaints.append(f"{mode}, {order}: the twin of {bug} ends with {outcome}")
        for bug, of_bug in outcomes.items():
            table[bug][mode] = catch(of_bug)
    table = dict(sorted(table.items(), key=lambda item: item[0][0]))
    complaints += [f"nothing catches {bug}" for (_, bug), caught in table.items()
                   if not any(caught.values())]

    document = arguments.document.read_text()
    before, _, rest = document.partition(BEGIN)
    table_there, _, after = rest.partition(END)
    text = text_of(table, list(programs))
    if arguments.write:
        arguments.document.write_text(before + BEGIN + text + END + after)
    elif table_there != text:
        complaints.append(f"the table in {arguments.document} is stale: build the target emulation_bugs_table")
    for complaint in complaints:
        print(complaint)
    print(f"{len(table)} bugs")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
