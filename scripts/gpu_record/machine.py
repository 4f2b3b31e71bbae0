"""The machine: its GPU, its libraries, the state of the sources."""
import json
import shutil
import site
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUERY = ["name", "driver_version", "memory.total", "clocks.max.sm", "power.limit"]
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


def commit(programs):
    """(commit, changed files) of the sources; where there is no git, of the carried programs."""
    known = output_of(["git", "-C", str(ROOT), "rev-parse", "HEAD"])
    if known:
        changed = output_of(["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"])
        return known, bool(changed)
    note = programs / "collected.json"
    if note.exists():
        told = json.loads(note.read_text())
        return told["commit"], told["changed"]
    return "unknown", False
