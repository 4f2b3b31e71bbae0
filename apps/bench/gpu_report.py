"""The page of a GPU benchmark."""

import sys
from statistics import median

import report
from engines import PEERS
from report import TIE, ratio

sys.path.insert(0, str(PEERS))
import recipe

BAND = 0.005  # accuracies farther than this from the engines' median make a time void,
START_BAND = 0.005  # and so do losses at equal weights, relative to theirs
# Dense products at the rates of the data sheets, TFLOP/s.
HOPPER_SXM = {"fp32": 66.9, "tf32": 494.7, "bf16": 989.4}
RATES = {"NVIDIA H100 80GB HBM3": HOPPER_SXM, "NVIDIA H200": HOPPER_SXM}
TITLES = {"saltus": "Saltus", "torch": "PyTorch", "jax": "JAX", "keras": "Keras"}


def outside(figures, band):
    """Keys of those figures, lists of numbers, of which one is farther than `band` from the median.

    What is no number is outside of every band. An engine has one voice, however many rows.
    """
    if not figures:
        return set()
    voices = {key.split("/")[0]: row for key, row in figures.items()}
    centres = [median(column) for column in zip(*voices.values())]
    return {
        key
        for key, row in figures.items()
        if not all(abs(x - centre) <= band for x, centre in zip(row, centres))
    }


def accuracies(part):
    """{key: accuracies of the last round, one for each trial}"""
    found = {}
    for key, entry in part.items():
        row = entry.get("accuracy") or (entry["rounds"][-1]["accuracy"] if entry["rounds"] else [])
        if row and entry["rounds"]:
            found[key] = [float("nan") if x is None else x for x in row]
    return found


def void(found, part):
    """Keys of a part whose times do not count."""
    losses = {
        key: [about["start_loss"]]
        for key, about in found["contestants"].items()
        if about.get("start_loss") is not None
    }
    middle = median(loss for (loss,) in losses.values()) if losses else 0
    other = outside(losses, START_BAND * middle)
    started_apart = {key for key in found[part] if key.split(", one by one")[0] in other}
    return outside(accuracies(found[part]), BAND) | started_apart


def label(key):
    engine, _, variant = key.partition("/")
    if engine == "saltus":
        variant = variant.removeprefix("saltus").removeprefix(", ")
    return TITLES[engine], variant


def number(value):
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def seconds(entry):
    return report.spread([turn["seconds"] for turn in entry["rounds"]])


def rows(found, part, scale=1.0):
    """[engine, variant, median, range, takes, accuracy] of those that were measured, best first."""
    measured = {key: entry for key, entry in found.get(part, {}).items() if entry["rounds"]}
    ours = [seconds(e)[0] for key, e in measured.items() if key.startswith("saltus/")]
    bad = void(found, part) if measured else set()
    told = accuracies(measured)
    for key, entry in sorted(measured.items(), key=lambda item: seconds(item[1])[0]):
        middle, least, most = (scale * value for value in seconds(entry))
        takes = ratio(scale * min(ours), middle) if ours and not key.startswith("saltus/") else ""
        accuracy = [f"{100 * value:.2f}" for value in told.get(key, [])]
        yield key, [
            *label(key),
            number(middle),
            f"{number(least)} to {number(most)}",
            "void" if key in bad else takes,
            " ".join(accuracy),
            str(len(entry["rounds"])),
        ]


