"""The machine: its GPU, its libraries, the state of the sources."""
import hashlib
import json
import shutil
import site
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUERY = ["name", "driver_version", "memory.total", "clocks.max.sm", "power.limit"]
# What the programs are built from, and what drives them.
SOURCES = ["CMakeLists.txt", "apps", "cmake", "engine", "kernels", "tests", "third_party"]
TOOLKITS = [Path("/usr/local/cuda"), *sorted(Path("/usr/local").glob("cuda-*"), reverse=True)]


def output_of(command):
    """What a command prints, or None where it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def gpu():
    """What nvidia-smi says of the first GPU: {name, driver_version, ...}; None where there is none."""
    told = output_of(["nvidia-smi", f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader"])
    if not told:
        return None
    return dict(zip(QUERY, (field.strip() for field in told.splitlines()[0].split(","))))


def tool(name):
    """The path of a program of CUDA's toolkit, or None."""
    if found := shutil.which(name):
        return found
    for toolkit in TOOLKITS:
        if (path := toolkit / "bin" / name).exists():
            return str(path)
    return None


def library_folders():
    """Where cuDNN and cuBLASLt may lie: the toolkit's folders and those of Python's packages."""
    packages = [Path(folder) for folder in [*site.getsitepackages(), site.getusersitepackages()]]
    python = output_of(["python3", "-c", "import site; print('\\n'.join(site.getsitepackages()))"])
    packages += [Path(line) for line in (python or "").splitlines()]
    folders = [toolkit / lib for toolkit in TOOLKITS for lib in ("lib64", "lib")]
    for package in dict.fromkeys(packages):
        folders += sorted((package / "nvidia").glob("*/lib"))
    return [str(folder) for folder in folders
            if any(folder.glob("libcudnn.so*")) or any(folder.glob("libcublas*.so*"))]


def files_of(place):
    """All files in a folder that are sources: nothing hidden, no bytecode."""
    if place.is_file():
        yield place
    elif place.is_dir():
        for entry in place.iterdir():
            if not entry.name.startswith((".", "__pycache__")):
                yield from files_of(entry)


def sources(root=ROOT):
    """A hash of the names and contents of all sources, committed or not, in hex."""
    digest = hashlib.sha256()
    files = [path for name in SOURCES for path in files_of(root / name)]
    for path in sorted(files, key=lambda path: path.relative_to(root).as_posix()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def state():
    """What the sources here are: their hash, the commit below them, and whether they differ from it."""
    commit = output_of(["git", "-C", str(ROOT), "rev-parse", "HEAD"])
    changed = output_of(["git", "-C", str(ROOT), "status", "--porcelain", "--", *SOURCES])
    return {"sources": sources(), "commit": commit or "unknown", "changed": bool(changed)}


def state_of(programs):
    """The same of the sources that the programs in a folder were built from, where they were carried along."""
    note = programs / "collected.json"
    told = json.loads(note.read_text()) if note.exists() else state()
    return {key: told[key] for key in ("sources", "commit", "changed")}
