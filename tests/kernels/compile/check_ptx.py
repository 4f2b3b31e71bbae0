#!/usr/bin/env python3
"""Holds the tensor cores' kernels against the instructions that they are written for.

    check_ptx.py NVCC kernels/convolution/tensor.cu

Compiles the source to PTX (for sm_80, the oldest architecture with these instructions) and looks at each kernel:
one on floats has to multiply tf32, one on Bf16 bf16, both have to copy by cp.async and wait for it.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
COPIES = ["cp.async.ca.shared.global", "cp.async.commit_group", "cp.async.wait_group"]
TF32 = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"
BF16 = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"
LOAD = "ldmatrix.sync.aligned.m8n8.x4"


def ptx_of(nvcc, source):
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "kernels.ptx"
        subprocess.run([nvcc, "--ptx", "-std=c++20", "-O3", "-fmad=false", "-arch=compute_80", f"-I{ROOT / 'engine/include'}",
                        str(source), "-o", str(result)], check=True)
        return result.read_text()


def kernels_of(ptx):
    """{demangled name: body}"""
    parts = re.split(r"\.entry (\w+)\(", ptx)[1:]
    names = subprocess.run(["c++filt"], input="\n".join(parts[::2]), text=True, capture_output=True,
                           check=True).stdout.splitlines()
    return dict(zip(names, parts[1::2]))


def expected_in(name):
    """The instructions of a kernel, by the element type of its Mainloop<T, shape>."""
    element = re.search(r"tensor::Mainloop<([\w:]+), ", name)
    if element is None:
        sys.exit(f"{name} has no tiles of the tensor cores: what should it contain?")
    if element[1] == "float":
        return [TF32, *COPIES]
    return [BF16, LOAD, *COPIES]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    kernels = kernels_of(ptx_of(*sys.argv[1:]))
    if not kernels:
        sys.exit("there is no kernel in the PTX")
    wrong = [f"{name} lacks {instruction}" for name, body in kernels.items() for instruction in expected_in(name)
             if instruction not in body]
    print("\n".join([*wrong, f"{len(kernels)} kernels, {len(wrong)} complaints"]))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
