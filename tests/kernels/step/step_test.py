#!/usr/bin/env python3
"""The parts of the training step's model, on figures that are known by hand."""
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[3] / "scripts")]
sys.dont_write_bytecode = True

import check_step  # noqa: E402: found by the line above
import machine_code  # noqa: E402
import step_page  # noqa: E402
from gpu_record.step_model import LAUNCH, LOSS, Device, Launch  # noqa: E402

DEVICE = Device(memory=1e12, multiprocessors=2, clock=1e9, issue=4, mma=0.5, cache=2e12)
CODE = {"mma_instructions": 2.0, "mma_accesses": 0.5, "evaluation": 30.0, "access_instructions": 10.0}


def listing(*instructions):
    """As cuobjdump prints a kernel."""
    lines = [f"        /*{i * 16:04x}*/    {text} ;    /* 0x{i:016x} */" for i, text in enumerate(instructions)]
    return "\n".join(["\t\tFunction : kernel", *lines])


def analysed(*instructions):
    (name, code), = machine_code.kernels(listing(*instructions))
    assert name == "kernel"
    return machine_code.analyse(code)


def launch(**counts):
    count = dict.fromkeys(["mma", "loads", "load_sectors", "stores", "store_sectors", "shared", "wavefronts",
                           "least_wavefronts", "values", "slopes", "bytes"], 0) | {"blocks": 2} | counts
    return Launch("tf32", 1, 90, 1, "step", "kernel<float>", count, CODE)


class MachineCode(unittest.TestCase):
    def test_an_innermost_loop_of_mma(self):
        found = analysed("LDG.E R2, [R4]", "LDSM.16.M88.4 R8, [R2]", "HMMA.1688.F32.TF32 R8, R8, R9, R8",
                         "HMMA.1688.F32.TF32 R8, R8, R9, R8", "@P0 BRA 0x10", "STG.E [R4], R8", "EXIT")
        self.assertEqual((found.mma_instructions, found.mma_accesses), (2, 0.5))
        self.assertEqual(found.access_instructions, 1.5, "LDG, STG and EXIT")

    def test_a_loop_counts_more_than_what_is_around_it(self):
        found = analysed("IADD3 R1, R1, 1", "LDG.E R2, [R4]", "FADD R2, R2, R2", "@!P0 BRA 0x10", "EXIT")
        self.assertEqual(found.access_instructions, (3 * machine_code.TURNS + 2) / machine_code.TURNS)

    def test_an_asynchronous_copy_is_two_accesses(self):
        self.assertEqual(analysed("LDGSTS.E.128 [R2], [R4]", "EXIT").access_instructions, 1)

    def test_the_switch_over_activations(self):
        loops, address = [], 0
        for extra in [1] * 20 + [5] * 30:
            loops += ["LDS R0, [R1]", *["FMUL R0, R0, R0"] * extra, "STS [R1], R0", f"@P0 BRA 0x{address:x}"]
            address = 16 * len(loops)
        found = analysed(*loops, "LDG.E R2, [R4]", "EXIT")
        self.assertEqual(found.evaluation, 8)
        self.assertEqual(found.access_instructions, 2)


class Model(unittest.TestCase):
    def test_each_bound(self):
        for counts, what, seconds in (({"mma": 1000}, "tensor", 1e-6), ({"wavefronts": 4000}, "shared", 2e-6),
                                      ({"loads": 400}, "issue", 0.5e-6), ({"load_sectors": 1000}, "L2", 16e-9),
                                      ({"bytes": 10**6}, "memory", 1e-6)):
            one = launch(**counts)
            self.assertEqual(one.bound(DEVICE), what)
            self.assertAlmostEqual(one.bounds(DEVICE)[what], seconds)
            self.assertAlmostEqual(one.seconds(DEVICE), LOSS * seconds + LAUNCH)

    def test_the_busiest_multiprocessor_counts(self):
        self.assertAlmostEqual(launch(wavefronts=3000, blocks=3).bounds(DEVICE)["shared"], 2e-6)
        self.assertAlmostEqual(launch(wavefronts=3000, blocks=1).bounds(DEVICE)["shared"], 3e-6)

    def test_instructions(self):
        self.assertEqual(launch(mma=100, shared=50).instructions, 200, "all accesses are those of mma")
        self.assertEqual(launch(mma=100, shared=60).instructions, 300)
        self.assertEqual(launch(values=320, slopes=320, shared=30).instructions, 300)


class Page(unittest.TestCase):
    def test_occupancy(self):
        self.assertEqual(step_page.occupancy("9.0", 168, 164928, 384), (1, "registers"))
        self.assertEqual(step_page.occupancy("8.6", 128, 39936, 128), (2, "shared memory"))
        self.assertEqual(step_page.occupancy("8.6", 168, 164928, 384)[0], 0)
        self.assertEqual(step_page.occupancy("8.0", 32, 0, 1024), (2, "registers"))
        self.assertEqual(step_page.occupancy("9.0", 16, 0, 32), (32, "blocks"))

    def test_names_are_those_of_both_compilers(self):
        of_gcc = "saltus::kernels::split_k_kernel<Problem<Operand<Im2col<Bf16>, saltus::kernels::Inner::other> > >"
        of_nvcc = ("void saltus::kernels::split_k_kernel<saltus::kernels::Problem<saltus::kernels::Operand<saltus::kernels"
                   "::Im2col<saltus::kernels::Bf16>, (saltus::kernels::Inner)1> > >(saltus::kernels::Trials)")
        self.assertEqual(check_step.plain(of_gcc), "split_k_kernel<Problem<Operand<Im2col<Bf16>, Inner#1>>>")
        self.assertEqual(check_step.plain(of_nvcc), check_step.plain(of_gcc))
        self.assertEqual(check_step.plain("saltus::kernels::{anonymous}::add_kernel"),
                         check_step.plain("saltus::kernels::(anonymous namespace)::add_kernel(float*)"))

    def test_lines(self):
        text = step_page.wrapped("# A\n\n" + "word " * 40 + "\n\n- item\n  goes on\n- next\n\n    code")
        self.assertTrue(all(len(line) <= step_page.COLUMNS for line in text.splitlines()))
        self.assertIn("\n- item goes on\n- next\n\n    code\n", text)


if __name__ == "__main__":
    unittest.main()