def epoch_table(record, found):
    protocol = record["protocol"]
    turn, images = protocol["epochs_a_turn"], protocol["images"]
    steps = -(-images // recipe.BATCH)
    rate = RATES.get(record["gpu"]["name"], {}).get(found["precision"])
    for key, (engine, variant, middle, span, *rest) in rows(found, "epoch", 1e3 / turn):
        second = seconds(found["epoch"][key])[0] / turn
        flops = images * recipe.TRAINING_FLOP / second / 1e12
        cold = found["contestants"][key]["cold_seconds"]
        floor = f"{rate / flops:.1f}x" if rate else ""
        step = f"{1e6 * second / steps:.1f}"
        yield [
            engine,
            variant,
            middle,
            span,
            *rest[:-1],
            step,
            f"{flops:.3g}",
            floor,
            f"{cold:.1f}",
            rest[-1],
        ]


def long_table(found, part):
    for key, row in rows(found, part):
        yield [*row[:-1], f"{found[part][key]['first_seconds']:.1f}", row[-1]]


def throughput_table(record, found):
    part = found.get("throughput", {})
    measured = {int(n): seconds(entry) for n, entry in part.items() if entry["rounds"]}
    work = record["protocol"]["epochs_a_turn"] * record["protocol"]["images"]
    for n, (middle, least, most) in measured.items():
        one = f"{n * measured[1][0] / middle:.2f}x" if 1 in measured else ""
        yield [
            str(n),
            number(middle),
            f"{number(least)} to {number(most)}",
            f"{n * work / middle:.0f}",
            one,
        ]


def left_out(found):
    for key, about in found["contestants"].items():
        if about["note"]:
            yield f"- {' '.join(label(key)).strip()}: {about['note']}"
    for part, title in (
        ("epoch", "epochs"),
        ("trial", "a trial"),
        ("sweep", "the sweep"),
        ("throughput", "throughput"),
    ):
        for key, entry in found.get(part, {}).items():
            if entry["note"]:
                who = f"{key} trials" if part == "throughput" else " ".join(label(key)).strip()
                yield f"- {title}, {who}: {entry['note']}"


def lost(found):
    """Where a peer whose time counts is faster than Saltus by more than a tie."""
    for part in ("epoch", "trial", "sweep"):
        measured = {key: e for key, e in found.get(part, {}).items() if e["rounds"]}
        ours = [seconds(e)[0] for key, e in measured.items() if key.startswith("saltus/")]
        bad = void(found, part) if measured else set()
        for key in measured if ours else ():
            value = seconds(measured[key])[0] / min(ours)
            if value < 1 - TIE and key not in bad and not key.startswith("saltus/"):
                yield f"{part}, {' '.join(label(key))} ({value:.2f}x)"


def section(record, found):
    protocol = record["protocol"]
    sweep = f"{len(recipe.ACTIVATIONS)} trials: {', '.join(recipe.ACTIVATIONS)}"
    common = ["takes", "test accuracy, %"]
    parts = [
        (
            "An epoch",
            [
                "engine",
                "variant",
                "ms",
                "range",
                *common,
                "us a step",
                "TFLOP/s",
                "of the floor",
                "cold start, s",
                "rounds",
            ],
            epoch_table(record, found),
        ),
        (
            f"A trial of {protocol['epochs']} epochs, each evaluated",
            ["engine", "variant", "s", "range", *common, "first run, s", "rounds"],
            long_table(found, "trial"),
        ),
        (
            f"The sweep: {sweep}",
            ["engine", "variant", "s", "range", *common, "first run, s", "rounds"],
            long_table(found, "sweep"),
        ),
        (
            f"Trials side by side, {protocol['epochs_a_turn']} epochs",
            ["trials", "s", "range", "images/s", "of one alone"],
            throughput_table(record, found),
        ),
    ]
    lines = [f"## {found['precision']}", ""]
    for title, header, body in parts:
        if body := list(body):
            lines += [f"### {title}", "", *report.table(header, body), ""]
    losses = "; ".join(lost(found)) or "in none of these tables"
    lines += [f"Where a peer is faster: {losses}.", ""]
    missing = list(left_out(found))
    return lines + (["Left out:", "", *missing, ""] if missing else [])


def markdown(record):
    device, protocol = record["gpu"], record["protocol"]
    abouts = [a for found in record["precisions"] for a in found["contestants"].values()]
    versions = sorted({about["version"] for about in abouts if "version" in about})
    told = [f"{name} {device[name]}" for name in device if name != "name"]
    lines = [
        f"# Training on a GPU: {device['name']}",
        "",
        "The tutorial's network and training, everything included: images on the device, shuffled",
        "every epoch, batches of 128 and a last one of what remains, binary cross-entropy on softmax,",
        "clipping by value, Adam. Engines take turns, each round beginning with another one: medians",
        f"of at most {protocol['rounds']} rounds, with the least and the most. *Takes*: the peer's time",
        "over ours, in the sweep over our faster way. Engines are compared within a precision; bf16",
        "is of the inputs of matrix products, weights are fp32.",
        "",
        f"An epoch is the mean of {protocol['epochs_a_turn']} in a row, without evaluation.",
        "*Cold start*: from the start of the process, with empty caches, to the end of its first",
        "epoch. *First run*: by the wall clock, with all that had to be compiled. The variant of each",
        "engine that is fastest over epochs runs trials and sweeps. In those, Saltus builds its models",
        "anew each time and sends the images to the device; the peers keep what they have compiled,",
        "and the images.",
        "",
        f"A time is *void* where a test accuracy is farther than {100 * BAND:.1f} points from the",
        f"median of the engines, or the loss at equal weights farther than {100 * START_BAND:.1f} %",
        "from theirs. *Of the floor*: the time over what the products alone,",
        f"{recipe.TRAINING_FLOP / 1e6:.2f} MFLOP an image, take at the rate of the data sheet, for a",
        "device whose rate is known here. The GPU's idle share is not measured: that takes a profiler.",
        "",
        f"{record['date'][:10]}, {record['commit']}. {', '.join([device['name'], *told])}.",
        f"{protocol['images']} images, {protocol['data']}. {'; '.join(versions)}.",
        "",
    ]
    for found in record["precisions"]:
        lines += section(record, found)
    return "\n".join(lines)
