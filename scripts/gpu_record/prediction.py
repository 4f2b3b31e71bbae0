"""A training step's launches as they were measured, beside what was predicted."""
import json

from .machine import ROOT

PREDICTED = ROOT / "docs" / "benchmarks" / "gpu-prediction.json"
WHOLE = "all of it"


def predicted_jobs(device, kind, trials):
    """[{step, name, seconds}] of a step on this device; none where nothing was predicted for it."""
    try:
        cases = json.loads(PREDICTED.read_text())["cases"]
    except (OSError, ValueError):
        return []
    return next((case["jobs"] for case in cases if case["device"] in device and
                 (case["precision"], case["trials"]) == (kind, trials)), [])


def step_of(entry):
    """"step 03: max_pool" of "step: 03 max_pool" """
    return entry["name"].split(" ", 2)[2]


def median_of(entry):
    return entry["contestants"][0].get("median")


def rows(entries, jobs):
    """[computation, us measured, predicted, times] of one case, the whole step last. Predictions are taken where they
    are of the same steps in the same order."""
    single = [entry for entry in entries if not entry["name"].endswith(WHOLE) and median_of(entry)]
    if [step_of(entry) for entry in single] != [job["step"] for job in jobs]:
        jobs = []
    names = [job["name"] for job in jobs] or [step_of(entry) for entry in single]
    seconds = [job["seconds"] for job in jobs] or [None] * len(single)

    def row(name, measured, expected):
        told = ["", ""] if expected is None else [f"{expected * 1e6:.1f}", f"{measured / expected:.1f}"]
        return [name, f"{measured * 1e6:.1f}", *told]

    for entry, name, expected in zip(single, names, seconds):
        yield row(name, median_of(entry), expected)
    expected = sum(seconds) if jobs else None
    if single:
        yield row("**all of these**", sum(map(median_of, single)), expected)
    for entry in entries:
        if entry["name"].endswith(WHOLE) and median_of(entry):
            yield row("**the step, in one graph**", median_of(entry), expected)


def section(bench, entries):
    """Lines of the page."""
    from .record import table

    cases = dict.fromkeys((entry["kind"], entry["trials"]) for entry in entries)
    for kind, trials in cases:
        chosen = [entry for entry in entries if (entry["kind"], entry["trials"]) == (kind, trials)]
        jobs = predicted_jobs(bench["device"]["name"], kind, trials)
        yield from ["", f"## A training step, launch by launch: {kind}, {trials} trial{'s' if trials > 1 else ''}", "",
                    "Of the tutorial's network, by the backend that trains. Each computation is repeated by itself in a "
                    "graph, so that it finds in the second-level cache what fits there. *Predicted*: by "
                    "[the model](../gpu-prediction.md), of the sources as they were when that page was written.", "",
                    table(["computation", "us", "predicted", "times"], rows(chosen, jobs))]
