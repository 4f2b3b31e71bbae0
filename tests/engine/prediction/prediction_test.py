#!/usr/bin/env python3
"""The prediction: its model by hand, and that the program's launches and numbers add up.

    prediction_test.py GPU_LAUNCHES OBJECT...
"""
import re
import sys
import unittest

sys.dont_write_bytecode = True

import model  # noqa: E402
import predict  # noqa: E402

PROGRAM, *OBJECTS = sys.argv[1:]
ROWS = 128
CONV2 = {"x": 26 * 26 * 32, "y": 24 * 24 * 64, "w": 9 * 32 * 64, "b": 64}  # elements
WEIGHTS = 1199882
POOLED = 12 * 12 * 64

DEVICE = model.Device("four multiprocessors", 4, 1e9, memory=1e9, tf32=1e12, bf16=2e12)
TENSOR = "void saltus::kernels::multiply_kernel<saltus::kernels::tensor::Tiles<float, 64>, X>(X)"


class Use:
    def __init__(self, registers=32, shared=0):
        self.registers, self.shared = registers, shared


def launch(grid, *, flops=0.0, moved=0.0, kernel=TENSOR, threads=128, shared=100 * 1024):
    """Two blocks of it are on a multiprocessor at once."""
    given = {"job": 0, "step": "loss", "name": "x", "kernel": kernel, "grid": grid, "block": [threads, 1, 1], "shared": shared, "flops": flops,
             "bytes": moved}
    return model.Prediction(given, Use(), DEVICE)


class Occupancy(unittest.TestCase):
    def test_of_threads(self):
        self.assertEqual(model.blocks_together(256, 32, 0), 8)
        self.assertEqual(model.blocks_together(1024, 32, 0), 2)
        self.assertEqual(model.blocks_together(100, 16, 0), 16, "whole warps")

    def test_of_blocks(self):
        self.assertEqual(model.blocks_together(32, 16, 0), 32)

    def test_of_registers(self):
        self.assertEqual(model.blocks_together(128, 128, 0), 4)
        self.assertEqual(model.blocks_together(128, 129, 0), 3, "eight are dealt out at a time")
        self.assertEqual(model.blocks_together(128, 168, 0), 3)
        self.assertEqual(model.blocks_together(128, 169, 0), 2)
        self.assertEqual(model.blocks_together(32, 84, 0), 20, "each quarter has five, and room to spare")

    def test_of_shared_memory(self):
        self.assertEqual(model.blocks_together(128, 32, 56 * 1024), 4, "a kibibyte of each block is reserved")
        self.assertEqual(model.blocks_together(128, 32, 56 * 1024 + 1), 3)


class Time(unittest.TestCase):
    def seconds(self, prediction):
        return prediction.seconds - model.LAUNCH

    def test_is_the_longer_of_two(self):
        both = launch([8, 1, 1], flops=630e3, moved=2e3)
        self.assertAlmostEqual(self.seconds(both), 2e-6)
        self.assertEqual(both.limit, "memory")
        self.assertAlmostEqual(self.seconds(launch([8, 1, 1], flops=630e4, moved=2e3)), 1e-5)
        self.assertEqual(launch([8, 1, 1], flops=630e4).limit, "arithmetic")

    def test_of_next_to_nothing_is_the_launchs(self):
        little = launch([8, 1, 1], flops=1, moved=1)
        self.assertEqual(little.limit, "launch")
        self.assertGreater(little.seconds, model.LAUNCH)

    def test_stretches_by_the_multiprocessor_with_most_blocks(self):
        for blocks, tail in ((8, 1), (80, 1), (1, 4), (2, 2), (4, 1), (5, 8 / 5), (9, 12 / 9), (12, 1), (13, 16 / 13)):
            self.assertAlmostEqual(launch([blocks, 1, 1]).tail, tail, msg=blocks)
            self.assertAlmostEqual(self.seconds(launch([1, blocks, 1], moved=1e3)), 1e-6 * tail, msg=blocks)
        self.assertAlmostEqual(launch([3, 2, 2]).waves, 1.5)

    def test_of_arithmetic_depends_on_the_units(self):
        bf16 = TENSOR.replace("<float", "<saltus::kernels::Bf16")
        plain = TENSOR.replace("tensor::Tiles<float, 64>", "plain::Tiles")
        for kernel, rate in ((TENSOR, 0.63e12), (bf16, 1.26e12), (plain, 4 * 256e9), ("sum_kernel(X)", 4 * 128e9)):
            self.assertAlmostEqual(self.seconds(launch([8, 1, 1], flops=rate, kernel=kernel)), 1, msg=kernel)
        with self.assertRaises(KeyError, msg="an engine that nobody has heard of"):
            launch([8, 1, 1], kernel=TENSOR.replace("tensor::", "wgmma::"))


