"""check_mnist1d.py PROGRAM: MNIST-1D as Saltus makes it against the authors' package mnist1d: signal by signal from the
same draws, and the whole set by the moments of each class at each place."""
import json
import subprocess
import sys
import unittest
from unittest import mock

import numpy
from mnist1d.data import get_dataset_args, get_templates, make_dataset
from mnist1d.transform import transform

PLACES = 40
CLASSES = 10


def theirs(drawn, args, templates):
    """The package's signal, where chance is what Saltus drew."""
    low, high = args.padding
    # Shares of the unit interval, in the order in which the package asks for them: padding, scale, shear.
    shares = iter([(drawn["padding"] - low + 0.5) / (high - low + 1), drawn["scale"], drawn["shear"]])
    normals = iter([drawn["background"], drawn["noise"]])
    with mock.patch("numpy.random.rand", lambda: next(shares)), \
            mock.patch("numpy.random.choice", lambda below: drawn["shift"]), \
            mock.patch("numpy.random.randn", lambda *shape: numpy.array(next(normals)).reshape(shape)):
        return transform(templates["x"][drawn["label"]], templates["t"], args)[0]


class Mnist1d(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ours = json.loads(subprocess.run([sys.argv[1]], check=True, stdout=subprocess.PIPE).stdout)
        cls.args = get_dataset_args()

    def test_signals(self):
        templates = get_templates()
        for drawn in self.ours["signals"]:
            # Both are doubles of size 1 after some 30 operations, each of which rounds by 1.1e-16.
            numpy.testing.assert_allclose(drawn["signal"], theirs(drawn, self.args, templates), rtol=0, atol=1e-14)

    def test_moments(self):
        data = make_dataset(self.args)
        values = numpy.concatenate([data["x"], data["x_test"]])
        labels = numpy.concatenate([data["y"], data["y_test"]])
        our_values = numpy.array(self.ours["values"]).reshape(-1, PLACES)
        our_labels = numpy.array(self.ours["labels"])
        self.assertEqual(len(our_values), len(values))
        for label in range(CLASSES):
            a, b = values[labels == label], our_values[our_labels == label]
            self.assertEqual(len(a), len(b))
            # 400 comparisons of samples of 500: five standard errors are passed by chance in one of 4,000 runs, and
            # the random numbers of both are fixed. That of a deviation is near deviation / sqrt(2 n), as the values
            # are not far from normal, times sqrt(2) for two samples.
            error = numpy.sqrt(a.var(0) / len(a) + b.var(0) / len(b))
            self.assertLess(numpy.max(numpy.abs(a.mean(0) - b.mean(0)) / error), 5)
            spread = numpy.abs(a.std(0) - b.std(0)) / numpy.sqrt((a.var(0) + b.var(0)) / 2 / len(a))
            self.assertLess(numpy.max(spread), 5)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
