"""The record of a run: all figures as JSON, and a page to read."""
import json
import re

LEFT_OUT = "left out"


def name_of(record):
    """DEVICE-DATE-COMMIT"""
    device = re.sub(r"[^a-z0-9]+", "-", record["device"]["name"].lower()).strip("-")
    return f"{device}-{record['date']}-{record['commit'][:7]}"


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
        for one in entry["contestants"]:
            if "median" in one:
                work = entry["flop"] or entry["bytes"]
                best[entry["kind"] or "copy"] = work / one["median"]
    return best


def of_ceiling(entry, median, best):
    """The time that the ceilings allow over the time taken, in percent; "" where none was measured."""
    floors = [entry["bytes"] / best["copy"]] if "copy" in best else []
    if entry["flop"] and entry["kind"] in best:
        floors.append(entry["flop"] / best[entry["kind"]])
    return f"{max(floors) / median * 100:.0f} %" if floors else ""


def bench_rows(entries):
    best = ceilings(entries)
    for entry in entries:
        ours = next((one["median"] for one in entry["contestants"]
                     if one["name"] == "Saltus" and "median" in one), None)
        for one in entry["contestants"]:
            head = [entry["name"], entry["kind"], entry["trials"], one["name"]]
            if "median" not in one:
                yield [*head, LEFT_OUT, "", "", "", "", one["note"]]
                continue
            median = one["median"]
            takes = f"{median / ours:.2f}x" if ours and one["name"] != "Saltus" else ""
            rate = f"{entry['flop'] / median / 1e12:.2f} TFLOP/s" if entry["flop"] else f"{entry['bytes'] / median / 1e9:.0f} GB/s"
            yield [*head, f"{median * 1e6:.1f}", spread(one["seconds"]), rate, of_ceiling(entry, median, best), takes,
                   one["note"]]


def page(record):
    """The page in Markdown."""
    device, steps = record["device"], record["steps"]
    failed = [step["name"] for step in steps if step["outcome"] == "failed"]
    verdict = f"Failed: {', '.join(failed)}." if failed else "Nothing failed."
    bench = record.get("benchmark")
    cuda = f"CUDA {bench['device']['cuda_of_program']} " if bench else ""
    changed = ", with changes that were not committed" if record["changed"] else ""
    lines = [
        f"# On a GPU: {device['name']}", "",
        f"{record['date']}, commit {record['commit'][:12]}{changed}; {cuda}driver {device['driver_version']}, "
        f"{device['memory.total']} of memory, at most {device['clocks.max.sm']} and {device['power.limit']}. "
        f"Programs: {record['programs']}. {verdict}", "",
        "All figures are in the JSON beside this page; `scripts/gpu_verify` wrote both.", "",
        "## Steps", "",
        table(["step", "outcome", "seconds", "what it says"],
              [[s["name"], s["outcome"], s["seconds"], s["summary"]] for s in steps]),
    ]
    if bench:
        lines += [
            "", "## Times", "",
            f"Batches of {bench['rows']} images, medians of {bench['rounds']} rounds in which the contestants take turns. "
            "Each computation is repeated in a CUDA graph, over sets of random data that together exceed the "
            "second-level cache twice, and events before and behind the graph take the time; with several trials, a "
            "library is called once for each. *Of the ceiling*: what the copy or the product measured above allows, over "
            "the time taken. *Takes*: the library's time over ours. What was predicted stands in "
            "[gpu-prediction.md](../gpu-prediction.md).", "",
            table(["computation", "numbers", "trials", "by", "us", "range", "rate", "of the ceiling", "takes", "note"],
                  bench_rows(bench["entries"])),
        ]
    return "\n".join(lines) + "\n"


def write(record, folder):
    """Both files. Returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / name_of(record)
    for suffix, text in ((".json", json.dumps(record, indent=1) + "\n"), (".md", page(record))):
        base.parent.joinpath(base.name + suffix).write_text(text)
    return base.parent / (base.name + ".md")
