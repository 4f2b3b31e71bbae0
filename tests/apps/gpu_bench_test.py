#!/usr/bin/env python3
"""apps/bench without a GPU: rounds and their deadline, engines that fail, what the page makes of a record."""
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "apps" / "bench"))

import contest  # noqa: E402: found by the line above
import gpu_report  # noqa: E402
from engines import Engine, in_turn  # noqa: E402

ECHO = "import sys\nprint('{}', flush=True)\nfor line in sys.stdin: print(line, end='', flush=True)"


class Pretender:
    """An engine that notes when it is asked."""

    def __init__(self, asked, name, takes=0.0, fails_at=None):
        self.asked, self.name, self.takes, self.fails_at = asked, name, takes, fails_at

    def ask(self, line, deadline):
        self.asked.append(self.name)
        if self.asked.count(self.name) == self.fails_at:
            raise ChildProcessError("it ended")
        time.sleep(self.takes)
        return {"seconds": 1.0}


def played(rounds, seconds, **engines):
    asked = []
    entries = [contest.Entry(name, Pretender(asked, name, **about), "") for name, about in engines.items()]
    contest.play(entries, rounds, time.monotonic() + seconds, say=lambda *_, **__: None)
    return asked, entries


class Rounds(unittest.TestCase):
    def test_each_begins_with_another_engine(self):
        asked, entries = played(3, 60, a={}, b={}, c={})
        self.assertEqual("".join(asked), "abc" + "abc" + "bca" + "cab")
        self.assertEqual([len(entry.rounds) for entry in entries], [3, 3, 3])

    def test_none_begins_that_would_not_end_in_time(self):
        asked, entries = played(100, 0.5, a={"takes": 0.1}, b={"takes": 0.1})
        self.assertEqual(len(entries[0].rounds), len(entries[1].rounds))
        self.assertEqual(len(entries[0].rounds), 1)

    def test_an_engine_that_ends_leaves_the_others_playing(self):
        _, entries = played(3, 60, a={}, b={"fails_at": 3})
        self.assertEqual([len(entry.rounds) for entry in entries], [3, 1])
        self.assertEqual(entries[1].note, "it ended")

    def test_what_is_known_to_take_too_long_is_not_asked(self):
        asked = []
        entry = contest.Entry("a", Pretender(asked, "a"), "", expected=100.0)
        contest.play([entry], 3, time.monotonic() + 10)
        self.assertEqual((asked, entry.note, entry.rounds), ([], contest.NO_TIME, []))

    def test_no_engine_at_all(self):
        self.assertEqual((in_turn([], 3), contest.play([], 3, 0)), ([], []))


class Children(unittest.TestCase):
    def engine(self, code, seconds=30):
        return Engine("test", [sys.executable, "-c", code], time.monotonic() + seconds)

    def test_answers_and_ends(self):
        engine = self.engine(ECHO)
        self.assertEqual(engine.ask('{"a": 1}'), {"a": 1})
        self.assertEqual(engine.end(), 0)

    def test_one_that_ends_says_its_last_words(self):
        with self.assertRaisesRegex(ChildProcessError, r"code 1 \(no GPU here\)"):
            self.engine("raise SystemExit('no GPU here')")

    def test_one_that_takes_too_long_is_ended(self):
        started = time.monotonic()
        with self.assertRaises(TimeoutError):
            self.engine("import time; time.sleep(60)", seconds=0.1)
        self.assertLess(time.monotonic() - started, 20)


def entry(*seconds, accuracy=0.99):
    return {"first_seconds": 3.0, "note": "", "accuracy": [accuracy],
            "rounds": [{"seconds": value, "accuracy": [accuracy]} for value in seconds]}


