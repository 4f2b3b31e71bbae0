#!/usr/bin/env python3
"""The CPU's benchmark: all engines take the same steps, and what its page makes of them.

    cpu_bench_test.py [SALTUS_BENCH]    with that program, what it answers is tested, too
"""
import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "apps" / "bench"))

import cpu_report  # noqa: E402: found by the line above
import run_cpu  # noqa: E402

PROGRAM = sys.argv.pop() if len(sys.argv) > 1 else None


def turns(*losses, steps=24, first=24, milliseconds=10.0):
    return [{"first_step": first + i * steps, "steps": steps, "seconds_per_step": milliseconds / 1e3, "loss": loss}
            for i, loss in enumerate(losses)]


def engine(loss, **changes):
    warm, *rounds = turns(0.4, 0.3, loss, first=0, **changes)
    return {"description": {"version": "1", "variant": "v"}, "warm": warm, "rounds": rounds}


def record(**engines):
    machine = {"cpu": "a CPU", "family": 26, "instruction_sets": ["avx2"]}
    return {"date": "2030-01-01", "commit": "c", "machine": machine,
            "protocol": {"rounds": 2, "steps": 24, "threads": 2, "data": "synthetic"},
            "pairs": [{"precision": "fp32", "activation": "relu", "engines": engines, "missing": {}}]}


class Steps(unittest.TestCase):
    def test_equal_ones_are_let_pass(self):
        run_cpu.check_steps({"saltus": turns(0.4, 0.3), "keras": turns(0.5, 0.2)})
        run_cpu.check_steps({})

    def test_others_are_not(self):
        for other in (turns(0.4, 0.3, first=120), turns(0.4, 0.3, steps=25)):
            with self.assertRaisesRegex(OSError, "different steps"):
                run_cpu.check_steps({"saltus": turns(0.4, 0.3), "keras": other})

    def test_a_run_is_of_as_many_as_keras_takes_at_once(self):
        told = (ROOT / "apps/bench/peers/protocol.py").read_text()
        self.assertEqual(int(re.search(r"^MOST_STEPS_AN_EXECUTION = (\d+)", told, re.M)[1]), run_cpu.STEPS_MULTIPLE)


class Page(unittest.TestCase):
    def test_losses_stand_beside_the_steps_that_they_are_of(self):
        page = cpu_report.markdown(record(saltus=engine(0.2), keras=engine(0.25, milliseconds=30.0)))
        self.assertIn("| loss in steps 1 to 24 | loss in steps 49 to 72 |", page)
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if "fp32" in line]
        self.assertEqual([row[2:4] + row[5:6] + row[8:] for row in rows],
                         [["Saltus", "10.0", "", "0.4000", "0.2000"],
                          ["Keras on TensorFlow", "30.0", "3.00x", "0.4000", "0.2500"]])

    def test_losses_of_different_steps_make_no_page(self):
        with self.assertRaises(ValueError):
            cpu_report.markdown(record(saltus=engine(0.2), keras=engine(0.25, steps=25)))


@unittest.skipUnless(PROGRAM, "no program was named")
class Program(unittest.TestCase):
    def answers(self, *runs):
        asked = "".join(f"run {steps}\n" for steps in runs)
        done = subprocess.run([PROGRAM, "step", "--threads", "1"], input=asked, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()[1:]]

    def test_steps_go_on_where_the_last_run_ended(self):
        first, second = self.answers(2, 4)
        self.assertEqual((first["first_step"], second["first_step"]), (0, 2))
        whole, = self.answers(6)
        self.assertAlmostEqual((2 * first["loss"] + 4 * second["loss"]) / 6, whole["loss"], places=9)


if __name__ == "__main__":
    unittest.main()
