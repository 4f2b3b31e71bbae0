"""What can be said of a kernel's machine code without running it: how many instructions go with each mma, and with each
access to memory elsewhere."""
import re
import subprocess
from dataclasses import dataclass
from statistics import median

INSTRUCTION = re.compile(r"/\*([0-9a-f]{4,})\*/\s+(?:@!?U?P\w+\s+)?(\S+)\s*(.*?)\s*;\s+/\* 0x[0-9a-f]{16} \*/")
MEMORY = re.compile(r"(LD|ST|LD[GS]|ST[GS]|LDSM|ATOM[GS]?|REDG?)\b")
COPY = re.compile(r"LDGSTS\b")  # reads one memory and writes the other
MMA = re.compile(r"[HIDQ]G?MMA")
TURNS = 8  # that a loop is taken to make, as compilers do, where only the proportion of instructions matters
MANY_LOOPS = 40  # as only the switch over all activations has
SMALL_GAP = 64  # instructions between two cases of that switch


@dataclass
class Code:
    """Of one instance of a kernel on one architecture."""
    mma_instructions: float = 0  # for each mma, in the innermost of the loops that have some
    mma_accesses: float = 0      # to memory for each mma, among these
    evaluation: float = 0        # instructions of an activation's value and slope: the median of all activations
    access_instructions: float = 0  # for each access to memory outside of these loops


def kernels(listing):
    """(name, [(address, operation, operands)]) of each kernel in what cuobjdump prints."""
    name, code = "", []
    for line in listing.splitlines():
        if "Function :" in line:
            if code:
                yield name, code
            name, code = line.split(":")[1].strip(), []
        elif found := INSTRUCTION.search(line):
            code.append((int(found[1], 16), found[2], found[3]))
    if code:
        yield name, code


def loops_of(code):
    """[(first, last)] places of instructions, of every jump back."""
    place = {address: i for i, (address, _, _) in enumerate(code)}
    loops = {}
    for i, (address, operation, operands) in enumerate(code):
        target = re.search(r"(?:0x)?([0-9a-f]+)$", operands) if operation.startswith("BRA") else None
        if target and int(target[1], 16) < address and int(target[1], 16) in place:
            first = place[int(target[1], 16)]
            loops[first] = max(loops.get(first, 0), i)
    return sorted(loops.items())


def within(loops):
    """Those that have no other one of them inside."""
    return [(first, last) for first, last in loops
            if not any(first <= other and end <= last and (other, end) != (first, last) for other, end in loops)]


def analyse(code):
    memory = [bool(MEMORY.match(operation)) + 2 * bool(COPY.match(operation)) for _, operation, _ in code]
    mma = [bool(MMA.match(operation)) for _, operation, _ in code]
    loops = loops_of(code)
    innermost = within(loops)
    used = [False] * len(code)  # by what is counted otherwise

    def number(what, first, last):
        return sum(what[first:last + 1])

    found = Code()
    with_mma = [loop for loop in loops if number(mma, *loop)]
    multiply = within(with_mma)
    if multiply:
        count = sum(number(mma, *loop) for loop in multiply)
        found.mma_instructions = sum(last - first + 1 for first, last in multiply) / count
        found.mma_accesses = sum(number(memory, *loop) for loop in multiply) / count
    evaluate = [(first, last) for first, last in innermost if is_evaluation(code[first:last + 1])]
    if len(evaluate) > MANY_LOOPS:
        found.evaluation = median(last - first + 1 for first, last in evaluate)
        for (_, end), (begin, _) in zip(evaluate, evaluate[1:]):
            if begin - end <= SMALL_GAP:
                used[end:begin] = [True] * (begin - end)
    else:
        evaluate = []
    for first, last in multiply + evaluate:
        used[first:last + 1] = [True] * (last - first + 1)
    depth = [0] * len(code)
    for first, last in loops:
        for i in range(first, last + 1):
            depth[i] += 1
    weights = [0 if used[i] else TURNS ** min(depth[i], 4) for i in range(len(code))]
    accesses = sum(weight * here for weight, here in zip(weights, memory))
    found.access_instructions = sum(weights) / accesses if accesses else 0
    return found


def is_evaluation(loop):
    """An activation's loop reads a value from shared memory, and stores it and perhaps a slope."""
    operations = [operation for _, operation, _ in loop]
    def number(*names):
        return sum(operation.startswith(names) for operation in operations)
    return (number("LDS") == 1 and 1 <= number("STS", "ST.") <= 2 and
            number("LDG", "STG", "BAR", "LDSM") == 0 and not any(MMA.match(one) for one in operations))


def read(cuobjdump, path, architecture):
    """{mangled name: Code}"""
    listing = subprocess.run([cuobjdump, "-sass", "-arch", architecture, path], check=True, capture_output=True,
                             text=True).stdout
    return {name: analyse(code) for name, code in kernels(listing)}