class Launches(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.predictor = predict.Predictor(PROGRAM, OBJECTS)

    def step(self, precision, trials=1, program="train"):
        return self.predictor.step("h200", precision, trials, program)

    def of(self, name, precision, trials=1):
        found = [p for p in self.step(precision, trials) if p.name == name]
        self.assertTrue(found, name)
        return found

    def test_are_as_many_as_the_steps_make(self):
        for precision in predict.PRECISIONS:
            self.assertEqual(len(self.step(precision)), 30)
            self.assertEqual(len(self.step(precision, program="evaluate")), 9)

    def test_take_the_trials_along(self):
        for precision in predict.PRECISIONS:
            for one, six in zip(self.step(precision), self.step(precision, 6), strict=True):
                self.assertEqual((six.name, six.kernel, six.grid), (one.name, one.kernel, [*one.grid[:2], 6]))
                self.assertEqual((six.bytes, six.flops), (6 * one.bytes, 6 * one.flops))

    def test_of_a_convolution(self):
        for precision, size, kernel in (("fp32", 4, "plain::Tiles"), ("tf32", 4, "tensor::Tiles<float"),
                                        ("bf16", 2, "tensor::Tiles<saltus::kernels::Bf16")):
            forward, = self.of("conv2d_1 forward", precision)
            self.assertIn(kernel, forward.kernel)
            self.assertEqual(forward.bytes, size * (ROWS * CONV2["x"] + CONV2["w"]) + 4 * (CONV2["b"] + ROWS * CONV2["y"]))
            self.assertEqual(forward.flops, ROWS * CONV2["y"] * (2 * 9 * 32 + 3))
            data, = self.of("conv2d_1 backward to x", precision)
            self.assertEqual(data.bytes, size * (ROWS * CONV2["y"] + CONV2["w"]) + 4 * ROWS * CONV2["x"])
            parts, add = self.of("conv2d_1 backward to w", precision)
            cuts = ROWS * 24 * 24 // 512  # parts of 512 pixels
            self.assertEqual(parts.grid[0] % cuts, 0, "tiles of each")
            sums = cuts * 4 * (CONV2["w"] + CONV2["b"])
            self.assertEqual(parts.bytes, size * ROWS * (CONV2["x"] + CONV2["y"]) + sums)
            self.assertEqual(add.bytes, sums + 4 * (CONV2["w"] + CONV2["b"]))

    def test_of_what_is_cut_into_parts(self):
        parts, finish = self.of("dense forward", "tf32")
        cuts = 9216 // 512
        self.assertEqual(parts.grid[0] % cuts, 0, "tiles of each")
        sums = cuts * 4 * ROWS * 128
        self.assertEqual(parts.bytes, 4 * (ROWS * 9216 + 9216 * 128) + sums)
        self.assertEqual(finish.bytes, sums + 4 * (128 + 2 * ROWS * 128), "y and the slope")

    def test_of_steps_without_products(self):
        self.assertEqual(self.of("load images", "bf16")[0].bytes, ROWS * 784 * (1 + 2))
        self.assertEqual(self.of("activate_pool: max_pooling2d", "tf32")[0].bytes,
                         ROWS * (4 * CONV2["y"] + POOLED * (4 + 4 + 1)))
        self.assertEqual(self.of("max-pool backward", "bf16")[0].bytes, ROWS * (POOLED * (2 + 1) + 2 * CONV2["y"]))
        self.assertEqual([p.bytes for p in self.of("update", "fp32")], [4 * WEIGHTS, 0, 28 * WEIGHTS])
        self.assertEqual(self.of("update", "bf16")[2].bytes, 30 * WEIGHTS)

    def test_have_what_the_compiler_reported(self):
        for precision in predict.PRECISIONS:
            for p in self.step(precision):
                self.assertTrue(16 <= p.registers <= 255, p.kernel)
                self.assertGreaterEqual(p.together, 1)


class Figures(unittest.TestCase):
    """What is written for programs."""

    @classmethod
    def setUpClass(cls):
        cls.predictor = predict.Predictor(PROGRAM, OBJECTS)

    def test_jobs_add_up_to_the_step(self):
        cases = predict.figures(self.predictor)["cases"]
        self.assertEqual(len(cases), 12)
        for case in cases:
            device = next(key for key, device in model.DEVICES.items() if device.name == case["device"])
            step = self.predictor.step(device, case["precision"], case["trials"])
            self.assertAlmostEqual(sum(job["seconds"] for job in case["jobs"]), predict.seconds(step))

    def test_a_job_has_all_of_its_launches(self):
        jobs = predict.jobs(self.predictor.step("h200", "tf32", 1))
        names = [job["name"] for job in jobs]
        self.assertEqual(names[:2] + names[-1:], ["load images", "conv2d forward", "update"])
        self.assertEqual(jobs[-1]["step"], "update")
        backward, = (job for job in jobs if "conv2d_1 backward to w" in job["name"])
        self.assertEqual(backward["name"], "max-pool backward, conv2d_1 backward to x, conv2d_1 backward to w")


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.predictor = predict.Predictor(PROGRAM, OBJECTS)
        cls.page = predict.page(cls.predictor)

    def test_sums_are_of_the_lines(self):
        text = predict.of_launches(self.predictor.step("h100", "bf16", 6))
        cells = [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in text.splitlines()[2:]]
        self.assertEqual(len(cells), 31)
        for column in (10, 11, 12):
            self.assertAlmostEqual(sum(float(row[column]) for row in cells[:-1]), float(cells[-1][column].strip("*")),
                                   delta=0.05 * 30)

    def test_an_epoch_is_all_batches(self):
        step = predict.seconds(self.predictor.step("h200", "tf32", 1))
        evaluation = predict.seconds(self.predictor.step("h200", "tf32", 1, "evaluate"))
        self.assertAlmostEqual(predict.epoch(self.predictor, "h200", "tf32", 1), 469 * step + 79 * evaluation)

    def test_side_by_side_is_not_slower(self):
        for precision in predict.PRECISIONS:
            one, six = (predict.epoch(self.predictor, "h100", precision, trials) for trials in (1, 6))
            self.assertLess(one, six)
            self.assertLess(six, 6 * one)

    def test_measured_times_stand_beside_their_own(self):
        step = self.predictor.step("h200", "tf32", 1)
        measured = {("conv1 forward", "tf32", 1): 7.0, ("conv2 forward", "fp32", 1): 8.0, ("loss of 10", "", 1): 9.0,
                    ("fc2 backward filter", "tf32", 6): 10.0}
        found = {name: (ours, theirs) for name, ours, theirs in predict.compared(step, "tf32", 1, measured)}
        first, again = [p.seconds for p in step if p.name == "conv2d forward"]
        self.assertGreater(again, first)
        self.assertEqual(found["conv2d forward"], (first, 7.0))
        self.assertEqual(found["loss"], (sum(p.seconds for p in step if p.name == "loss"), 9.0))
        self.assertEqual(len(found), 2)
        self.assertFalse(list(predict.compared(self.predictor.step("h200", "bf16", 1), "bf16", 1,
                                               {("loss of 10", "", 1): 9.0})), "theirs is on floats")

    def test_says_all(self):
        self.assertEqual(len(re.findall(r"^\| H[12]00 ", self.page, re.M)), 12)
        self.assertEqual(self.page.count("| conv2d_1 backward to w | `parts_kernel` |"), 2)
        self.assertIn("**all of these** | 6 |", self.page)
        self.assertNotIn("{", self.page)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
