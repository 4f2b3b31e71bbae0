"""check_weights.py MODEL_FILES: our safetensors and npz files as safetensors and numpy see them, and theirs as we do."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy


class Weights(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.run_program("save", self.folder)
        self.weights = self.values(self.folder)

    def run_program(self, *arguments):
        subprocess.run([PROGRAM, *arguments], check=True)

    def values(self, folder):
        """What our program says that the weights are."""
        listed = json.loads((folder / "weights.json").read_text())
        return {weight["name"]: np.fromfile(folder / f"{i}.floats", np.float32).reshape(weight["shape"])
                for i, weight in enumerate(listed)}

    def expect_equal(self, given, expected):
        self.assertEqual(sorted(given), sorted(expected))
        for name, values in expected.items():
            self.assertEqual((given[name].dtype, given[name].shape), (np.float32, values.shape))
            np.testing.assert_array_equal(given[name], values, err_msg=name)

    def expect_read(self, file, expected):
        loaded = Path(tempfile.mkdtemp(dir=self.folder))
        self.run_program("load", self.folder / "model.safetensors", file, loaded)
        self.expect_equal(self.values(loaded), expected)

    def drawn(self):
        """Other values, in another order."""
        random = np.random.default_rng(1)
        return {name: random.normal(size=values.shape).astype(np.float32)
                for name, values in reversed(self.weights.items())}

    def test_safetensors_reads_our_weights(self):
        self.expect_equal(safetensors.numpy.load_file(self.folder / "weights.safetensors"), self.weights)

    def test_safetensors_reads_our_models(self):
        with safetensors.safe_open(self.folder / "model.safetensors", "numpy") as file:
            self.expect_equal({name: file.get_tensor(name) for name in self.weights}, self.weights)
            layers = json.loads(file.metadata()["graph"])["layers"]
        named = {name.partition("/")[0] for name in self.weights}
        self.assertEqual(named - {layer["name"] for layer in layers}, set())

    def test_numpy_reads_our_weights(self):
        with np.load(self.folder / "weights.npz", allow_pickle=False) as file:
            self.expect_equal(dict(file), self.weights)

    def test_we_read_what_safetensors_writes(self):
        drawn = self.drawn()
        safetensors.numpy.save_file(drawn, self.folder / "other.safetensors", {"format": "np"})
        self.expect_read(self.folder / "other.safetensors", drawn)

    def test_we_read_what_numpy_writes(self):
        for save in np.savez, np.savez_compressed:
            with self.subTest(save.__name__):
                drawn = self.drawn()
                save(self.folder / "other.npz", **drawn)
                self.expect_read(self.folder / "other.npz", drawn)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
