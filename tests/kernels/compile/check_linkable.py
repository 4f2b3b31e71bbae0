#!/usr/bin/env python3
"""Whether the program finds its kernels in what is linked with formulas, where names are all that it has.

    check_linkable.py --kernels OBJECT... --linkable OBJECT...

The sources of kernels that evaluate activations are compiled twice: for the program, and to be linked. Every kernel that
launch_evaluating() starts must have the same mangled name in both, for every architecture; one in an anonymous
namespace has another, and would be missed when it is launched.
"""
import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

from reports import report_of  # noqa: E402: found by the line above

SOURCES = Path(__file__).resolve().parents[3] / "kernels"


def evaluating_kernels():
    """Names in launch_evaluating<NAME...>(...) of all sources."""
    texts = [path.read_text() for path in sorted(SOURCES.glob("*/*.cu")) + sorted(SOURCES.glob("*/*_kernels.h"))]
    return {name for text in texts for name in re.findall(r"launch_evaluating<(\w+)", text)}


def names_of(objects, kernels):
    """{(mangled name, architecture)} of those kernels; a mangled name has the length before each part."""
    uses = [use for path in objects for use in report_of(Path(path + ".ptxas").read_text())]
    parts = {name: f"{len(name)}{name}" for name in kernels}
    return {name: {(use.name, use.architecture) for use in uses if part in use.name} for name, part in parts.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kernels", nargs="+", required=True)
    parser.add_argument("--linkable", nargs="+", required=True)
    arguments = parser.parse_args()
    kernels = evaluating_kernels()
    own = names_of(arguments.kernels, kernels)
    linkable = names_of(arguments.linkable, kernels)
    wrong = []
    for kernel in sorted(kernels):
        if not own[kernel]:
            wrong.append(f"{kernel}: the program has no such kernel")
        wrong += [f"{kernel}: not linkable on {architecture}: {name}"
                  for name, architecture in sorted(own[kernel] - linkable[kernel])]
    for line in wrong:
        print(line)
    print(f"{len(kernels)} kernels, {sum(map(len, own.values()))} compilations, {len(wrong)} complaints")
    sys.exit(1 if wrong or not kernels else 0)


if __name__ == "__main__":
    main()
