"""The record of a CPU benchmark as JSON and as a page of Markdown."""

import platform
import re
from pathlib import Path

import report
from report import TIE, ratio

TITLES = {"saltus": "Saltus", "keras": "Keras on TensorFlow", "torch": "PyTorch"}
INSTRUCTION_SETS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve")


def machine(cores):
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    family = re.search(r"^cpu family\s*: (\d+)$", info, re.MULTILINE)
    flags = set(re.search(r"^(?:flags|Features)\s*: (.*)$", info, re.MULTILINE)[1].split())
    return {
        "cpu": model[1].strip() if model else platform.machine(),
        "family": int(family[1]) if family else None,
        "instruction_sets": [name for name in INSTRUCTION_SETS if name in flags],
        "cpus_used": cores,
        "system": platform.platform(),
    }


def milliseconds(engine):
    """(median, least, greatest) over the rounds."""
    return report.spread([1e3 * turn["seconds_per_step"] for turn in engine["rounds"]])


def losses_shown(engine):
    """The first run, which warmed it, and the last round."""
    return engine["warm"], engine["rounds"][-1]


def steps_shown(record):
    """Which steps these were, of all engines of all pairs: numbered from 1."""
    shown = {
        tuple(f"{turn['first_step'] + 1} to {turn['first_step'] + turn['steps']}" for turn in turns)
        for pair in record["pairs"]
        for turns in map(losses_shown, pair["engines"].values())
    }
    (steps,) = shown
    return steps


def rows(record):
    for pair in record["pairs"]:
        engines = pair["engines"]
        ours = milliseconds(engines["saltus"])[0] if "saltus" in engines else None
        primitives = milliseconds(engines["primitives"])[0] if "primitives" in engines else None
        for key, title in TITLES.items():
            if key not in engines:
                continue
            middle, least, greatest = milliseconds(engines[key])
            yield [
                pair["precision"],
                pair["activation"],
                title,
                f"{middle:.1f}",
                f"{least:.1f} to {greatest:.1f}",
                ratio(ours, middle) if ours and key != "saltus" else "",
                f"{primitives:.1f}" if primitives and key == "saltus" else "",
                engines[key]["description"].get("variant", ""),
                *(f"{turn['loss']:.4f}" for turn in losses_shown(engines[key])),
            ]


def lost(record):
    """The pairs in which a peer is faster than Saltus by more than a tie."""
    for pair in record["pairs"]:
        engines = pair["engines"]
        for key in set(engines) - {"saltus", "primitives"} if "saltus" in engines else ():
            value = milliseconds(engines[key])[0] / milliseconds(engines["saltus"])[0]
            if value < 1 - TIE:
                yield f"{pair['precision']} {pair['activation']}: {TITLES[key]} ({value:.2f}x)"


def verdict(record):
    """What the table says about losing, and what is not in it."""
    missing = {key: reason for pair in record["pairs"] for key, reason in pair["missing"].items()}
    lines = [f"Left out: {TITLES.get(key, key)}, {reason}." for key, reason in missing.items()]
    if any("saltus" in pair["engines"] for pair in record["pairs"]):
        lines.append(
            f"Where a peer is faster: {'; '.join(lost(record)) or 'in none of these rows'}."
        )
    return lines


def markdown(record):
    host, protocol = record["machine"], record["protocol"]
    descriptions = [e["description"] for p in record["pairs"] for e in p["engines"].values()]
    versions = sorted({d["version"] for d in descriptions if "version" in d})
    first, last = steps_shown(record)
    header = "precision,activation,engine,ms per step,range,takes,oneDNN primitives,variant"
    header += f",loss in steps {first},loss in steps {last}"
    return "\n".join(
        [
            f"# One training step on the CPU: {host['cpu']}",
            "",
            "The tutorial's network, 128 images of 28x28, everything included: gathering data,",
            "forward, loss (binary cross-entropy on softmax), backward, clipping by value, Adam,",
            f"metrics. Medians over {protocol['rounds']} rounds of {protocol['steps']} steps, the",
            "engines taking turns. *Takes*: the time of the peer over ours. Each peer is shown in",
            "the fastest of its variants; the times of all of them are in the JSON beside this",
            "page. *Loss*: the mean over these steps, the first ones and those of the last round.",
            "All engines began from equal weights and took the same number of steps over the same",
            "batches in the same order; what else their losses differ by is what dropout drew.",
            "",
            f"{record['date'][:10]}, commit {record['commit']}, {protocol['threads']} threads,",
            f"CPU family {host['family']} ({', '.join(host['instruction_sets'])}),",
            f"data: {protocol['data']}. {'; '.join(versions)}.",
            "",
            *report.table(header.split(","), rows(record)),
            "",
            *verdict(record),
            "",
        ]
    )


def write(record, folder):
    """Writes cpu-MODEL.json and cpu-MODEL.md; returns the page."""
    model = re.sub(r"\(\w+\)", "", record["machine"]["cpu"])
    return report.write(record, markdown(record), folder / f"cpu-{report.slug(model)}.json")
