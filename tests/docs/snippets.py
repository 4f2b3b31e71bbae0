#!/usr/bin/env python3
"""snippets.py [--list] [COMPILER ARGUMENT ...]

Compiles every block of C++ in README.md, CONTRIBUTING.md and docs/, without making code of it. A block is a
program of its own where it has a main(), else what stands in a function. What its first line, ```cpp WORD,
adds: `kernels`, declarations beside those of the list of activations; `data`, a data set called data is there
already; `model`, a compiled model is, too."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```cpp ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PREAMBLE = """#include <iostream>
#include <saltus/saltus.h>
using namespace saltus;
using namespace saltus::layers;
"""
GIVEN = {"": "", "data": "const ImageDataset& data", "model": "const ImageDataset& data, Model& model"}


def blocks():
    """Each block: its place, the word behind its fence, and its text."""
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 2
            yield f"{page.relative_to(ROOT)}:{line}", match[1], match[2]


def program(place, word, text):
    """What the compiler gets."""
    file, line = place.split(":")
    located = f'#line {line} "{file}"\n{text}'
    if "int main(" in text:
        return located
    if word == "kernels":
        return f"#include <saltus/kernels/activations.h>\nnamespace saltus::kernels::snippet {{\n{located}}}\n"
    includes = "".join(re.findall(r"^#include .*\n", text, re.MULTILINE))
    body = re.sub(r"^(#include .*|using namespace .*;)\n", "\n", located, flags=re.MULTILINE)
    return f"{includes}{PREAMBLE}void snippet({GIVEN[word]}) {{\n{body}}}\n"


def main():
    found = list(blocks())
    if sys.argv[1:] == ["--list"]:
        print(*(place for place, _, _ in found), sep="\n")
        return 0
    failed = 0
    for place, word, text in found:
        command = [*sys.argv[1:], "-std=c++20", "-fsyntax-only", "-x", "c++", "-"]
        result = subprocess.run(command, input=program(place, word, text), text=True)
        failed += result.returncode != 0
    print(f"{len(found)} blocks of C++ in the documents, {failed} of them not compiled")
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
