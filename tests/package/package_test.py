"""package_test.py BUILD COMMAND [ARGUMENT ...]: what others do with Saltus once it is built. Each command is a test;
CMakeLists.txt says which need which. Everything is written below BUILD/tests/package."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import reuse_object

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
BUILD = pathlib.Path(sys.argv[1]).resolve()
WORK = BUILD / "tests/package"
INDEX = WORK / "objects"
# A second build with other settings compiles these again: the first depends on them, the other holds a file of its
# build as data.
DEPEND_ON_SETTINGS = {"engine/src/backend/select.cpp", "kernels/formula/linkable.cpp"}


def cached(name, otherwise=""):
    """A variable of the build under test."""
    found = re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M)
    return found.group(1) if found else otherwise


def run(*command, cwd=None, env=None, check=True):
    """What a command says. Ends the test where it fails."""
    command = [str(word) for word in command]
    print("$", " ".join(command), flush=True)
    done = subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          env={**os.environ, **(env or {})})
    print(done.stdout, end="", flush=True)
    if check and done.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    return done.stdout


def expect(holds, sentence):
    if not holds:
        sys.exit(sentence)


def fresh(name):
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def skip(reason):
    print(f"skipped package.{'.'.join(sys.argv[2:])}: {reason}")  # make test shows these lines
    sys.exit(77)


def compiler(name):
    if name == "gcc":
        return cached("CMAKE_CXX_COMPILER")
    found = os.environ.get("SALTUS_CLANG", "NOTFOUND")
    return skip("there is no clang") if found.endswith("NOTFOUND") else found


def prefix(kind):
    return WORK / kind


def configure(source, folder, *options):
    run("cmake", "-G", "Ninja", "-S", source, "-B", folder, "-DCMAKE_BUILD_TYPE=Release", *options)


def configure_engine(source, folder, *options):
    """Configures a project that compiles the engine anew, so that it takes the objects of the build under test."""
    reuse_object.make_index(BUILD, INDEX)
    launcher = f"{sys.executable};-B;{HERE / 'reuse_object.py'};{INDEX}"
    configure(source, folder, f"-DCMAKE_CXX_COMPILER={compiler('gcc')}",
              f"-DCMAKE_CXX_FLAGS={cached('CMAKE_CXX_FLAGS')}",
              f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}", f"-DCMAKE_CUDA_COMPILER_LAUNCHER={launcher}",
              f"-DSALTUS_WARNINGS_AS_ERRORS={cached('SALTUS_WARNINGS_AS_ERRORS')}",
              f"-DCMAKE_BUILD_TYPE={cached('CMAKE_BUILD_TYPE')}", *options)


def expect_reused():
    """Nearly all of the engine was compiled by the commands of the build under test."""
    log = INDEX / "compiled"
    compiled = set(log.read_text().split()) if log.exists() else set()
    ours = {str(pathlib.Path(name).relative_to(SOURCE)) for name in compiled
            if any(pathlib.Path(name).is_relative_to(SOURCE / room) for room in ("engine", "kernels"))}
    expect(ours <= DEPEND_ON_SETTINGS, f"compiled otherwise than in {BUILD}: {sorted(ours - DEPEND_ON_SETTINGS)}")


def install(kind):
    """Installs libraries of that kind, and moves what was installed."""
    folder = BUILD
    if (cached("BUILD_SHARED_LIBS") == "ON") != (kind == "shared"):
        folder = fresh(f"build-{kind}")
        chosen = cached("CMAKE_CUDA_ARCHITECTURES")
        architectures = [f"-DCMAKE_CUDA_ARCHITECTURES={chosen}"] if chosen else []
        configure_engine(SOURCE, folder, f"-DBUILD_SHARED_LIBS={'ON' if kind == 'shared' else 'OFF'}",
                         f"-DSALTUS_CUDA={cached('SALTUS_CUDA')}", "-DSALTUS_BUILD_TESTS=OFF",
                         "-DSALTUS_BUILD_BENCH=OFF", "-DSALTUS_BUILD_EXAMPLES=OFF", *architectures)
        run("cmake", "--build", folder, "--target", "saltus_program")  # README: what is installed
        expect_reused()
    shutil.rmtree(prefix(kind), ignore_errors=True)
    first = fresh(f"{kind}-at-first")
    run("cmake", "--install", folder, "--prefix", first)
    first.rename(prefix(kind))
    expect(list(prefix(kind).rglob("LICENSE")), "the license is not installed")
    for file in [*prefix(kind).rglob("*.cmake"), *prefix(kind).rglob("*.pc")]:
        for place in (str(first), str(SOURCE)):
            expect(place not in file.read_text(), f"{file} names {place}")
    if (prefix(kind) / "bin/saltus").exists():
        run(prefix(kind) / "bin/saltus", "--version")


def expect_no_curl(program):
    libraries = run("ldd", program)
    for name in ("libcurl", "libcrypto", "libssl", "libpng", "libjpeg", "not found"):
        expect(name not in libraries, f"{program} needs {name}, though it only trains")


def try_consumer(folder):
    """Runs what consumer/ builds."""
    for program in ("train", "borrow", "list_data"):
        run(folder / program)
    expect_no_curl(folder / "train")


def find_package(kind, by):
    folder = fresh(f"find-package-{kind}-{by}")
    configure(HERE / "consumer", folder, f"-DCMAKE_PREFIX_PATH={prefix(kind)}",
              f"-DCMAKE_CXX_COMPILER={compiler(by)}")
    run("cmake", "--build", folder)
    try_consumer(folder)
    said = run("cmake", "-S", HERE / "consumer", "-B", folder, "-DCMAKE_DISABLE_FIND_PACKAGE_CURL=ON", check=False)
    expect(kind == "shared" or "saltus::datasets needs libcurl, OpenSSL, libpng and libjpeg" in said,
           "libcurl is not asked for")


def pkg_config(kind, by):
    folder = fresh(f"pkg-config-{kind}-{by}")
    libraries = next(prefix(kind).rglob("saltus.pc")).parent
    env = {"PKG_CONFIG_PATH": str(libraries)}
    for program, package in (("train", "saltus"), ("borrow", "saltus"), ("list_data", "saltus-datasets")):
        flags = run("pkg-config", "--cflags", "--libs", package, env=env).split()
        run(compiler(by), "-std=c++20", HERE / f"consumer/{program}.cpp", "-o", folder / program,
            *flags, f"-Wl,-rpath,{libraries.parent}")
    try_consumer(folder)


def part_of_project():
    """Saltus as a part of another project, where it has its own defaults."""
    folder = fresh("part")
    configure_engine(HERE / "consumer", folder, f"-DSALTUS_SOURCE={SOURCE}")
    run("cmake", "--build", folder, "--target", "train", "borrow", "list_data")
    expect_reused()
    try_consumer(folder)
    settings = run("cmake", "-N", "-LA", folder)
    for setting in ("SALTUS_CUDA:STRING=OFF", "SALTUS_BUILD_TESTS:BOOL=OFF", "SALTUS_INSTALL:BOOL=OFF"):
        expect(setting in settings, f"a project that takes Saltus in has not {setting}")


def readme():
    """README's program is built by README's lines. It is not run: it would fetch MNIST."""
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", (SOURCE / "README.md").read_text(), re.M | re.S)
    [program] = [text for language, text in blocks if language == "cpp"]
    projects = [text for language, text in blocks if language == "cmake"]
    commands = [text for language, text in blocks if language == "sh" and "my_program" in text]
    expect(len(projects) == 2 and len(commands) == 1, "README.md has other ways to link Saltus than this test knows")
    libraries = next(prefix("shared").rglob("saltus.pc")).parent
    found = {"LD_LIBRARY_PATH": str(libraries.parent), "PKG_CONFIG_PATH": str(libraries)}
    for number, text in enumerate(projects + commands):
        folder = fresh(f"readme-{number}")
        (folder / "my_program.cpp").write_text(program)
        if text in commands:
            run("sh", "-ec", text, cwd=folder, env=found)
        else:
            (folder / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(mine LANGUAGES CXX)\n"
                                                   f"add_executable(my_program my_program.cpp)\n{text}")
            configure_engine(folder, folder, f"-DCMAKE_PREFIX_PATH={prefix('shared')}",
                             f"-DFETCHCONTENT_SOURCE_DIR_SALTUS={SOURCE}")
            run("cmake", "--build", folder, "--target", "my_program")
            expect_reused()
        expect("not found" not in run("ldd", folder / "my_program", env=found), "my_program lacks a library")


def library(how, kind="static"):
    """A library of that kind that links Saltus is installed, and linked by somebody who knows nothing of Saltus."""
    folder = fresh(f"library-{how}-{kind}")
    installed = folder / "installed"
    found = []
    if how == "part":
        configure_engine(HERE / "library", folder / "library", f"-DSALTUS_SOURCE={SOURCE}")
    else:
        found = [prefix(how)]
        configure(HERE / "library", folder / "library", f"-DCMAKE_PREFIX_PATH={prefix(how)}",
                  f"-DBUILD_SHARED_LIBS={'ON' if kind == 'shared' else 'OFF'}")
    run("cmake", "--build", folder / "library")
    run("cmake", "--install", folder / "library", "--prefix", installed)
    configure(HERE / "library/user", folder / "user",
              "-DCMAKE_PREFIX_PATH=" + ";".join(map(str, [installed, *found])))
    run("cmake", "--build", folder / "user")
    run(folder / "user/ask", env={"LD_LIBRARY_PATH": ":".join(f"{place}/lib" for place in found)})


def examples():
    folder = fresh("examples")
    configure(SOURCE / "apps/examples", folder, f"-DCMAKE_PREFIX_PATH={prefix('shared')}")
    run("cmake", "--build", folder)


def unmarked(header):
    """What a header declares and leaves to the library to define, without SALTUS_API."""
    text = header.read_text()
    no_declaration = "#|//|using|inline|constexpr|template|namespace|struct|class|enum|}|static|extern|SALTUS_API"
    names = re.findall(rf"^(?!{no_declaration})[\w:][\w:<>,&*\s]*?\b(\w+)\(", text, re.M)
    for name, body in re.findall(r"^(?:class|struct) (?!SALTUS_API)(\w+)[^;{]*\{(.*?)^\};", text, re.M | re.S):
        members = re.findall(r"^  (?!//)(?:[\w:<>,&* \[\]]+? )?~?\w+\([^;{}]*\)[^;{}]*;", body, re.M)
        names += [name for member in members if not re.search(r"= (default|delete|0);", member)]
    return names


def symbols():
    """Shared libraries show Saltus's public interface and nothing else."""
    public = "".join(file.read_text() for file in sorted((prefix("shared") / "include/saltus").glob("*.h")))
    for header in sorted((prefix("shared") / "include/saltus").glob("*.h")):
        expect(not unmarked(header), f"{header} lacks SALTUS_API on {unmarked(header)}")
    seen = set()
    for file in sorted(prefix("shared").glob("lib*/**/libsaltus*.so")):
        shown = run("nm", "-DC", "--defined-only", file).splitlines()
        expect(len(shown) > 4, f"{file} shows too little")
        for line in shown:
            name = line.split(maxsplit=2)[2]
            found = re.match(r"(?:(?:typeinfo|typeinfo name|vtable|guard variable) for )?saltus::([\w:~]+)", name)
            expect(found, f"{file} shows {name}")
            seen.add(re.sub(r"[^\w].*", "", found.group(1).split("::")[-1]))
            for part in found.group(1).split("::"):
                word = part.lstrip("~").split()[0]
                expect(re.search(rf"\b{word}\b", public), f"{file} shows {name}, which no public header has")


    marked = set(re.findall(r"^SALTUS_API [^;({]*?\b(\w+)\(", public, re.M))
    expect(len(marked) > 40 and marked <= seen, f"not shown: {sorted(marked - seen)}")


