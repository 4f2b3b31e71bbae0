#!/usr/bin/env python3
"""scripts/gpu_verify without a GPU: its verdicts and its page, from samples of what the programs say, and the whole of
it beside programs that only pretend."""
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from gpu_record import machine, programs, record, steps  # noqa: E402: found by the line above

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

    def test_a_step_beyond_its_limit(self):
        with tempfile.TemporaryDirectory() as logs:
            step = steps.Step("tests", ["sh", "-c", "echo begun; exec sleep 30"], 1)
            outcome = steps.run(step, logs)
        self.assertEqual(outcome.outcome, "failed")
        self.assertEqual(outcome.summary, "not done within 1 s; last line: begun")

    def test_tests_that_fail_after_a_fault_run_again(self):
        with tempfile.TemporaryDirectory() as logs:
            step = steps.Step("tests", [sys.executable, "-c", FAULTY, "--gtest_filter=*"], tests=True)
            outcome = steps.run(step, logs)
        self.assertEqual(outcome.outcome, "failed")
        self.assertEqual(outcome.summary, "1 tests passed; failed: S.B, S.C, S.D, S.E; of these 2 fail by themselves: S.B, S.D")

    def test_long_lists_are_cut(self):
        text = "[  PASSED  ] 2 tests.\n" + "".join(f"[  FAILED  ] Suite.T{i}\n" for i in range(12))
        self.assertTrue(self.judge(1, text)[1].endswith("Suite.T9 and 2 more"))

    def test_a_program_that_is_not_there(self):
        with tempfile.TemporaryDirectory() as logs:
            self.assertEqual(steps.run(steps.Step("tests", ["/nowhere/program"]), logs).outcome, "failed")


class Page(unittest.TestCase):
    def setUp(self):
        self.record = {
            "device": dict(zip(machine.QUERY, DEVICE.split(", "))), "date": "2030-01-02", "commit": "0123456789abcdef",
            "changed": False, "programs": "built here", "benchmark": BENCH,
            "steps": [steps.Outcome("tests", "passed", 1.5, "3 tests passed").as_json(),
                      steps.Outcome("sweep", "left out", summary="not yet").as_json()],
        }

    def test_name(self):
        self.assertEqual(record.name_of(self.record), "nvidia-h100-80gb-hbm3-2030-01-02-0123456")

    def test_heading(self):
        page = record.page(self.record)
        for text in ("NVIDIA H100 80GB HBM3", "2030-01-02, commit 0123456789ab;", "CUDA 13.0", "driver 580.1", "Nothing failed."):
            self.assertIn(text, page)

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

    def test_a_record_without_times(self):
        del self.record["benchmark"]
        self.assertNotIn("## Times", record.page(self.record))

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            page = record.write(self.record, Path(folder) / "new")
            self.assertEqual(json.loads(page.with_suffix(".json").read_text()), self.record)


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

    def collect(self):
        with mock.patch.object(programs, "build", lambda *_: dict(self.built)), contextlib.redirect_stdout(io.StringIO()):
            return programs.collect(self.folder / "carried", self.folder, 60)

    def test_what_is_gathered_starts(self):
        self.assertGreater(self.collect(), 0)
        found, origin = programs.find(self.folder / "carried", 60)
        self.assertEqual(set(found), {programs.TESTS, programs.BENCH})
        self.assertIn("carried", origin)
        note = json.loads((self.folder / "carried" / "collected.json").read_text())
        self.assertEqual(note["architectures"], "90-real")

    def test_too_much_to_carry(self):
        with mock.patch.object(programs, "MOST_BYTES", 10), self.assertRaisesRegex(RuntimeError, "can be carried"):
            self.collect()

    def test_libraries_of_every_machine_stay(self):
        for name in ("libc.so.6", "libstdc++.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "libgcc_s.so.1"):
            self.assertTrue(programs.EVERYWHERE.match(name), name)
        for name in ("libcrypto.so.3", "libgomp.so.1", "libcurl.so.4"):
            self.assertFalse(programs.EVERYWHERE.match(name), name)


class Whole(unittest.TestCase):
    """scripts/gpu_verify with a nvidia-smi and programs that pretend."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.tests = f"cat <<'END'\n{PASSED}END"
        (self.folder / "bench.json").write_text(json.dumps(BENCH))

    def program(self, name, body):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def verify(self, *arguments):
        self.program("nvidia-smi", f"echo '{DEVICE}'")
        self.program("saltus_kernel_tests_gpu", self.tests)
        self.program("saltus_gpu_bench", f"[ \"$1\" = --help ] || cp {self.folder}/bench.json \"$2\"")
        self.program("compute-sanitizer", "echo '========= ERROR SUMMARY: 0 errors'\nshift 6\nexec \"$@\"")
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        command = [sys.executable, "-B", str(ROOT / "scripts" / "gpu_verify"), "--programs", str(self.folder), "--out",
                   str(self.folder / "out"), "--logs", str(self.folder / "logs"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    def pages(self):
        return sorted((self.folder / "out").glob("*.md"))

    def test_all_passes(self):
        done = self.verify()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        page = self.pages()[0].read_text()
        for name in ("tests", "parity", "walk", "memcheck", "racecheck", "initcheck", "synccheck", "benchmark"):
            self.assertEqual(row_of(page, name)[1], "passed")
        for name in ("sweep", "libraries", "peers"):
            self.assertEqual(row_of(page, name)[1], "left out")
        self.assertIn("## Times", page)

    def test_a_failure_keeps_nothing_from_running(self):
        self.tests = f"[ \"$1\" = --gtest_list_tests ] && exit 0\ncat <<'END'\n{FAILED}END\nexit 1"
        done = self.verify("--steps", "walk,benchmark")
        self.assertEqual(done.returncode, 1)
        page = self.pages()[0].read_text()
        self.assertEqual(row_of(page, "walk")[1], "failed")
        self.assertEqual(row_of(page, "benchmark")[1], "passed")

    def test_a_program_that_trains_on_a_gpu_does_so(self):
        for told, outcome in (("cuda  this build of saltus has no CUDA backend; use cpu", "left out"),
                              ("cuda  cuda", "passed")):
            self.program("saltus", f"[ \"$1\" = info ] && echo '{told}'\nexit 0")
            self.assertEqual(self.verify("--steps", "sweep").returncode, 0)
            self.assertEqual(row_of(self.pages()[0].read_text(), "sweep")[1], outcome)

    def test_the_peers_are_asked_where_saltus_can_be_compared(self):
        self.program("saltus", "echo 'cuda  a GPU'")
        self.assertEqual(self.verify("--steps", "peers").returncode, 0)
        self.assertIn("saltus_bench", row_of(self.pages()[0].read_text(), "peers")[3])
        self.program("saltus_bench", "exit 0")
        self.verify("--steps", "peers")
        self.assertNotEqual(row_of(self.pages()[0].read_text(), "peers")[1], "left out")

    def test_wrong_use(self):
        self.assertEqual(self.verify("--stride", "16").returncode, 2)
        self.assertEqual(self.verify("--steps", "dance").returncode, 2)

    def test_no_gpu(self):
        self.verify("--stride", "2")  # makes the programs
        self.program("nvidia-smi", "exit 9")
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        done = subprocess.run([sys.executable, "-B", str(ROOT / "scripts" / "gpu_verify")], capture_output=True, text=True,
                              env=environment)
        self.assertEqual((done.returncode, done.stdout), (3, "no GPU: nothing verified\n"))


if __name__ == "__main__":
    unittest.main()
