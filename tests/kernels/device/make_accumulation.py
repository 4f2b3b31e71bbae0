"""Writes accumulation_cases.csv and accumulation_digests.csv: what tensor cores give, by MMA-Sim.

Run by hand, with PyTorch and a checkout of https://github.com/microsoft/MMA-Sim, of which c785138
was taken:

    python make_accumulation.py MMA-SIM

Each product is one of a warp's instructions, 128 sums of inputs that accumulation_test.cpp draws by
the same rule as numbers() here. The digests file has a digest of the sums of each of 80 products,
of every instruction, architecture and sort of numbers; the cases file has eight sums of the first
product of each with all that went into them. An element is written as the bits of a float; bf16 has
the upper 16 of them.
"""

import sys
from pathlib import Path

import numpy as np
import torch

PRODUCTS = 80
INSTRUCTIONS = {"tf32": ("m16n8k8.f32.tf32.tf32.f32", 8), "bf16": ("m16n8k16.f32.bf16.bf16.f32", 16)}
ARCHITECTURES = {"Ampere": 80, "Hopper": 90}
SORTS = ("ordinary", "reach", "any", "sparse", "tiny", "subnormal", "huge", "special", "cancelling", "shadows",
         "vanishing", "full")
OF_A, OF_B, OF_C = 0, 256, 512  # numbers of the first elements


def words(sort, product, element, draw):
    """Random words, by MurmurHash3's last steps from the number of the draw."""
    x = (((SORTS.index(sort) * PRODUCTS + product) * 1024 + element) * 4 + draw + 0x9E3779B9) & 0xFFFFFFFF
    x = (x ^ x >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    x = (x ^ x >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return x ^ x >> 16


def number(sort, matrix, k, element, product):
    """The bits of an element; k is its place in the depth."""
    pair = element
    if sort == "cancelling" and k % 2 == 1:  # the element before it
        pair = element - (1 if matrix == OF_A else 8)
    rest, exponent, choice = (words(sort, product, pair, draw) for draw in range(3))
    zero = rest & 0x80000000

    def at(field):
        return (rest & 0x807FFFFF) | field << 23

    if sort == "ordinary":
        return at(123 + exponent % 8)
    if sort == "reach":  # of the cut
        return at(112 + exponent % 31)
    if sort == "any":
        return exponent
    if sort == "sparse":
        return zero if choice % 2 == 0 else at(112 + exponent % 31)
    if sort == "tiny":  # sums around the smallest floats
        if matrix == OF_C:
            return zero if choice % 2 == 0 else at(exponent % 3)
        return at(46 + exponent % 20)
    if sort == "subnormal":
        if matrix == OF_A:
            return at(0 if choice % 2 == 0 else exponent % 4)
        return at(100 + exponent % 60 if matrix == OF_B else exponent % 40)
    if sort == "huge":  # sums around the largest float
        return at(247 + exponent % 8 if matrix == OF_C else 185 + exponent % 8)
    if sort == "special":
        if choice % 64 == 0:
            return zero | 0x7F800000
        if choice % 64 == 1:
            return rest | 0x7F800000
        if choice % 64 == 2:  # a NaN of which tf32 and bf16 have no bit
            return zero | 0x7F800001
        return zero if choice % 64 < 11 else at(123 + exponent % 8)
    if sort == "cancelling":
        if matrix == OF_C:
            return zero if choice % 2 == 0 else at(90 + exponent % 30)
        bits = at(120 + exponent % 14)
        if matrix == OF_B and k % 2 == 1:
            bits ^= 0x80000000 | (words(sort, product, element, 3) & 1) << 16
        return bits
    if sort == "vanishing":  # sums around the smallest subnormal float
        return zero | exponent % 2 if matrix == OF_C else at(48 + exponent % 6)
    if sort == "full":  # the largest significands, all of one sign
        sign = 0 if matrix == OF_A else (product & 1) << 31
        return sign | 0x3FFF0000 | (rest & 0xFFFF)
    # Shadows: zeros whose exponents hide smaller numbers.
    if matrix == OF_C:
        return zero if choice % 4 == 0 else at(20 + exponent % 110)
    if k % 2 == 0:
        return zero if matrix == OF_A else at(127 + exponent % 128)
    return zero if matrix == OF_B and choice % 2 == 0 else at(40 + exponent % 100)


def numbers(sort, product, depth):
    """a [16][depth], b [depth][8], c [16][8]"""
    a = [[number(sort, OF_A, k, OF_A + m * depth + k, product) for k in range(depth)] for m in range(16)]
    b = [[number(sort, OF_B, k, OF_B + k * 8 + n, product) for n in range(8)] for k in range(depth)]
    c = [[number(sort, OF_C, 0, OF_C + m * 8 + n, product) for n in range(8)] for m in range(16)]
    return a, b, c


def tensor(bits, instruction):
    bits = np.array(bits, dtype=np.uint32)
    if instruction == "bf16":
        return torch.from_numpy((bits >> 16).astype(np.uint16).view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(bits.view(np.float32))


def digest(sums):
    """FNV-1a, by words."""
    x = 0x811C9DC5
    for word in sums:
        x = (x ^ word) * 0x01000193 & 0xFFFFFFFF
    return x


def main():
    sys.path.insert(0, sys.argv[1])
    from mmasim.simulator import nv_ptx

    folder = Path(__file__).parent
    with (folder / "accumulation_cases.csv").open("w") as cases, \
            (folder / "accumulation_digests.csv").open("w") as digests:
        print("instruction,compute_capability,numbers,row,column,c,a,b,sum", file=cases)
        print("instruction,compute_capability,numbers,digests", file=digests)
        for instruction, (qualifier, depth) in INSTRUCTIONS.items():
            for architecture, capability in ARCHITECTURES.items():
                multiply = nv_ptx.mma(architecture, qualifier)
                for sort in SORTS:
                    all_digests = []
                    for product in range(PRODUCTS):
                        a, b, c = numbers(sort, product, depth)
                        result = multiply(tensor(a, instruction), tensor(b, instruction), tensor(c, "c"))
                        sums = result.contiguous().numpy().view(np.uint32)
                        all_digests.append(f"{digest(int(x) for x in sums.flat):08x}")
                        for i in range(8 if product == 0 else 0):
                            row = " ".join(f"{x:08x}" for x in a[i])
                            column = " ".join(f"{of_k[i]:08x}" for of_k in b)
                            print(f"{instruction},{capability},{sort},{i},{i},{c[i][i]:08x},{row},{column},"
                                  f"{sums[i, i]:08x}", file=cases)
                    print(f"{instruction},{capability},{sort},{' '.join(all_digests)}", file=digests)
                    print(instruction, architecture, sort, file=sys.stderr)


if __name__ == "__main__":
    main()
