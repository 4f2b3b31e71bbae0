"""The page of the training step's predicted times."""
import textwrap
from dataclasses import dataclass

import machine_code as code_of_kernels

from gpu_record import step_model
from gpu_record.step_model import DEVICES, LAUNCH, LOSS, times_faster

US, KB, MB, MILLION = 1e-6, 1e3, 1e6, 1e6
COLUMNS = 120
TRIALS = [1, 6, 24]
PRECISIONS = ["tf32", "bf16", "fp32"]
FUSED = ("convolutions_pool", "convolutions_pool_backward")


@dataclass
class Multiprocessor:
    """What blocks share: CUDA Programming Guide, "Technical Specifications per Compute Capability"."""
    shared: int   # bytes, of which a block takes RESERVED beside its own
    threads: int
    blocks: int
    code: str     # that it runs
    registers: int = 65536


MULTIPROCESSORS = {"8.0": Multiprocessor(164 << 10, 2048, 32, "sm_80"),
                   "8.6": Multiprocessor(100 << 10, 1536, 16, "sm_80"),
                   "9.0": Multiprocessor(228 << 10, 2048, 32, "sm_90")}
RESERVED = 1 << 10  # bytes of shared memory
REGISTER_UNIT = 256  # registers of a warp come in so many


def occupancy(capability, registers, shared, threads):
    """(blocks of a multiprocessor, what keeps others out)"""
    limits = MULTIPROCESSORS[capability]
    warps = -(-threads // 32)
    of_warp = -(-registers * 32 // REGISTER_UNIT) * REGISTER_UNIT
    fits = {"registers": limits.registers // (of_warp * warps), "shared memory": limits.shared // (shared + RESERVED),
            "threads": limits.threads // (32 * warps), "blocks": limits.blocks}
    least = min(fits, key=fits.get)
    return fits[least], least


def table(heading, rows, left=1):
    """Columns behind the first `left` ones are numbers."""
    lines = [heading, ["---"] * left + ["---:"] * (len(heading) - left), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def wrapped(text):
    """Lines of at most COLUMNS; those that begin a paragraph, an item or code stay where they are."""
    lines = []
    for line in text.strip("\n").split("\n"):
        goes_on = lines and lines[-1] and line and not line.startswith(("- ", "#", "    "))
        if goes_on and not lines[-1].startswith(("#", "    ")):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    return "\n".join(textwrap.fill(line, COLUMNS, subsequent_indent="  " if line.startswith("- ") else "",
                                   break_long_words=False, break_on_hyphens=False)
                     if not line.startswith("    ") else line for line in lines) + "\n"


def us(seconds):
    return f"{seconds / US:.1f}" if seconds else ""


INTRODUCTION = """\
# The training step on a GPU: counted and predicted

**Predicted, not measured: no time on this page comes from a device, but for those that are called recorded.** What is
counted is exact where it says so; the times are what a simple model makes of the counts. Made without a GPU by

    cmake --build --preset release --target kernel_step_page

from the program itself: the tutorial's network is compiled as for a GPU, and its launches run on the emulation. The
test `kernels.step` fails where the page and the program no longer agree.
"""

METHOD = """\
## How it is counted

- *Blocks, mma, requests, sectors, wavefronts, bytes* are counted on the emulation
  ([kernel-traffic.md](kernel-traffic.md) says what each is), for batches of {rows} images, on {multiprocessors}
  multiprocessors. Of a launch some blocks run, and then twice as many: a count grows with the blocks as from the one to
  the other. So what all blocks of a trial read, as weights, counts as device memory's bytes once.
- *Instructions* are those of warps, and an estimate from the machine code of sm_90. mma instructions bring those of the
  innermost loops around them; a value and its slope those of an activation's loop, the median of all activations; each
  other access to memory as many as there are for each such access in the rest of the code, where a loop counts
  {turns} times as often as what is around it.
- *Time* is {loss} times the slowest of these, and {launch:.0f} us for the launch: instructions, {issue} a cycle and
  multiprocessor; wavefronts of shared memory, one a cycle; mma.sync, {mma} a cycle, of the tensor cores' peak of one;
  all sectors at {cache} TB/s from the second-level cache; bytes of device memory at {memory}. The multiprocessor with
  the most blocks counts, at {clock} GHz. The constants and where they come from stand in
  `scripts/gpu_record/step_model.py`.
- *A sweep* is {epochs} epochs of {batches} training steps and {tested} batches that are evaluated, which are counted as
  the step's launches up to the head, with all trials side by side, and {start} s before the first.

What the model leaves out: waiting for memory where few warps are there to hide it, the first-level cache, and that
activations differ: the sweep's take from fewer to more instructions than the median.
"""


def method():
    device = DEVICES["H200"]
    return wrapped(METHOD.format(
        rows=step_model.ROWS, multiprocessors=device.multiprocessors, turns=code_of_kernels.TURNS, loss=LOSS,
        launch=LAUNCH / US, issue=device.issue, mma=device.mma, cache=device.cache / 1e12, clock=device.clock / 1e9,
        memory=" and ".join(f"{one.memory / 1e12} TB/s ({name})" for name, one in DEVICES.items()),
        epochs=step_model.EPOCHS, batches=-(-step_model.TRAINED // step_model.ROWS),
        tested=-(-step_model.TESTED // step_model.ROWS), start=step_model.START))


def goals(steps, record, code):
    device = DEVICES["H200"]
    fused = [one for precision in ("tf32", "bf16") for one in steps.of(precision, 1) if one.step in FUSED]
    most = max((code[one.kernel, "sm_90"]["mma_instructions"] for one in fused), default=None)
    faster = [times_faster(steps, record, step) for step in FUSED]
    rows = [
        ("sweep of six activations, tf32, H200", steps.sweep("tf32", [6], device), "<= 3.0 s; 3.6 s by mma.sync",
         3.0, "s"),
        ("the same, bf16", steps.sweep("bf16", [6], device), "<= 2.0 s", 2.0, "s"),
        ("step of one trial, tf32", steps.seconds("tf32", 1, device) / US, "<= 65 us", 65, "us"),
        ("launches of a step, tf32", len(steps.of("tf32", 1)), "<= 10", 10, ""),
        ("instructions for an mma in the fused convolutions, the most", most, "<= 2", 2, ""),
        ("the fused forward pass against cuDNN's chain, one trial, tf32", faster[0], ">= 4 times", -4, "times"),
        ("the fused backward pass likewise", faster[1], ">= 3 times", -3, "times"),
    ]
    lines = []
    for what, value, goal, limit, unit in rows:
        if value is None:
            lines.append([what, "no such launches", goal, ""])
            continue
        met = value <= limit if limit > 0 else value >= -limit
        text = str(value) if isinstance(value, int) else f"{value:.2f} {unit}".strip()
        lines.append([what, text, goal, "met" if met else f"{value / abs(limit):.2f} of it"])
    return ("## Goals\n\n" + table(["what", "predicted", "goal", ""], lines) +
            "\n" + wrapped("cuDNN's chain is what the record has of it: its convolutions and pools, and our "
                           "activation, which it lacks."))


def totals(steps):
    rows = []
    for precision in PRECISIONS:
        for name, device in DEVICES.items():
            row = [precision, name]
            row += [us(steps.seconds(precision, trials, device)) for trials in TRIALS]
            row += [us(steps.seconds(precision, trials, device) / trials) for trials in TRIALS[1:]]
            rows.append([*row, f"{steps.sweep(precision, [6], device):.2f}"])
    heading = ["precision", "device", *(f"{n} trial{'s' * (n > 1)}, us" for n in TRIALS),
               *(f"a trial of {n}, us" for n in TRIALS[1:]), "sweep of six, s"]
    return "## Steps and sweeps\n\n" + table(heading, rows, 2)


def check(steps, record):
    device = DEVICES["H200"]
    lines, factors = [], []
    for trials in (1, 6):
        rows = step_model.compared(steps, record, "tf32", trials, device)
        for name, launches, predicted, recorded in rows:
            slowest = max(launches, key=lambda one: one.seconds(device))
            lines.append([name, trials, slowest.bound(device), us(predicted), us(recorded),
                          f"{predicted / recorded:.2f}"])
            factors.append(predicted / recorded)
        predicted, recorded = (sum(row[i] for row in rows) for i in (2, 3))
        lines.append(["**all of these**", trials, "", us(predicted), us(recorded), f"{predicted / recorded:.2f}"])
    beside = step_model.RECORDED_GROUPS
    sweeps = [steps.sweep("tf32", groups, device, 86) for groups in (beside, [sum(beside)])]
    within = sum(0.5 <= one <= 2 for one in factors)
    text = f"""## How far off it is

The same model for the step of single layers, beside what an H200 was recorded to take
([{record.name}](gpu/{record.name}.md), tf32): {within} of {len(factors)} are within a factor of two, from
{min(factors):.2f} to {max(factors):.2f} times the recorded time. The kernels have been changed since the record, the
products and the update most of all, so a prediction below the record need not be wrong; and in the record's order of
measuring, data came from device memory that the step finds in the cache.

The recorded sweep took {record.sweep} s from the program's start to its end, {" + ".join(map(str, beside))} trials
side by side. For the step of single layers the model says {sweeps[0]:.1f} s for these, and {sweeps[1]:.1f} s for
{sum(beside)}.
"""
    heading = ["computation", "trials", "bound by", "predicted, us", "recorded, us", "predicted of recorded"]
    return wrapped(text) + "\n" + table(heading, lines, 3)


def launches_of(steps, precision, architecture):
    device = DEVICES["H200"]
    by_trials = {trials: steps.of(precision, trials, architecture) for trials in TRIALS}
    rows, last = [], None
    for i, one in enumerate(by_trials[6]):
        count = one.count
        conflicts = 1 - count["least_wavefronts"] / count["wavefronts"] if count["wavefronts"] else 0
        wavefronts = f"{count['wavefronts'] / MILLION:.2f} ({conflicts:.0%})" if count["wavefronts"] else ""
        times = [us(by_trials[trials][i].seconds(device)) for trials in TRIALS if by_trials[trials]]
        rows.append([one.step if one.number != last else "", f"`{one.name}`", one.bound(device),
                     count["blocks"], f"{one.instructions / MILLION:.2f}",
                     f"{count['mma'] / MILLION:.2f}" if count["mma"] else "", wavefronts, f"{one.asked / MB:.1f}", f"{count['bytes'] / MB:.1f}", *times,
                     us(one.seconds(DEVICES["H100"]))])
        last = one.number
    heading = ["computation", "kernel", "bound by", "blocks", "instructions, M", "mma, M", "wavefronts, M (conflicts)",
               "sectors, MB", "memory, MB", *(f"{n}: us" for n in TRIALS if by_trials[n]), "6 on an H100: us"]
    return table(heading, rows, 3)


def launches(steps):
    parts = [wrapped("## Launch by launch\n\nCounts are of six trials; times are an H200's, by the number of trials, "
                     "and for six trials an H100's.")]
    for precision in PRECISIONS:
        count = len(steps.of(precision, 6))
        parts.append(f"### {precision}: {count} launches\n\n" + launches_of(steps, precision, 90))
    return "\n".join(parts)


def machine_code(steps, code, uses):
    shapes = {}  # kernel: the largest block and dynamic shared memory
    for one in steps.launches:
        if one.architecture == 90:
            threads, shared = shapes.get(one.kernel, (0, 0))
            shapes[one.kernel] = max(threads, one.count["threads"]), max(shared, one.count["dynamic_bytes"])
    rows = []
    for kernel in sorted(shapes):
        threads, dynamic = shapes[kernel]
        row = [f"`{kernel}`", threads]
        for capability, multiprocessor in MULTIPROCESSORS.items():
            use = uses[kernel, multiprocessor.code]
            shared = use.shared + dynamic
            blocks, least = occupancy(capability, use.registers, shared, threads)
            spilled = f", {use.spilled} B spilled" if use.spilled else ""
            fits = f"{blocks} ({least})" if blocks else "does not fit"
            mma = code[kernel, multiprocessor.code]["mma_instructions"]
            row += [f"{use.registers}{spilled}", fits, f"{mma:.2f}" if mma else ""]
        rows.append([*row, f"{shared / KB:.1f}" if shared else ""])
    heading = ["kernel", "threads", *(f"{one}: {what}" for one in MULTIPROCESSORS
                                      for what in ("registers", "blocks", "instructions an mma")), "shared, kB"]
    return wrapped("## Machine code and occupancy\n\nBy compute capability; 8.6 runs the code for 8.0. Blocks are those that "
            "fit a multiprocessor, and in brackets what keeps more out. Shared memory is a block's; where that does not fit, the backend takes the step of single "
            "layers. Instructions an mma are those of the innermost loops.") + "\n" + table(heading, rows)


def page(all_launches, code, uses):
    steps, record = step_model.Steps(all_launches), step_model.Record()
    return "\n".join([wrapped(INTRODUCTION), goals(steps, record, code), totals(steps), check(steps, record),
                      launches(steps), machine_code(steps, code, uses), method()])
