#!/usr/bin/env python3
"""The parts of scripts/gpu_verify: verdicts, times, records and pages, from samples of what the programs say."""
import contextlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from gpu_record import machine, plan, programs, record, steps, sweeps  # noqa: E402: found by the line above
from samples import BENCH, DEVICE, FAILED, HISTORY, PASSED, row_of

# Tests A to E: a fault of B or D fails what runs after it.
FAULTY = """
import sys
asked = sys.argv[1].removeprefix("--gtest_filter=")
names = ["S.A", "S.B", "S.C", "S.D", "S.E"]
names = [name for name in names if asked == "*" or name in asked.split(":")]
faulty = [name in ("S.B", "S.D") for name in names]
failed = names[faulty.index(True):] if True in faulty else []
print(f"[  PASSED  ] {len(names) - len(failed)} tests.")
for name in failed:
    print(f"[  FAILED  ] {name}")
sys.exit(len(failed) > 0)
"""

class Verdicts(unittest.TestCase):
    def judge(self, code, text, name="tests", tests=True):
        return steps.judge(steps.Step(name, ["x"], tests=tests), code, text)

    def test_tests_that_pass(self):
        self.assertEqual(self.judge(0, PASSED), ("passed", "3 tests passed"))

    def test_a_test_that_fails_is_named(self):
        self.assertEqual(self.judge(1, FAILED), ("failed", "2 tests passed; failed: Parity.Atomics"))

    def test_no_test_at_all_is_a_failure(self):
        self.assertEqual(self.judge(0, "[  PASSED  ] 0 tests.\n")[0], "failed")
        self.assertEqual(self.judge(0, "")[0], "failed")

    def test_a_skipped_program_is_a_failure(self):
        self.assertEqual(self.judge(0, "skipped: no GPU to run on (no driver)\n")[0], "failed")
        self.assertEqual(self.judge(3, "no GPU to measure on\n", "benchmark", tests=False)[0], "failed")

    def test_errors_of_the_sanitizer(self):
        outcome, summary = self.judge(86, PASSED + "========= ERROR SUMMARY: 4 errors\n", "memcheck")
        self.assertEqual(outcome, "failed")
        self.assertIn("4 errors of the sanitizer", summary)

    def test_a_crash(self):
        outcome, summary = self.judge(-11, "working\nlast words\n", "benchmark", tests=False)
        self.assertEqual((outcome, summary), ("failed", "exit code -11: last words"))

    def run_step(self, step):
        with tempfile.TemporaryDirectory() as folder:
            return steps.run(step, Path(folder) / "log")

    def test_a_step_beyond_its_limit(self):
        outcome = self.run_step(steps.Step("benchmark", ["sh", "-c", "echo begun; exec sleep 30"], 1))
        self.assertEqual(outcome.outcome, "failed")
        self.assertEqual(outcome.summary, "not done within 1 s; last line: begun")

    def test_tests_beyond_their_limit_say_how_far_they_came(self):
        said = "[ RUN      ] A.A\\n[       OK ] A.A (1 ms)\\n[ RUN      ] A.B\\n"
        outcome = self.run_step(steps.Step("tests", ["sh", "-c", f"printf '{said}'; exec sleep 30"], 1, tests=True))
        self.assertTrue(outcome.summary.endswith("; 1 tests had passed"), outcome.summary)

    def test_what_a_step_started_ends_with_it(self):
        with tempfile.TemporaryDirectory() as folder:
            number = Path(folder) / "pid"
            step = steps.Step("peers", ["sh", "-c", f"trap '' TERM; sleep 60 & echo $! > {number}; trap - TERM; wait"], 1)
            steps.run(step, Path(folder) / "log")
            ps = ["ps", "-o", "stat=", "-p", number.read_text().strip()]
            ended = False
            for _ in range(100):  # a busy machine takes a moment to end a process that was killed
                ended = subprocess.run(ps, capture_output=True, text=True).stdout.strip()[:1] in ("", "Z")
                if ended:
                    break
                time.sleep(0.1)
        self.assertTrue(ended)

    def test_a_step_that_is_asked_to_end_may_write_first(self):
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "written"
            code = f"trap 'echo x > {written}; exit' TERM; sleep 60 & wait"
            steps.run(steps.Step("sweep", ["sh", "-c", code], 1), Path(folder) / "log")
            self.assertTrue(written.exists())

    def test_tests_that_fail_after_a_fault_run_again(self):
        outcome = self.run_step(steps.Step("tests", [sys.executable, "-c", FAULTY, "--gtest_filter=*"], tests=True))
        self.assertEqual(outcome.outcome, "failed")
        self.assertEqual(outcome.summary, "1 tests passed; failed: S.B, S.C, S.D, S.E; of these 2 fail by themselves: S.B, S.D")

    def test_long_lists_are_cut(self):
        text = "[  PASSED  ] 2 tests.\n" + "".join(f"[  FAILED  ] Suite.T{i}\n" for i in range(12))
        self.assertTrue(self.judge(1, text)[1].endswith("Suite.T9 and 2 more"))

    def test_a_program_that_is_not_there(self):
        self.assertEqual(self.run_step(steps.Step("tests", ["/nowhere/program"])).outcome, "failed")


