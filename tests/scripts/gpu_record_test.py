#!/usr/bin/env python3
"""scripts/gpu_verify without a GPU: its verdicts and its page, from samples of what the programs say, and the whole of
it beside programs that only pretend."""
import contextlib
import io
import json
import os
import shutil
import signal
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

from gpu_record import machine, plan, prediction, programs, record, steps, sweeps  # noqa: E402: found by the line above

PASSED = "[==========] 3 tests from 1 test suite ran.\n[  PASSED  ] 3 tests.\n"
FAILED = "[  PASSED  ] 2 tests.\n[  FAILED  ] 1 test, listed below:\n[  FAILED  ] Parity.Atomics\n"
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
DEVICE = "NVIDIA H100 80GB HBM3, 580.1, 81559 MiB, 1980 MHz, 700.00 W"
BENCH = {
    "device": {"name": "NVIDIA H100 80GB HBM3", "cuda_of_program": "13.0", "cuda_of_driver": "13.0"},
    "rows": 128,
    "rounds": 3,
    "entries": [
        {"name": "copy in device memory", "kind": "", "trials": 1, "flop": 0, "bytes": 3e9,
         "contestants": [{"name": "cudaMemcpyAsync", "note": "", "seconds": [1e-3] * 3, "median": 1e-3}]},
        {"name": "product 8192 x 8192 x 8192", "kind": "tf32", "trials": 1, "flop": 1e12, "bytes": 1e9,
         "contestants": [{"name": "cuBLASLt", "note": "", "seconds": [4e-3] * 3, "median": 4e-3}]},
        {"name": "conv2 forward", "kind": "tf32", "trials": 6, "flop": 5e9, "bytes": 3e7,
         "contestants": [
             {"name": "Saltus", "note": "adds the bias", "seconds": [4e-5, 5e-5, 6e-5], "median": 5e-5},
             {"name": "cuDNN", "note": "", "seconds": [1e-4, 1e-4, 2e-4], "median": 1e-4}]},
        {"name": "bias, relu", "kind": "", "trials": 1, "flop": 0, "bytes": 3e7,
         "contestants": [{"name": "Saltus", "note": "", "seconds": [2e-5] * 3, "median": 2e-5},
                         {"name": "cuDNN", "note": "libcudnn.so.9: no such file | or folder"}]},
    ],
}


def row_of(page, *cells):
    """The cells of the page's only table row that begins with these."""
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in page.splitlines() if line.startswith("| ")]
    found = [row for row in rows if row[:len(cells)] == list(cells)]
    assert len(found) == 1, (cells, found)
    return found[0]


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
            state = subprocess.run(["ps", "-o", "stat=", "-p", number.read_text().strip()], capture_output=True, text=True)
        self.assertIn(state.stdout.strip()[:1], ("", "Z"))

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


HISTORY = """activation,parameters,seed,epoch,val_categorical_accuracy,seconds,trial
relu,,0,1,0.5,2.5,a
relu,,0,2,0.75,1.25,a
gelu,,0,1,0.625,2.5,b
gelu,,0,2,0.875,1.25,b
elu,,0,1,0.5,1.5,c
elu,,0,2,0.25,0.5,c
"""


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


class Predicted(unittest.TestCase):
    JOBS = [{"step": "convolution", "name": "conv2d forward", "seconds": 1e-5},
            {"step": "loss", "name": "loss", "seconds": 2e-6}]

    def entry(self, name, microseconds):
        return {"name": f"step: {name}", "kind": "tf32", "trials": 1, "flop": 0, "bytes": 0,
                "contestants": [{"name": "Saltus", "median": microseconds * 1e-6, "seconds": [microseconds * 1e-6]}]}

    def entries(self):
        return [self.entry("01 convolution", 25.0), self.entry("02 loss", 3.0), self.entry("03 all of it", 30.0)]

    def test_beside_the_measured(self):
        self.assertEqual(list(prediction.rows(self.entries(), self.JOBS)),
                         [["conv2d forward", "25.0", "10.0", "2.5"], ["loss", "3.0", "2.0", "1.5"],
                          ["**all of these**", "28.0", "12.0", "2.3"], ["**the step, in one graph**", "30.0", "12.0", "2.5"]])

    def test_not_of_other_steps(self):
        for jobs in ([], self.JOBS[:1], self.JOBS[::-1]):
            self.assertEqual(list(prediction.rows(self.entries(), jobs))[0], ["convolution", "25.0", "", ""])

    def test_half_a_step(self):
        self.assertEqual([row[0] for row in prediction.rows(self.entries()[:1], self.JOBS)],
                         ["convolution", "**all of these**"])

    def test_is_there_for_the_cards_that_are_predicted(self):
        for device in ("NVIDIA H100 80GB HBM3", "NVIDIA H200"):
            for kind in plan.PRECISIONS:
                for trials in (1, 6):
                    self.assertTrue(prediction.predicted_jobs(device, kind, trials), (device, kind, trials))
        self.assertEqual(prediction.predicted_jobs("NVIDIA A2", "tf32", 1), [])


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
        self.assertEqual(row_of(page, "loss"), ["loss", "1000000.0", "", ""])
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


