#!/usr/bin/env python3
"""The whole of scripts/gpu_verify without a GPU, beside programs that only pretend."""
import json
import os
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

from gpu_record import machine, plan, programs, step_model, steps  # noqa: E402: found by the line above
from samples import BENCH, DEVICE, FAILED, HISTORY, PASSED, row_of


def entries_of_steps():
    """What the benchmark says of the steps that are counted: each computation takes a millisecond."""
    steps = step_model.Steps(step_model.read_launches())
    for kind, trials, architecture in steps.settings():
        for number, (name, _) in enumerate(steps.computations(kind, trials, architecture), 1):
            if architecture == 90:
                yield {"name": f"step: {number:02} {name}", "kind": kind, "trials": trials, "flop": 0, "bytes": 0,
                       "contestants": [{"name": "Saltus", "note": "", "seconds": [1e-3], "median": 1e-3}]}


class Whole(unittest.TestCase):
    """scripts/gpu_verify with a nvidia-smi and programs that pretend."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.tests = f"cat <<'END'\n{PASSED}END"
        # --parts PARTS --json FILE
        self.bench = f"[ $1 = --help ] && exit\nname=bench\n[ $2 != step ] || name=step\ncp {self.folder}/$name.json $4"
        self.saltus = "exit 0"
        (self.folder / "bench.json").write_text(json.dumps(BENCH))
        (self.folder / "step.json").write_text(json.dumps({**BENCH, "entries": list(entries_of_steps())}))
        self.counted = "".join(f"{launch.name}\n" for launch in step_model.read_launches())
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
        self.program("ncu", f"while [ $1 != --log-file ]; do shift; done\ncat > $2 <<'END'\n{self.counted}END")
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
        names = ["roofs", "tests", "parity", "walk", "article-tf32", "single-bf16", "beside-bf16-3", "start", "libraries",
                 "launches", "launches-single", "kernels", "counters-tf32", "counters-bf16"]
        done = self.verify("--steps", ",".join(names))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        page = self.page()
        for name in names:
            self.assertEqual(row_of(page.split("## Sweeps")[0], name)[1], "passed")
        self.assertIn("## Times", page)
        self.assertEqual(row_of(page.split("## Sweeps")[1], "beside-bf16-3")[1], "2 + 1")
        self.assertLessEqual({"tests.log", "counters-tf32.csv", "article-tf32-history.csv", "start-results.json"}, self.logs())
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
        self.assertEqual(self.verify("--minutes", "1", "--steps", "roofs,counters-tf32").returncode, 0)
        for name in ("roofs", "counters-tf32"):
            self.assertIn("no saltus_gpu_bench program", row_of(self.page(), name)[3])

    def test_what_a_step_has_not_measured_is_said(self):
        entries = [entry for entry in entries_of_steps() if "convolutions_pool_backward" not in entry["name"]]
        (self.folder / "step.json").write_text(json.dumps({**BENCH, "entries": entries}))
        self.counted = self.counted.replace("first_gradients_kernel", "another_kernel")
        self.assertEqual(self.verify("--steps", "launches,counters-tf32").returncode, 1)
        self.assertEqual(row_of(self.page(), "launches")[1], "failed")
        self.assertIn("nothing of convolutions_pool_backward (tf32, 1), ", row_of(self.page(), "launches")[3])
        self.assertEqual(row_of(self.page(), "counters-tf32")[3], "it has nothing of first_gradients_kernel")

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
