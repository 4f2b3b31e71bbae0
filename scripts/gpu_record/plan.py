"""Which steps there are, the most valuable first: time that runs out takes the last ones."""
import json
import os
import re
import sys

from . import machine, step_model
from .programs import BENCH, DATA, SALTUS, TESTS, TRIALS, trains_on_gpu
from .steps import FILTER, Step

NO_WALK = "-ActivationWalk*"
SANITIZERS = ["memcheck", "racecheck", "initcheck", "synccheck"]
SIDE_BY_SIDE = [6, 4, 3, 2, 1]
PRECISIONS = ["tf32", "bf16"]
FINE, COARSE = 17, 100003  # the walk takes every so manieth float; coarse where time is short
PEERS_LEAST, PEERS_SHORT, PEERS_LIMIT = 60, 400, 1200  # seconds
PEERS_END = 8  # seconds that the driver of the peers may take behind its budget
# What bounds a kernel: instructions issued, tensor cores, shared memory, caches, device memory.
COUNTERS = [
    "gpu__time_duration.sum", "smsp__issue_active.avg.pct_of_peak_sustained_active", "smsp__inst_executed.sum",
    "sm__inst_executed_pipe_tensor.sum", "l1tex__data_pipe_lsu_wavefronts.avg.pct_of_peak_sustained_elapsed",
    "l1tex__t_sector_hit_rate.pct", "lts__t_bytes.sum", "dram__bytes.sum",
    "sm__warps_active.avg.pct_of_peak_sustained_active"]
SINGLE = {"SALTUS_SHARED_BYTES": "0"}  # the step of single layers, as on devices with less shared memory
SALTUS_MISSING = "there is no saltus program that trains on a GPU"


def plan(programs, work, options):
    """All steps. `work` is a folder for what they write and the record keeps, options.out that of the record."""
    if options.sanitizers:
        return sanitizers(programs, options)
    saltus = programs.get(SALTUS)
    trains = saltus is not None and trains_on_gpu(saltus)
    libraries = library_paths()
    tests, bench = programs.get(TESTS), programs.get(BENCH)

    def benchmark(name, parts, limit, part_of_limit, *more, environment=None, left_out=None):
        if bench is None:
            return Step(name, reason=missing(BENCH))
        command = [str(bench), "--parts", parts, "--json", str(work / f"{name}.json"), *more]
        return Step(name, command, limit, part_of_limit, environment=libraries | (environment or {}), left_out=left_out)

    def of_tests(name, limit, part_of_limit, which, *more):
        if tests is None:
            return Step(name, reason=missing(TESTS))
        return Step(name, [str(tests), FILTER + which, *more], limit, part_of_limit, tests=True)

    stride = options.stride or (COARSE if options.minutes else FINE)
    return [
        benchmark("roofs", "ceilings", 120, 30),
        of_tests("tests", 300, 120, options.filter or NO_WALK),
        of_tests("parity", 120, 20, "Parity*"),
        of_tests("walk", 1800 if stride == 1 else 300, 20, "ActivationWalk*", "--stride", str(stride)),
        *(articles(str(saltus), work, options) if trains else []),
        benchmark("launches", "step", 300, 40, left_out=lambda: untimed(work / "launches.json")),
        benchmark("launches-single", "step", 300, 25, "--kinds", "tf32", environment=SINGLE),
        *(counters(bench, work, kind) for kind in PRECISIONS),
        *(sweeps(str(saltus), work, options, libraries) if trains else [Step("sweeps", reason=SALTUS_MISSING)]),
        benchmark("kernels", "kernels", 600, 50),
        peers(programs.get(TRIALS) if trains else None, options),
    ]


def missing(program):
    return f"there is no {program} program that starts"


def library_paths():
    """The environment in which programs find cuDNN and cuBLASLt."""
    folders = os.pathsep.join([*machine.library_folders(), os.environ.get("LD_LIBRARY_PATH", "")]).strip(os.pathsep)
    return {"LD_LIBRARY_PATH": folders} if folders else {}


def data_arguments(options):
    carried = options.programs / DATA
    folder = options.data or (carried if carried.exists() else None)
    return ["--data", str(folder.resolve())] if folder else []


def sweep(name, saltus, work, options, limit, part_of_limit, *more, environment=None):
    command = [saltus, "sweep", "--device", "cuda", "--out", str(work / name), *data_arguments(options), *more]
    return Step(name, command, limit, part_of_limit, environment=environment or {}, sweep=work / name)


