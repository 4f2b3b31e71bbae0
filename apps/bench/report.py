"""What the records of the benchmarks have in common."""

import json
import re
import subprocess
from statistics import median

TIE = 0.02  # medians closer than this are called equal


def commit(root):
    """The commit of the tree, marked when the tree differs from it."""
    command = ["git", "-C", root, "describe", "--always", "--dirty", "--abbrev=12"]
    described = subprocess.run(command, capture_output=True, text=True, check=False)
    return described.stdout.strip() or "unknown"


def spread(times):
    """(median, least, greatest)"""
    return median(times), min(times), max(times)


def ratio(ours, theirs):
    """How many times longer the peer takes."""
    value = theirs / ours
    return f"{value:.2f}x, a tie" if abs(value - 1) < TIE else f"{value:.2f}x"


def table(header, rows):
    """Lines of Markdown."""
    rows = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(row)} |" for row in rows]


def slug(name):
    return re.sub(r"\W+", "-", name).strip("-").lower()


def write(record, page, path):
    """Writes the record, and its page beside it; returns the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for target, text in ((path, json.dumps(record, indent=1) + "\n"), (path.with_suffix(".md"), page)):
        part = target.with_name(target.name + ".part")
        part.write_text(text)
        part.replace(target)  # never there by half
    return page
