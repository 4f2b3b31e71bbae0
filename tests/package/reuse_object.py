"""reuse_object.py INDEX COMPILER ARGUMENT...: a compiler launcher. Where INDEX knows an object that was made of this
source by the same command, it is copied; whatever else is compiled. So a second build of the engine costs seconds, and
shows all the same that its commands are the first one's."""
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import sys


def sources_of(source):
    """The sources, one a line: CMake writes some that include several."""
    if pathlib.Path(source).parent.name != "Unity":
        return source
    return "\n".join(re.findall(r'^#include "(.*)"$', pathlib.Path(source).read_text(), re.M))


def essence(arguments):
    """The arguments without the names of what is written or precompiled, and the source."""
    kept, source, output = [], None, None
    arguments = iter(arguments)
    for argument in arguments:
        if argument == "-o":
            output = next(arguments)
        elif argument == "-c":
            source = sources_of(next(arguments))
        elif argument in ("-MT", "-MF", "-include"):  # CMake includes precompiled headers alone
            next(arguments)
        elif argument not in ("-MD", "-x", "cu", "-Winvalid-pch"):
            kept.append(argument)
    return kept, source, output


def entry(index, source):
    return pathlib.Path(index) / hashlib.sha1(source.encode()).hexdigest()


def make_index(build, index):
    """The objects of a build, by their sources."""
    shutil.rmtree(index, ignore_errors=True)
    index.mkdir(parents=True)
    by_source = {}
    for command in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(command["command"])
        kept, source, output = essence(words)
        by_source.setdefault(source, []).append({"arguments": kept, "object": f"{command['directory']}/{output}"})
    for source, objects in by_source.items():
        entry(index, source).write_text(json.dumps(objects))


def reuse(index, arguments):
    kept, source, output = essence(arguments)
    if source is None or output is None or not entry(index, source).exists():
        return False
    for known in json.loads(entry(index, source).read_text()):
        words = known["arguments"]
        # A launcher of the first build stands before the compiler.
        if words[-len(kept):] == kept and os.path.exists(known["object"]):
            shutil.copy(known["object"], output)
            return True
    return False


if __name__ == "__main__":
    if not reuse(sys.argv[1], sys.argv[2:]):
        if "-c" in sys.argv:
            with open(f"{sys.argv[1]}/compiled", "a", encoding="utf-8") as log:
                log.write(essence(sys.argv)[1] + "\n")
        os.execvp(sys.argv[2], sys.argv[2:])
