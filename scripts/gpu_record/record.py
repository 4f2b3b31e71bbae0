"""The record of a run: all figures as JSON, a page to read, and what the steps printed."""
import json
import os
import re
import tarfile

from . import step_model, sweeps

LEFT_OUT = "left out"
STEP = "step: "  # begins the names of a training step's launches
SINGLE = "single layers: "  # likewise, where nothing is fused
ROOF = "roof: "
WHOLE = "all of it"  # ends the name of all launches together


def name_of(record):
    """DEVICE-DATE-HASH of the sources"""
    device = re.sub(r"[^a-z0-9]+", "-", record["device"]["name"].lower()).strip("-")
    return f"{device}-{record['date']}-{record['sources'][:10]}" + ("-sanitizers" if record["sanitizers"] else "")


def table(heading, rows):
    lines = ["| " + " | ".join(heading) + " |", "|" + " --- |" * len(heading)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def spread(seconds):
    return f"{min(seconds) * 1e6:.1f} to {max(seconds) * 1e6:.1f}"


def ceilings(entries):
    """What the device reached at most: copied bytes a second and operations a second by kind of numbers."""
    best = {}
    for entry in entries:
        if not entry["name"].startswith(("copy ", "product ")):
            continue
        kind = entry["kind"] or "copy"
        for one in entry["contestants"]:
            if "median" in one:
                best[kind] = max(best.get(kind, 0), (entry["flop"] or entry["bytes"]) / one["median"])
    return best


def of_ceiling(entry, median, best):
    """The time that the ceilings allow over the time taken, in percent; "" where none was measured."""
    floors = [entry["bytes"] / best["copy"]] if "copy" in best else []
    if entry["flop"] and entry["kind"] in best:
        floors.append(entry["flop"] / best[entry["kind"]])
    return f"{max(floors) / median * 100:.0f} %" if floors else ""


def rate_of(entry, median):
    if entry["flop"]:
        return f"{entry['flop'] / median / 1e12:.2f} TFLOP/s"
    return f"{entry['bytes'] / median / 1e9:.0f} GB/s" if entry["bytes"] else ""


def bench_rows(entries):
    best = ceilings(entries)
    for entry in entries:
        if entry["name"].startswith((STEP, SINGLE, ROOF)):
            continue
        ours = next((one["median"] for one in entry["contestants"]
                     if one["name"] == "Saltus" and "median" in one), None)
        for one in entry["contestants"]:
            head = [entry["name"], entry["kind"], entry["trials"], one["name"]]
            if "median" not in one:
                yield [*head, LEFT_OUT, "", "", "", "", one["note"]]
                continue
            median = one["median"]
            takes = f"{median / ours:.2f}x" if ours and one["name"] != "Saltus" else ""
            yield [*head, f"{median * 1e6:.1f}", spread(one["seconds"]), rate_of(entry, median),
                   of_ceiling(entry, median, best), takes, one["note"]]


def roof_rows(entries):
    for entry in entries:
        for one in entry["contestants"]:
            if entry["name"].startswith(ROOF) and "median" in one:
                yield [entry["name"].removeprefix(ROOF), entry["kind"], f"{one['median'] * 1e6:.2f}",
                       spread(one["seconds"]), rate_of(entry, one["median"]), one["note"]]


def step_rows(entries, predicted=()):
    """[computation, us, predicted us, measured of predicted] of one training step's launches, their sum, and all of them in
    one graph, where they are there. `predicted` has (name, seconds) in the step's order."""
    measured = [(entry["name"].partition(": ")[2].partition(" "), entry["contestants"][0].get("median"))
                for entry in entries]
    rows, known = [], dict(enumerate(predicted, 1))
    for (number, _, name), median in measured:
        if median and name != WHOLE:
            same, seconds = known.get(int(number), ("", None))
            rows.append((name, median, seconds if same == name else None))
    complete = rows and all(seconds is not None for _, _, seconds in rows)
    whole = sum(seconds for _, _, seconds in rows) if complete else None
    if rows:
        rows.append(("**all of these**", sum(median for _, median, _ in rows), whole))
    rows += [("**the step, in one graph**", median, whole) for (_, _, name), median in measured if median and name == WHOLE]
    return [[name, f"{median * 1e6:.1f}", *([f"{seconds * 1e6:.1f}", f"{median / seconds:.2f}"] if seconds else ["", ""])]
            for name, median, seconds in rows]


def predictions(device_name, kind, trials, architecture):
    """[(computation, seconds)] of the model of docs/benchmarks/gpu-step.md."""
    device = next((one for name, one in step_model.DEVICES.items() if name in device_name), None)
    steps = step_model.Steps(step_model.read_launches())
    if device is None:
        return []
    return [(name, sum(launch.seconds(device) for launch in launches))
            for name, launches in steps.computations(kind, trials, architecture)]


def training_steps(entries, device_name=""):
    """A section for each precision and number of trials."""
    for prefix, title, architecture in ((STEP, "A training step", 90), (SINGLE, "A training step of single layers", 86)):
        steps = [entry for entry in entries if entry["name"].startswith(prefix)]
        for kind, trials in dict.fromkeys((entry["kind"], entry["trials"]) for entry in steps):
            rows = step_rows([entry for entry in steps if (entry["kind"], entry["trials"]) == (kind, trials)],
                             predictions(device_name, kind, trials, architecture))
            yield from ["", f"## {title}, launch by launch: {kind}, {trials} trial{'s' if trials > 1 else ''}", "",
                        "Of the tutorial's network, by the backend that trains. Each computation is repeated by itself in a "
                        "graph, so that it finds in the second-level cache what fits there. What was predicted stands in "
                        "docs/benchmarks/gpu-step.md.", "",
                        table(["computation", "us", "predicted, us", "measured of predicted"], rows)]


def times(bench, device_name):
    """The sections of what saltus_gpu_bench measured."""
    entries = bench["entries"]
    if roofs := list(roof_rows(entries)):
        yield from ["", "## Roofs", "",
                    "What instructions and memories reach by themselves, in kernels that do nothing else "
                    "(apps/bench/gpu/roofs.cu); their results were right. Operations are counted as flop.", "",
                    table(["of", "numbers", "us", "range", "rate", "note"], roofs)]
    yield from training_steps(entries, device_name)
    if rows := list(bench_rows(entries)):
        yield from [
            "", "## Times", "",
            f"Batches of {bench['rows']} images, medians of {bench['rounds']} rounds in which the contestants take turns. "
            "Each computation is repeated in a CUDA graph, over sets of random data that together exceed the "
            "second-level cache twice, and events before and behind the graph take the time; with several trials, a "
            "library is called once for each. *Of the ceiling*: what the fastest copy or the product measured here allows, "
            "over the time taken. *Takes*: the library's time over ours.", "",
            table(["computation", "numbers", "trials", "by", "us", "range", "rate", "of the ceiling", "takes", "note"], rows),
        ]


def page(record):
    """The page in Markdown."""
    device, steps = record["device"], record["steps"]
    failed = [step["name"] for step in steps if step["outcome"] == "failed"]
    verdict = f"Failed: {', '.join(failed)}." if failed else "Nothing failed."
    bench = record.get("benchmark")
    cuda = f"CUDA {bench['device']['cuda_of_program']} " if bench else ""
    changed = " with changes that were not committed" if record["changed"] else ""
    there = f" The sources beside it, {record['sources_here'][:12]}, are others." if (
        record["sources_here"] != record["sources"]) else ""
    lines = [
        f"# On a GPU: {device['name']}", "",
        f"{record['date']}; the sources have the hash {record['sources'][:12]} (`scripts/gpu_verify --sources` says that of "
        f"others): commit {record['commit'][:12]}{changed}; {cuda}driver {device['driver_version']}, "
        f"{device['memory.total']} of memory, at most {device['clocks.max.sm']} and {device['power.limit']}. "
        f"Programs: {record['programs']}.{there} {verdict}", "",
        "All figures are in the JSON beside this page; `scripts/gpu_verify` wrote both.", "",
        "## Steps", "",
        table(["step", "outcome", "seconds", "what it says"],
              [[s["name"], s["outcome"], s["seconds"], s["summary"]] for s in steps]),
    ]
    if record["sweeps"]:
        lines += ["", "## Sweeps", "",
                  "*S in all*: of the program, from its start to its end. *A first epoch* and *a later one*: from the fastest "
                  "trial's to the slowest's, each with its evaluation. All epochs are in the JSON.", "",
                  table(sweeps.HEADING, sweeps.rows(record["sweeps"], steps))]
    if bench:
        lines += times(bench, device["name"])
    return "\n".join(lines) + "\n"


def replace(path, content):
    """Writes a file that is never there by half."""
    part = path.with_name(path.name + ".part")
    part.write_text(content)
    os.replace(part, path)


def write(record, folder, logs=None):
    """The page and the JSON, and what the steps printed as an archive. Returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / name_of(record)
    for suffix, text in ((".json", json.dumps(record, indent=1) + "\n"), (".md", page(record))):
        replace(base.with_name(base.name + suffix), text)
    if logs is not None:
        target = base.with_name(base.name + ".logs.tar.gz")
        part = target.with_name(target.name + ".part")
        with tarfile.open(part, "w:gz") as file:
            file.add(logs, "logs")
        os.replace(part, target)
    return base.with_name(base.name + ".md")