class Time(unittest.TestCase):
    """What a step gets of a run whose time is short."""

    STEP = steps.Step("tests", ["x"], 300, 100, environment={"A": "B"}, tests=True)

    def test_without_an_end_its_own_limit(self):
        self.assertIs(self.STEP.in_time(None), self.STEP)

    def test_its_part_or_what_is_left(self):
        short = self.STEP.in_time(500)
        self.assertEqual((short.limit, short.command, short.tests, short.environment), (100, ["x"], True, {"A": "B"}))
        self.assertEqual(self.STEP.in_time(50).limit, 50 - steps.GRACE)

    def test_too_little_is_nothing(self):
        for left in (steps.GRACE + 2, 0, -10):
            step = self.STEP.in_time(left)
            self.assertEqual((step.command, step.reason), (None, "no time was left for it"))

    def test_a_command_that_is_told_the_seconds(self):
        step = steps.Step("peers", ["x", "1200"], 1200, 1200, least=60, within=lambda seconds: ["x", str(int(seconds))])
        self.assertEqual(step.in_time(105).command, ["x", str(105 - steps.GRACE)])
        self.assertIsNone(step.in_time(60).command)


class Sweeps(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        (self.folder / "history.csv").write_text(HISTORY)
        self.write()

    def write(self, complete=True, status="ok"):
        told = {"complete": complete, "settings": [{"trials": [{"status": "ok"}]}, {"trials": [{"status": status}]}]}
        (self.folder / "results.json").write_text(json.dumps(told))

    def judge(self, code, line="done"):
        return sweeps.judge(self.folder, code, line)

    def test_one_that_is_complete(self):
        self.assertEqual(self.judge(0), ("passed", ""))

    def test_pictures_are_not_missed(self):
        told = (ROOT / "engine/src/report/gnuplot.cpp").read_text()
        self.assertIn(sweeps.NO_PICTURES, told, "what the program says")
        outcome, summary = self.judge(1, f"saltus: {sweeps.NO_PICTURES}; install it")
        self.assertEqual(outcome, "passed")
        self.assertIn("gnuplot", summary)
        self.assertEqual(self.judge(1, "saltus: the disk is full")[0], "failed")
        self.assertEqual(self.judge(-6, f"saltus: {sweeps.NO_PICTURES}")[0], "failed")

    def test_one_that_is_not_complete_or_diverged(self):
        self.write(complete=False)
        self.assertEqual(self.judge(0), ("failed", "not complete"))
        self.write(status="diverged")
        self.assertEqual(self.judge(1, sweeps.NO_PICTURES)[0], "failed")

    def test_one_that_left_nothing(self):
        (self.folder / "results.json").unlink()
        (self.folder / "history.csv").unlink()
        self.assertEqual(self.judge(1, "saltus: no device")[:2], ("failed", "exit code 1: saltus: no device"))
        self.assertIsNone(sweeps.figures(self.folder))

    def test_who_ran_side_by_side(self):
        found = sweeps.figures(self.folder)
        self.assertEqual(found["side_by_side"], [2, 1])
        self.assertEqual(found["epochs_seconds"], 2.5 + 1.25 + 1.5 + 0.5)
        self.assertEqual(found["trials"][1], {"activation": "gelu", "seconds": [2.5, 1.25], "accuracy": [0.625, 0.875]})

    def test_row(self):
        row, = sweeps.rows({"article": sweeps.figures(self.folder)}, [{"name": "article", "seconds": 7.5}])
        self.assertEqual(row, ["article", "2 + 1", 7.5, "5.75", 2, "1.500 to 2.500", "0.500 to 1.250",
                               "relu 75.00, gelu 87.50, elu 25.00"])


class TrainingStep(unittest.TestCase):
    def entry(self, name, microseconds):
        return {"name": f"step: {name}", "kind": "tf32", "trials": 1, "flop": 0, "bytes": 0,
                "contestants": [{"name": "Saltus", "median": microseconds * 1e-6, "seconds": [microseconds * 1e-6]}]}

    def entries(self):
        return [self.entry("01 convolution", 25.0), self.entry("02 loss", 3.0), self.entry("03 all of it", 30.0)]

    def test_is_listed_launch_by_launch(self):
        self.assertEqual(record.step_rows(self.entries()),
                         [["convolution", "25.0", "", ""], ["loss", "3.0", "", ""], ["**all of these**", "28.0", "", ""],
                          ["**the step, in one graph**", "30.0", "", ""]])

    def test_may_be_half_measured(self):
        self.assertEqual(record.step_rows(self.entries()[:1]),
                         [["convolution", "25.0", "", ""], ["**all of these**", "25.0", "", ""]])
        self.assertEqual(record.step_rows([]), [])

    def test_stands_beside_what_was_predicted(self):
        self.assertEqual(record.step_rows(self.entries(), [("convolution", 50e-6), ("loss", 2e-6)]),
                         [["convolution", "25.0", "50.0", "0.50"], ["loss", "3.0", "2.0", "1.50"],
                          ["**all of these**", "28.0", "52.0", "0.54"], ["**the step, in one graph**", "30.0", "52.0", "0.58"]])
        other = record.step_rows(self.entries()[:2], [("convolution", 50e-6), ("head", 2e-6)])
        self.assertEqual([row[2] for row in other], ["50.0", "", ""], "no computation stands beside another's prediction")

    def test_is_predicted_for_devices_that_are_known(self):
        names = [name for name, seconds in record.predictions("NVIDIA H200", "tf32", 6, 90) if seconds > 0]
        self.assertIn("update", names)
        self.assertEqual(record.predictions("NVIDIA A100", "tf32", 6, 90), [])

    def test_has_a_section_for_each_precision_and_number_of_trials(self):
        others = [entry | {"trials": 6} for entry in self.entries()]
        lines = list(record.training_steps(self.entries() + others))
        self.assertEqual([line for line in lines if line.startswith("## ")],
                         ["## A training step, launch by launch: tf32, 1 trial",
                          "## A training step, launch by launch: tf32, 6 trials"])

    def test_of_single_layers_has_a_section_of_its_own(self):
        single = [entry | {"name": entry["name"].replace("step: ", record.SINGLE)} for entry in self.entries()]
        lines = list(record.training_steps(self.entries() + single))
        self.assertIn("## A training step of single layers, launch by launch: tf32, 1 trial", lines)


class Page(unittest.TestCase):
    def setUp(self):
        self.record = {
            "device": dict(zip(machine.QUERY, DEVICE.split(", "))), "date": "2030-01-02", "commit": "0123456789abcdef",
            "changed": False, "sources": "fedcba9876543210", "sources_here": "fedcba9876543210", "sanitizers": False,
            "sweeps": {}, "programs": "built here", "benchmark": BENCH,
            "steps": [steps.Outcome("tests", "passed", 1.5, "3 tests passed").as_json(),
                      steps.Outcome("sweep", "left out", summary="not yet").as_json()],
        }

    def test_name(self):
        self.assertEqual(record.name_of(self.record), "nvidia-h100-80gb-hbm3-2030-01-02-fedcba9876")
        self.record["sanitizers"] = True
        self.assertTrue(record.name_of(self.record).endswith("-fedcba9876-sanitizers"))

    def test_heading(self):
        page = record.page(self.record)
        for text in ("NVIDIA H100 80GB HBM3", "2030-01-02; the sources have the hash fedcba987654", "commit 0123456789ab;",
                     "CUDA 13.0", "driver 580.1", "Nothing failed."):
            self.assertIn(text, page)
        self.assertNotIn("are others", page)
        self.record["sources_here"] = "00"
        self.assertIn("The sources beside it, 00, are others.", record.page(self.record))

    def test_what_failed_is_said(self):
        self.record["steps"].append(steps.Outcome("racecheck", "failed").as_json())
        self.record["changed"] = True
        page = record.page(self.record)
        self.assertIn("Failed: racecheck.", page)
        self.assertIn("not committed", page)

    def test_times(self):
        page = record.page(self.record)
        # 5e9 operations at 2.5e14 a second are 20 us, 3e7 bytes at 3e12 are 10 us: 20 of 50.
        self.assertEqual(row_of(page, "conv2 forward", "tf32", "6", "Saltus")[4:],
                         ["50.0", "40.0 to 60.0", "100.00 TFLOP/s", "40 %", "", "adds the bias"])
        self.assertEqual(row_of(page, "conv2 forward", "tf32", "6", "cuDNN")[8], "2.00x")
        self.assertEqual(row_of(page, "bias, relu", "", "1", "Saltus")[6:8], ["1500 GB/s", "50 %"])
        self.assertEqual(row_of(page, "bias, relu", "", "1", "cuDNN")[4], "left out")

    def test_the_fastest_copy_is_the_ceiling(self):
        BENCH["entries"][0]["contestants"].insert(0, {"name": "a kernel", "note": "", "seconds": [5e-4], "median": 5e-4})
        self.addCleanup(BENCH["entries"][0]["contestants"].pop, 0)
        self.assertEqual(row_of(record.page(self.record), "bias, relu", "", "1", "Saltus")[7], "25 %")

    def test_roofs_sweeps_and_steps_have_sections_of_their_own(self):
        roof = {"name": "roof: ex2", "kind": "", "trials": 1, "flop": 4e12, "bytes": 0,
                "contestants": [{"name": "a kernel", "note": "", "seconds": [1.0], "median": 1.0}]}
        gap = {**roof, "name": "roof: nothing", "flop": 0}
        step = {**roof, "name": "step: 01 loss", "kind": "tf32", "flop": 0}
        self.record["benchmark"] = {**BENCH, "entries": [*BENCH["entries"], roof, gap, step]}
        self.record["sweeps"] = {"article": {"trials": [{"activation": "relu", "seconds": [2.0], "accuracy": [0.5]}],
                                             "side_by_side": [1], "epochs_seconds": 2.0}}
        page = record.page(self.record)
        self.assertEqual(row_of(page, "ex2")[4], "4.00 TFLOP/s")
        self.assertEqual(row_of(page, "nothing")[4], "")
        self.assertEqual(row_of(page, "article")[1], "1")
        self.assertEqual(row_of(page, "loss")[:2], ["loss", "1000000.0"])
        self.assertIn("## Roofs", page)
        self.assertIn("## A training step, launch by launch: tf32, 1 trial\n", page)

    def test_a_record_without_times(self):
        del self.record["benchmark"]
        self.assertNotIn("## Times", record.page(self.record))

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            logs = Path(folder) / "these"
            logs.mkdir()
            (logs / "tests.log").write_text("said")
            page = record.write(self.record, Path(folder) / "new", logs)
            self.assertEqual(json.loads(page.with_suffix(".json").read_text()), self.record)
            with tarfile.open(page.with_suffix(".logs.tar.gz")) as file:
                self.assertEqual(file.extractfile("logs/tests.log").read(), b"said")
            self.assertEqual(len(list(page.parent.iterdir())), 3, "nothing by half")


class Collecting(unittest.TestCase):
    """--collect, of programs that were built."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        (self.folder / "CMakeCache.txt").write_text("CMAKE_CUDA_ARCHITECTURES:STRING=90-real\n")
        saltus = self.folder / "saltus"
        saltus.write_text("#!/bin/sh\necho 'this build has no CUDA backend'\n")
        saltus.chmod(0o755)
        some = Path(shutil.which("true"))
        self.built = {programs.TESTS: some, programs.BENCH: some, programs.SALTUS: saltus,
                      programs.TRIALS: some}

    def collect(self, data=None):
        with mock.patch.object(programs, "build", lambda *_: dict(self.built)), contextlib.redirect_stdout(io.StringIO()):
            return programs.collect(self.folder / "carried", self.folder, 60, data)

    def test_what_is_gathered_starts(self):
        self.assertGreater(self.collect(), 0)
        found, origin = programs.find(self.folder / "carried", 60)
        self.assertEqual(set(found), {programs.TESTS, programs.BENCH})
        self.assertIn("carried", origin)
        note = json.loads((self.folder / "carried" / "collected.json").read_text())
        self.assertEqual(note["architectures"], "90-real")
        self.assertEqual(machine.state_of(self.folder / "carried")["sources"], machine.sources())

    def test_mnist_comes_along(self):
        data = self.folder / "mnist"
        data.mkdir()
        for name in programs.MNIST[1:]:
            (data / f"{name}.gz").write_text("x")
        with self.assertRaisesRegex(RuntimeError, "has no train-images-idx3-ubyte, packed or not"):
            self.collect(data)
        (data / programs.MNIST[0]).write_text("x")
        self.collect(data)
        found = sorted(path.name for path in (self.folder / "carried" / programs.DATA).iterdir())
        self.assertEqual(found, sorted([programs.MNIST[0], *(f"{name}.gz" for name in programs.MNIST[1:])]))

    def test_too_much_to_carry(self):
        with mock.patch.object(programs, "MOST_BYTES", 10), self.assertRaisesRegex(RuntimeError, "can be carried"):
            self.collect()

    def test_libraries_of_every_machine_stay(self):
        for name in ("libc.so.6", "libstdc++.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "libgcc_s.so.1"):
            self.assertTrue(programs.EVERYWHERE.match(name), name)
        for name in ("libcrypto.so.3", "libgomp.so.1", "libcurl.so.4"):
            self.assertFalse(programs.EVERYWHERE.match(name), name)


class Hash(unittest.TestCase):
    """The hash of the sources."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = Path(holder.name)
        (self.root / "kernels" / "__pycache__").mkdir(parents=True)
        (self.root / "docs").mkdir()
        (self.root / "CMakeLists.txt").write_text("project")
        (self.root / "kernels" / "a.cu").write_text("kernel")
        self.before = machine.sources(self.root)

    def test_changes_with_what_programs_are_made_of(self):
        seen = {self.before}
        for change in (lambda k: (k / "a.cu").write_text("lenrek"), lambda k: (k / "a.cu").write_text("kernels"), lambda k: (k / "b.cu").write_text(""),
                       lambda k: (k / "b.cu").rename(k / "c.cu")):
            change(self.root / "kernels")
            seen.add(machine.sources(self.root))
        self.assertEqual(len(seen), 5)

    def test_names_and_contents_cannot_be_taken_for_each_other(self):
        (self.root / "kernels" / "a.cu").write_text("kernelskernels/b.cu")
        one = machine.sources(self.root)
        (self.root / "kernels" / "a.cu").write_text("kernels")
        (self.root / "kernels" / "b.cu").write_text("")
        self.assertNotEqual(machine.sources(self.root), one)

    def test_does_not_change_with_what_they_are_not(self):
        (self.root / "docs" / "page.md").write_text("x")
        (self.root / "kernels" / ".hidden").write_text("x")
        (self.root / "kernels" / "__pycache__" / "a.pyc").write_text("x")
        self.assertEqual(machine.sources(self.root), self.before)


if __name__ == "__main__":
    unittest.main()