def record(name="NVIDIA H100 80GB HBM3", **changes):
    about = {"version": "1", "note": "", "cold_seconds": 2.0, "start_loss": 0.3263}
    keys = ("saltus/saltus", "torch/graph", "jax/scan")
    found = {
        "precision": "tf32",
        "contestants": {key: dict(about) for key in keys},
        "epoch": {"saltus/saltus": entry(0.2), "torch/graph": entry(0.6, 0.8, 0.7), "jax/scan": entry(0.1)},
        "sweep": {"saltus/saltus, one by one": entry(4.0), "saltus/saltus, trial axis": entry(2.0),
                  "torch/graph, one by one": entry(8.0)},
    }
    found |= changes
    protocol = {"rounds": 5, "epochs": 20, "epochs_a_turn": 2, "images": 60000, "data": "synthetic"}
    return {"gpu": {"name": name}, "date": "2026-01-01", "commit": "c", "protocol": protocol, "precisions": [found]}


def row_of(page, *cells):
    """The cells of the page's first table row that begins with these."""
    rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines())
    return next(row for row in rows if row[:len(cells)] == list(cells))


class Pages(unittest.TestCase):
    def test_median_range_and_ratio(self):
        row = row_of(gpu_report.markdown(record()), "PyTorch", "graph")
        self.assertEqual(row[2:6], ["350", "300 to 400", "3.50x", "99.00"])

    def test_the_floor_of_a_card_that_is_known(self):
        # 60000 images of 71.565312 MFLOP in 0.1 s are 42.94 TFLOP/s, 494.7 / 42.94 = 11.5.
        row = row_of(gpu_report.markdown(record()), "Saltus", "")
        self.assertEqual(row[6:10], ["213.2", "42.9", "11.5x", "2.0"])
        row = row_of(gpu_report.markdown(record(name="another")), "Saltus", "")
        self.assertEqual(row[6:10], ["213.2", "42.9", "", "2.0"])

    def test_the_sweep_is_compared_with_our_faster_way(self):
        page = gpu_report.markdown(record())
        self.assertEqual(row_of(page, "PyTorch", "graph, one by one")[4], "4.00x")
        self.assertEqual(row_of(page, "Saltus", "trial axis")[2], "2")
        self.assertEqual(row_of(page, "Saltus", "one by one")[2], "4")

    def test_where_a_peer_is_faster(self):
        self.assertIn("Where a peer is faster: epoch, JAX scan (0.50x).", gpu_report.markdown(record()))

    def test_another_accuracy_makes_a_time_void(self):
        told = record()
        told["precisions"][0]["epoch"]["jax/scan"] = entry(0.1, accuracy=0.98)
        page = gpu_report.markdown(told)
        self.assertEqual(row_of(page, "JAX", "scan")[4], "void")
        self.assertIn("Where a peer is faster: in none", page)

    def test_another_loss_at_equal_weights_does_too_also_in_the_sweep(self):
        told = record()
        told["precisions"][0]["contestants"]["torch/graph"]["start_loss"] = 0.35
        page = gpu_report.markdown(told)
        self.assertEqual(row_of(page, "PyTorch", "graph")[4], "void")
        self.assertEqual(row_of(page, "PyTorch", "graph, one by one")[4], "void")
        self.assertEqual(row_of(page, "JAX", "scan")[4], "0.50x")

    def test_what_is_no_number_is_outside(self):
        figures = {"a": [0.9], "b": [0.9], "c": [float("nan")]}
        self.assertEqual(gpu_report.outside(figures, 0.1), {"c"})
        self.assertEqual(gpu_report.outside({}, 0.1), set())

    def test_an_engine_has_one_voice_however_many_rows(self):
        figures = {"saltus/a": [0.5], "saltus/b": [0.5], "torch/a": [0.99], "jax/a": [0.99]}
        self.assertEqual(gpu_report.outside(figures, 0.01), {"saltus/a", "saltus/b"})

    def test_what_was_left_out_is_named(self):
        told = record()
        told["precisions"][0]["contestants"]["keras/jax, fit"] = {"note": "no module keras"}
        told["precisions"][0]["sweep"]["jax/scan, vmap"] = entry() | {"note": contest.NO_TIME}
        page = gpu_report.markdown(told)
        self.assertIn("- Keras jax, fit: no module keras", page)
        self.assertIn(f"- the sweep, JAX scan, vmap: {contest.NO_TIME}", page)


if __name__ == "__main__":
    unittest.main()
