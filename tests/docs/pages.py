#!/usr/bin/env python3
"""pages.py

docs/README.md names every page, links of all pages lead somewhere, lines have at most 120 columns, except for tables,
commands and addresses, and a file that a page shows whole (```cuda FILE) is as it shows it."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)#\s]+)")
SHOWN = re.compile(r"^```cuda (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
COLUMNS = 120


def prose(text):
    """The lines that could be broken, with their numbers."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        fenced ^= line.startswith("```")
        if not fenced and not line.startswith(("|", "    ", "```", "!")):
            yield number, line


def faults():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "kernels/README.md", *sorted(DOCS.glob("*.md"))]
    for page in pages:
        name = page.relative_to(ROOT)
        text = page.read_text(encoding="utf-8")
        for number, line in prose(text):
            if len(line) > COLUMNS and "](" not in line:
                yield f"{name}:{number}: {len(line)} columns"
        for target in LINK.findall(FENCED.sub("", text)):
            if not target.startswith(("http:", "https:")) and not (page.parent / target).exists():
                yield f"{name}: {target} is not there"
        for file, shown in SHOWN.findall(text):
            if (page.parent / file).read_text(encoding="utf-8") != shown:
                yield f"{name} shows another {file} than there is"
    index = DOCS / "README.md"
    named = {(DOCS / target).resolve() for target in LINK.findall(index.read_text(encoding="utf-8"))}
    # A folder of records is named by its own index.
    for page in sorted([*DOCS.glob("*.md"), *(DOCS / "benchmarks").glob("*.md"), DOCS / "benchmarks/gpu/README.md"]):
        if page != index and page not in named:
            yield f"docs/README.md does not name {page.relative_to(DOCS)}"


def main():
    found = list(faults())
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