def language(by):
    """Whoever compiles in C++17 is told so, by whichever header comes first."""
    include = prefix("static") / "include"
    headers = sorted([*(include / "saltus").glob("*.h"), *(include / "saltus/kernels").glob("*.h")])
    folder = fresh(f"language-{by}")
    limit = "-fmax-errors=1" if by == "gcc" else "-ferror-limit=1"
    for header in headers:
        (folder / "old.cpp").write_text(f"#include <{header.relative_to(include)}>\n")
        said = run(compiler(by), "-std=c++17", "-fsyntax-only", limit, f"-I{include}", folder / "old.cpp", check=False)
        errors = [line for line in said.splitlines() if " error: " in line]
        if errors or header.parent.name == "saltus":  # some of the kernels' are good C++17
            expect(errors and "Saltus needs C++20" in errors[0], f"{header} does not say first that it needs C++20")


def settings():
    """A project's own language and architectures hold for its part Saltus, too."""
    folder = fresh("settings")
    options = [f"-DSALTUS_SOURCE={SOURCE}", "-DCMAKE_CXX_STANDARD=23",
               "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"]
    cuda = cached("CMAKE_CUDA_COMPILER")
    if cuda and not cuda.endswith("NOTFOUND"):
        options += ["-DSALTUS_CUDA=ON", "-DCMAKE_CUDA_ARCHITECTURES=90", f"-DCMAKE_CUDA_COMPILER={cuda}"]
    configure(HERE / "consumer", folder, *options)
    commands = (folder / "compile_commands.json").read_text().splitlines()
    engine = [line for line in commands if '"command"' in line and "engine/src" in line]
    expect(engine and all("c++23" in line or "c++2b" in line for line in engine), "the engine is not compiled as C++23")
    kernels = [line for line in commands if '"command"' in line and ".cu.o" in line]
    expect(all("sm_90" in line and "sm_80" not in line for line in kernels), "kernels for other architectures")
    expect(len(options) == 3 or kernels, "no kernels are compiled")


if __name__ == "__main__":
    if not (BUILD / "compile_commands.json").exists():
        skip("needs a build with CMAKE_EXPORT_COMPILE_COMMANDS=ON")
    globals()[sys.argv[2]](*sys.argv[3:])