class Whole(unittest.TestCase):
    """scripts/gpu_verify with a nvidia-smi and programs that pretend."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.tests = f"cat <<'END'\n{PASSED}END"
        self.bench = f"[ $1 = --help ] || cp {self.folder}/bench.json $4"  # --parts PARTS --json FILE
        self.saltus = "exit 0"
        (self.folder / "bench.json").write_text(json.dumps(BENCH))
        (self.folder / "history.csv").write_text(HISTORY)
        told = {"complete": True, "settings": [{"trials": [{"status": "ok"}]}]}
        (self.folder / "results.json").write_text(json.dumps(told))

    def program(self, name, body):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def trains(self):
        self.saltus = (f"[ $1 = info ] && exec echo 'cuda  a GPU'\n[ $1 = --help ] && exit 0\nmkdir $5\n"  # sweep ... --out DIR
                       f"cp {self.folder}/history.csv {self.folder}/results.json $5")
        self.program("saltus_bench", "exit 0")

    def start(self, *arguments):
        self.program("nvidia-smi", f"echo '{DEVICE}'")
        self.program("saltus_kernel_tests_gpu", self.tests)
        self.program("saltus_gpu_bench", self.bench)
        self.program("saltus", self.saltus)
        self.program("compute-sanitizer", "echo '========= ERROR SUMMARY: 0 errors'\nshift 6\nexec \"$@\"")
        self.program("ncu", "while [ $1 != --log-file ]; do shift; done\necho counted > $2")
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        command = [sys.executable, "-B", str(ROOT / "scripts" / "gpu_verify"), "--programs", str(self.folder), "--out",
                   str(self.folder / "out"), "--build-limit", "1", *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    def verify(self, *arguments):
        process = self.start(*arguments)
        out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def page(self):
        page, = (path for path in (self.folder / "out").glob("nvidia*.md"))
        return page.read_text()

    def logs(self):
        archive, = (self.folder / "out").glob("nvidia*.logs.tar.gz")
        with tarfile.open(archive) as file:
            return {Path(member.name).name for member in file.getmembers() if member.isfile()}

    def test_all_passes(self):
        self.trains()
        done = self.verify("--steps", ",".join(["roofs", "tests", "parity", "walk", "article-tf32", "beside-bf16-3", "start",
                                                "libraries", "launches", "kernels", "counters"]))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        page = self.page()
        for name in ("roofs", "tests", "parity", "walk", "launches", "kernels", "counters", "libraries"):
            self.assertEqual(row_of(page.split("## Sweeps")[0], name)[1], "passed")
        self.assertIn("## Times", page)
        self.assertEqual(row_of(page.split("## Sweeps")[1], "beside-bf16-3")[1], "2 + 1")
        self.assertLessEqual({"tests.log", "counters.csv", "article-tf32-history.csv", "start-results.json"}, self.logs())
        self.assertEqual(len(list((self.folder / "out").iterdir())), 3, "few files")

    def test_steps_come_by_their_value(self):
        self.trains()
        found = {name: self.folder / name for name in programs.PLACES}
        options = mock.Mock(sanitizers=False, filter=None, stride=None, minutes=9, programs=self.folder, data=None,
                            out=self.folder, state={"sources": "0" * 64})
        with mock.patch.object(plan, "trains_on_gpu", lambda _: True), mock.patch.object(machine, "tool", lambda name: name):
            all_steps = plan.plan(found, self.folder, options)
        names = [step.name for step in all_steps]
        self.assertEqual(names[:5], ["roofs", "tests", "parity", "walk", "article-tf32"])
        self.assertEqual(names[-1], "peers")
        self.assertEqual(len(names), len(set(names)))
        self.assertIn("--concurrent 6 --epochs 2", " ".join(all_steps[names.index("beside-tf32-6")].command))
        rest = 9 * 60 - sum(step.part for step in all_steps[:names.index("article-bf16") + 1])
        self.assertGreater(rest, 240, "the article comes in the first half, however slow all is")
        peers = all_steps[-1].in_time(200)
        self.assertEqual(peers.command[-1], str(200 - steps.GRACE - plan.PEERS_END))
        self.assertIn("000000000000", peers.command)

    def test_a_failure_keeps_nothing_from_running(self):
        self.tests = f"[ \"$1\" = --gtest_list_tests ] && exit 0\ncat <<'END'\n{FAILED}END\nexit 1"
        done = self.verify("--steps", "walk,kernels")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(row_of(self.page(), "walk")[1], "failed")
        self.assertEqual(row_of(self.page(), "kernels")[1], "passed")

    def test_the_sanitizers_are_a_run_of_their_own(self):
        self.assertEqual(self.verify("--sanitizers", "--minutes", "1").returncode, 0)
        page = self.page()
        for name in ("memcheck", "racecheck", "initcheck", "synccheck"):
            self.assertEqual(row_of(page, name)[1], "passed")
            self.assertIn("0 errors of the sanitizer", row_of(page, name)[3])
        self.assertNotIn("| tests |", page)

    def test_a_run_of_minutes_builds_nothing(self):
        self.saltus = "echo no library >&2; exit 127"
        done = self.verify("--minutes", "1", "--steps", "walk,sweeps,peers")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("saltus was carried along and does not start here: no library", done.stdout)
        self.assertEqual(row_of(self.page(), "walk")[1], "passed")
        self.assertEqual(row_of(self.page(), "sweeps")[1], "left out")
        self.bench = "exit 1"
        self.assertEqual(self.verify("--minutes", "1", "--steps", "roofs,counters").returncode, 0)
        for name in ("roofs", "counters"):
            self.assertIn("no saltus_gpu_bench program", row_of(self.page(), name)[3])

    def test_a_filter_of_tests(self):
        self.tests = f"[ \"$1\" = '--gtest_filter=Parity.*' ] || exit 0\ncat <<'END'\n{PASSED}END"
        self.assertEqual(self.verify("--steps", "memcheck", "--sanitizers", "--filter", "Parity.*").returncode, 0)
        self.assertEqual(self.verify("--steps", "tests").returncode, 1)

    def test_a_run_ends_in_its_minutes(self):
        self.bench = "[ $1 = --help ] || exec sleep 60"
        begin = time.monotonic()
        done = self.verify("--minutes", "0.25", "--steps", "roofs,launches,kernels")
        self.assertLess(time.monotonic() - begin, 50, "each of the three would take a minute")
        self.assertEqual(done.returncode, 1)
        self.assertIn("not done within", row_of(self.page(), "roofs")[3])
        self.assertEqual(row_of(self.page(), "kernels")[3], "no time was left for it")

    def wait_for(self, name):
        for _ in range(200):
            if (self.folder / name).exists():
                return
            time.sleep(0.05)
        self.fail(f"no {name}")

    def killed(self, number):
        """Kills a run during its third step; returns what it left."""
        self.bench = f"[ $1 = --help ] && exit 0\necho half of it\ntouch {self.folder}/begun\nexec sleep 60"
        process = self.start("--steps", "tests,parity,kernels")
        self.wait_for("begun")
        os.kill(process.pid, number)
        process.communicate(timeout=20)
        self.assertEqual(row_of(self.page(), "tests")[1], "passed")
        self.assertEqual(row_of(self.page(), "parity")[1], "passed")
        self.assertLessEqual({"tests.log", "parity.log"}, self.logs())
        return process.returncode

    def test_one_that_is_killed_leaves_what_it_has(self):
        self.assertEqual(self.killed(signal.SIGKILL), -signal.SIGKILL)
        self.assertEqual((self.folder / "out" / "running.log").read_text(), "half of it\n")

    def test_one_that_is_asked_to_end_says_during_what(self):
        self.assertEqual(self.killed(signal.SIGTERM), 1)
        self.assertEqual(row_of(self.page(), "kernels")[1:4:2], ["failed", "the run was ended during it"])
        self.assertIn("kernels.log", self.logs())

    def test_a_program_that_trains_on_a_gpu_does_so(self):
        self.saltus = "[ $1 = info ] && echo 'cuda  this build of saltus has no CUDA backend; use cpu'\nexit 0"
        self.assertEqual(self.verify("--steps", "sweeps").returncode, 0)
        self.assertEqual(row_of(self.page(), "sweeps")[1], "left out")
        self.trains()
        self.assertEqual(self.verify("--steps", "start").returncode, 0)
        self.assertEqual(row_of(self.page().split("## Sweeps")[0], "start")[1], "passed")

    def test_the_peers_are_asked_where_saltus_can_be_compared(self):
        self.assertEqual(self.verify("--steps", "peers").returncode, 0)
        self.assertIn("saltus_bench", row_of(self.page(), "peers")[3])
        self.trains()
        self.verify("--steps", "peers")
        self.assertNotEqual(row_of(self.page(), "peers")[1], "left out")

    def test_wrong_use(self):
        self.assertEqual(self.verify("--stride", "16").returncode, 2)
        self.assertEqual(self.verify("--steps", "dance").returncode, 2)
        self.assertEqual(self.verify("--minutes", "0").returncode, 2)
        self.assertEqual(self.verify("--sanitizers", "--steps", "tests").returncode, 2)

    def test_the_hash_is_told(self):
        self.assertEqual(self.verify("--sources").stdout.strip(), machine.sources())

    def test_no_gpu(self):
        self.program("nvidia-smi", "exit 9")
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        done = subprocess.run([sys.executable, "-B", str(ROOT / "scripts" / "gpu_verify")], capture_output=True, text=True,
                              env=environment)
        self.assertEqual((done.returncode, done.stdout), (3, "no GPU: nothing verified\n"))


if __name__ == "__main__":
    unittest.main()
