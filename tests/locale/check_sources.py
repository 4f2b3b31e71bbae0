#!/usr/bin/env python3
"""Finds what depends on the C locale or on C++'s global one in the sources of the library and the program.

    check_sources.py SOURCE_DIR

A program that calls setlocale(LC_ALL, "") is free to link the library, and what is written must be read
everywhere: numbers are read by std::from_chars and written by fmt, letters are compared as ASCII (core/text.h).
The script first tries itself on planted.txt, where every line marked "// caught" must be found and no other.
"""

import pathlib
import re
import sys

HEADERS = "cctype ctype.h clocale locale.h locale cwctype wctype.h cwchar wchar.h iomanip regex sstream fstream " \
          "boost/lexical_cast.hpp fmt/printf.h fmt/ostream.h"
WORDS = "setlocale localeconv newlocale uselocale nl_langinfo " \
        "strtod strtof strtold strtol strtoll strtoul strtoull atof atoi atol atoll " \
        "stod stof stold stoi stol stoll stoul stoull lexical_cast " \
        "tolower toupper isalnum isalpha isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper " \
        "isxdigit strcasecmp strncasecmp strcoll strxfrm mbstowcs mbrtowc mbtowc wcstombs wcwidth wcswidth " \
        "printf fprintf sprintf snprintf dprintf vprintf vfprintf vsprintf vsnprintf scanf sscanf fscanf " \
        "strftime put_time get_time put_money imbue strerror strerror_r generic_category system_category " \
        "stringstream istringstream ostringstream ifstream ofstream fstream"
PATTERNS = [
    re.compile(r"#\s*include\s*[<\"](%s)[>\"]" % "|".join(map(re.escape, HEADERS.split()))),
    re.compile(r"\b(%s)\b" % "|".join(WORDS.split())),
    re.compile(r"\b(std\s*::\s*locale)\b"),
    # Of a float it is sprintf; fmt::to_string does the same for all.
    re.compile(r"\b(std\s*::\s*to_string)\b"),
    # nlohmann's parser calls strtod: core/json.h has parse_json().
    re.compile(r"[jJ]son\s*::\s*(parse|sax_parse|accept)\b"),
]
LOCALE_OF_FMT = re.compile(r"\{\w*:(?:[^{}]|\{\w*\})*L[a-zA-Z]?\}")

# File, what it may use, and why.
ALLOWED = {
    ("engine/src/core/text.h", "clocale"): "the guard for libraries that ask the locale",
    ("engine/src/core/text.cpp", "newlocale"): "the same",
    ("engine/src/core/text.cpp", "uselocale"): "the same",
    ("engine/src/core/json.cpp", "parse"): "under the guard",
    ("apps/saltus/terminal.cpp", "locale.h"): "asks which characters the terminal shows",
    ("apps/saltus/terminal.cpp", "newlocale"): "the same",
    ("apps/saltus/output_folder.cpp", "generic_category"): "the program never sets a locale",
}
# Kernels have no fmt, and write no numbers but sizes.
ALLOWED_IN_KERNELS = {"std::to_string"}
ROOMS = ["engine", "kernels", "apps/saltus"]

TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<delimiter>[^()\s]*)\(.*?\)(?P=delimiter)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)


def without(text, kept):
    """The text with comments and literals blanked, but for those that `kept` says to leave."""
    blank = lambda match: match.group() if kept(match.group()) else re.sub(r"[^\n]", " ", match.group())
    return TOKENS.sub(blank, text)


def findings(text):
    """(line, what) of everything that depends on a locale."""
    found = set()
    # Quoted names of headers are literals, too.
    code = without(text, lambda token: token.startswith('"') and token.endswith('.h"'))
    literals = without(text, lambda token: token.startswith(('"', "R")))
    for pattern in PATTERNS:
        for match in pattern.finditer(code):
            found.add((code.count("\n", 0, match.start()) + 1, re.sub(r"\s", "", match.group(1))))
    for token in TOKENS.finditer(literals):
        for match in LOCALE_OF_FMT.finditer(token.group()):
            found.add((literals.count("\n", 0, token.start()) + 1, match.group()))
    return sorted(found)


def try_itself(planted):
    text = planted.read_text()
    marked = {number for number, line in enumerate(text.splitlines(), 1) if line.endswith("// caught")}
    caught = {line for line, _ in findings(text)}
    if not marked or marked != caught:
        sys.exit(f"{planted}: missed lines {sorted(marked - caught)}, wrongly found {sorted(caught - marked)}")


def main():
    source = pathlib.Path(sys.argv[1])
    try_itself(pathlib.Path(__file__).with_name("planted.txt"))
    files = [file for room in ROOMS for file in sorted((source / room).rglob("*"))
             if file.suffix in (".h", ".cpp", ".cu")]
    if len(files) < 100:
        sys.exit(f"only {len(files)} sources found below {source}")
    wrong = []
    unused = dict(ALLOWED)
    for file in files:
        name = str(file.relative_to(source))
        for line, what in findings(file.read_text()):
            unused.pop((name, what), None)
            if name.startswith("kernels/") and what in ALLOWED_IN_KERNELS:
                continue
            if (name, what) not in ALLOWED:
                wrong.append(f"{name}:{line}: {what} depends on the locale: see core/text.h, std::from_chars, fmt")
    wrong += [f"{name}: may use {what}, but does not: remove it from ALLOWED" for name, what in unused]
    print("\n".join(wrong) or f"{len(files)} sources, none depends on the locale")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