def articles(saltus, work, options):
    """The whole article, and two epochs by the step of single layers."""
    for precision in PRECISIONS:
        yield sweep(f"article-{precision}", saltus, work, options, 600, 45, "--precision", precision)
    for precision in PRECISIONS:
        yield sweep(f"single-{precision}", saltus, work, options, 120, 20, "--precision", precision, "--epochs", "2",
                    environment=SINGLE)


def sweeps(saltus, work, options, libraries):
    """How the time depends on how many train side by side; what a start costs; the article by libraries."""
    for precision in PRECISIONS:
        for count in SIDE_BY_SIDE:
            yield sweep(f"beside-{precision}-{count}", saltus, work, options, 120, 20, "--precision", precision,
                        "--concurrent", str(count), "--epochs", "2")
    yield sweep("start", saltus, work, options, 120, 20, "--activations", "relu", "--epochs", "1", "--train-limit", "128",
                "--test-limit", "128")
    yield sweep("libraries", saltus, work, options, 600, 45, "--gemm", "cublas", "--conv", "cudnn",
                environment=libraries)


def counters(bench, work, kind):
    """ncu's counters of a training step of six trials: of each of its kernels, and of no others."""
    ncu, name = machine.tool("ncu"), f"counters-{kind}"
    if ncu is None or bench is None:
        return Step(name, reason="ncu is not installed" if bench else missing(BENCH))
    launches = step_model.Steps(step_model.read_launches()).of(kind, 6)
    kernels = sorted({launch.name for launch in launches})
    table = work / f"{name}.csv"
    command = [ncu, "--clock-control", "none", "--metrics", ",".join(COUNTERS), "-k", f"regex:^({'|'.join(kernels)})$",
               "-c", str(len(launches)), "--csv", "--log-file", str(table), str(bench), "--parts", "step", "--only",
               "all of it", "--kinds", kind, "--trials", "6", "--rounds", "1", "--graph-seconds", "0"]
    return Step(name, command, 300, 40, left_out=lambda: uncounted(table, kernels))


def uncounted(table, kernels):
    """Kernels that ncu's table does not name."""
    told = table.read_text(errors="replace") if table.exists() else ""
    return [kernel for kernel in kernels if not re.search(rf"\b{kernel}\b", told)]


def untimed(path):
    """Computations of the step, as counted on the emulation, of which the benchmark has no time."""
    entries = json.loads(path.read_text())["entries"] if path.exists() else []
    timed = {(entry["kind"], entry["trials"], entry["name"].partition(" ")[2].partition(" ")[2]) for entry in entries
             if "median" in entry["contestants"][0]}
    steps = step_model.Steps(step_model.read_launches())
    return [f"{name} ({kind}, {trials})" for kind in PRECISIONS for trials in (1, 6)
            for name, _ in steps.computations(kind, trials) if (kind, trials, name) not in timed]


def peers(trials, options):
    """The same training by others, for as long as there is time; the driver writes pages of its own."""
    if trials is None:
        return Step("peers", reason="there is no saltus_bench program that trains on a GPU")
    command = [sys.executable, str(machine.ROOT / "apps/bench/run_gpu.py"), "--build", str(trials.parent), "--out",
               str(options.out.resolve() / "training.json"), "--sources", options.state["sources"][:12],
               *data_arguments(options)]

    def within(seconds):
        one_precision = ["--precisions", "tf32", "--rounds", "3"] if seconds < PEERS_SHORT else []
        return [*command, *one_precision, "--budget", str(max(1, int(seconds - PEERS_END)))]

    return Step("peers", within(PEERS_LIMIT), PEERS_LIMIT, PEERS_LIMIT, least=PEERS_LEAST, within=within)


def sanitizers(programs, options):
    """compute-sanitizer's tools over the tests: a run of their own, as each takes minutes."""
    sanitizer, tests = machine.tool("compute-sanitizer"), programs.get(TESTS)
    if sanitizer is None or tests is None:
        reason = missing(TESTS) if sanitizer else "compute-sanitizer is not installed"
        return [Step(name, reason=reason) for name in SANITIZERS]
    each = options.minutes * 60 / len(SANITIZERS) if options.minutes else 900
    return [Step(name, [sanitizer, "--tool", name, "--error-exitcode", "86", "--print-limit", "20", str(tests),
                        FILTER + (options.filter or NO_WALK)], 900, each, tests=True) for name in SANITIZERS]
