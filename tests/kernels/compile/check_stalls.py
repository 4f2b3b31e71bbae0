#!/usr/bin/env python3
"""check_stalls [--cuobjdump PROGRAM] OBJECT...: does ptxas wait for a register that it cleared?

ptxas 13.0 to 13.3 can miscompile `CS2R R2, SRZ; @P1 IMAD.WIDE R2, ...; ISETP R2, ...` for sm_90: where P1 is false the
comparison needs what CS2R cleared, but is started as if only the instruction between counted, and reads what was in R2
before. The cycles that instructions wait for each other stand in their encodings; this adds them up from every CS2R
through a write under a predicate to the first read. Needs cuobjdump and nvdisasm.
"""
import argparse
import re
import shutil
import subprocess
import sys
from collections import namedtuple

# Cycles from CS2R to a read: a GPU was seen to need more than 5, and 6 is the least that ptxas leaves anywhere where no
# write stands between.
LEAST = 6
SKIPPED = 77
INSTRUCTION = re.compile(r"/\*([0-9a-f]{4,})\*/\s+(.*?)\s*;\s+/\* 0x[0-9a-f]{16} \*/")
REST = re.compile(r"/\* (0x[0-9a-f]{16}) \*/")
STALL = 41  # the first of four bits of an encoding's second half

Instruction = namedtuple("Instruction", "address text predicated operation writes reads stall")


def instruction(address, text, encoding):
    predicate, rest = re.match(r"(@!?U?P\w+\s+)?(.*)", text).groups()
    operation, _, operands = rest.partition(" ")
    operands = [operand.strip() for operand in operands.split(",")]
    first = 0 if operation.startswith(("ST", "RED")) else 1
    target = re.fullmatch(r"R(\d+)", operands[0]) if first else None
    wide = operation.startswith("CS2R") or ".WIDE" in operation or ".64" in operation
    writes = range(int(target[1]), int(target[1]) + 1 + wide) if target else range(0)
    reads = set()
    for place, operand in enumerate(operands[first:], first):
        for found in re.finditer(r"\bR(\d+)(\.64)?", operand):
            pair = found[2] or (".WIDE" in operation and place == 3)
            reads.update({int(found[1]), int(found[1]) + bool(pair)})
    return Instruction(address, text, predicate is not None, operation, writes, reads, encoding >> STALL & 15)


def kernels(listing):
    """(name, instructions) of each kernel in what cuobjdump prints."""
    name, code, lines = "", [], iter(listing.splitlines())
    for line in lines:
        if "Function :" in line:
            if code:
                yield name, code
            name, code = line.split(":")[1].strip(), []
        elif found := INSTRUCTION.search(line):
            code.append(instruction(found[1], found[2], int(REST.search(next(lines))[1], 16)))
    if code:
        yield name, code


def early_reads(code):
    """(cleared, read, cycles) where a read comes too early."""
    for start, cleared in enumerate(code):
        if not cleared.operation.startswith("CS2R") or "SRZ" not in cleared.text:
            continue
        for register in cleared.writes:
            cycles, between = cleared.stall, False
            for later in code[start + 1:]:
                if cycles >= LEAST or later.operation in ("EXIT", "RET.REL.NODEC"):
                    break
                if register in later.reads:
                    if between:
                        yield cleared, later, cycles
                    break
                if register in later.writes:
                    if not later.predicated:
                        break
                    between = True
                cycles += later.stall


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuobjdump", default="cuobjdump")
    parser.add_argument("objects", nargs="+")
    options = parser.parse_args()
    if shutil.which(options.cuobjdump) is None:
        print("skipped: cuobjdump was not found (it comes with CUDA, or from PyPI as nvidia-cuda-cuobjdump)")
        return SKIPPED
    count = complaints = 0
    for file in options.objects:
        listing = subprocess.run([options.cuobjdump, "-sass", file], check=True, capture_output=True, text=True).stdout
        for name, code in kernels(listing):
            count += 1
            for cleared, later, cycles in early_reads(code):
                complaints += 1
                print(f"{file}: {name}: {later.address} reads after {cycles} cycles what {cleared.address} clears: "
                      f"{cleared.text} ... {later.text}")
    print(f"{count} kernels, {complaints} complaints")
    return 1 if complaints or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
