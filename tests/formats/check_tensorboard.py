"""check_tensorboard.py MODEL_FILES: the event files of a training as TensorBoard sees them."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


class EventFiles(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        subprocess.run([PROGRAM, "log", self.folder], check=True)
        self.epochs = [json.loads(line) for line in (self.folder / "log.jsonl").read_text().splitlines()]

    def expect_figures(self, folder, figures):
        """Tags, steps and values of a folder are those of the log, but for rounding to float."""
        events = EventAccumulator(str(self.folder / "logs" / folder)).Reload()
        self.assertEqual(sorted(events.Tags()["scalars"]), sorted(figures))
        for tag, figure in figures.items():
            found = events.Scalars(tag)
            self.assertEqual([event.step for event in found], [epoch["epoch"] for epoch in self.epochs])
            for event, epoch in zip(found, self.epochs):
                self.assertAlmostEqual(event.value, epoch[figure], delta=abs(epoch[figure]) * 2**-24, msg=tag)

    def test_training(self):
        self.assertEqual(len(self.epochs), 3)
        names = [name for name in self.epochs[0] if name != "epoch" and not name.startswith("val_")]
        self.assertIn("loss", names)
        self.expect_figures("train", {f"epoch_{name}": name for name in names})

    def test_validation(self):
        names = [name for name in self.epochs[0] if name.startswith("val_")]
        self.assertIn("val_loss", names)
        self.expect_figures("validation", {"epoch_" + name.removeprefix("val_"): name for name in names})


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
