"""check_theory.py SALTUS: what `saltus map` says of activations, against integrals that mpmath makes in 30 digits of
the functions as their papers write them."""
import csv
import pathlib
import subprocess
import sys
import tempfile
import unittest

import mpmath
from mpmath import mp, mpf

mp.dps = 30
TOLERANCE = mpf("1e-9")


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def softplus(x):
    return mpmath.log1p(mpmath.exp(x))


# f, and where its derivative jumps.
FUNCTIONS = {
    "mish": (lambda x: x * mpmath.tanh(softplus(x)), []),
    "logish": (lambda x: x * mpmath.log1p(sigmoid(x)), []),
    "serf": (lambda x: x * mpmath.erf(softplus(x)), []),
    "quick_gelu": (lambda x: x * sigmoid(mpf(1.702) * x), []),
    "silu": (lambda x: x * sigmoid(x), []),
    "arctan": (mpmath.atan, []),
    "asinh": (mpmath.asinh, []),
    "softsign": (lambda x: x / (1 + abs(x)), [0]),
    "snake": (lambda x: x + mpmath.sin(x) ** 2, []),
    "elu": (lambda x: x if x > 0 else mpmath.expm1(x), [0]),
    "sigmoid": (sigmoid, []),
    "softplus": (softplus, []),
    "x * atan(exp(x))": (lambda x: x * mpmath.atan(mpmath.exp(x)), []),
}


def moments(f, kinks, q):
    """V, V' and D of f at the length q; V' by the rule for derivatives by the variance."""
    sd = mpmath.sqrt(q)
    edges = sorted({mpf(z) for z in range(-12, 13, 2)} | {mpf(k) / sd for k in kinks})
    weight = lambda z: mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mp.pi)
    mean = lambda g: mpmath.quad(g, edges)
    square = mean(lambda z: weight(z) * f(sd * z) ** 2)
    rate = mean(lambda z: weight(z) * f(sd * z) ** 2 * (z * z - 1)) / (2 * q)
    slope_square = mean(lambda z: weight(z) * mpmath.diff(f, sd * z) ** 2)
    return square, rate, slope_square


class Theory(unittest.TestCase):
    program = None

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([cls.program, "map", "--activations", ",".join(FUNCTIONS), "--out", folder], check=True,
                           stdout=subprocess.DEVNULL)
            with open(pathlib.Path(folder) / "map.csv", newline="") as file:
                cls.rows = {row["activation"]: row for row in csv.DictReader(file)}

    def expect_close(self, text, truth, what):
        self.assertLess(abs(mpf(text) - truth), TOLERANCE * max(1, abs(truth)), what)

    def test_moments(self):
        for name, (f, kinks) in FUNCTIONS.items():
            square, _, slope_square = moments(f, kinks, mpf(1))
            self.expect_close(self.rows[name]["square"], square, name)
            self.expect_close(self.rows[name]["slope_square"], slope_square, name)

    def test_half_stable_points(self):
        found = 0
        for name, (f, kinks) in FUNCTIONS.items():
            row = self.rows[name]
            if row["class"] != "half-stable":
                continue
            found += 1
            length = mpf(row["length"])
            square, rate, slope_square = moments(f, kinks, length)
            self.expect_close(row["weight_variance"], 1 / slope_square, name)
            self.expect_close(row["bias_variance"], length - square / slope_square, name)
            self.assertLess(abs(rate / slope_square - 1), mpf("1e-8"), f"{name}: lengths are not kept at {length}")
        self.assertEqual(found, 7)

    def test_the_others(self):
        for name in ("arctan", "asinh", "softsign", "elu"):
            self.assertEqual(self.rows[name]["class"], "K* = 0")
            self.expect_close(self.rows[name]["weight_variance"], 1, name)
        row = self.rows["sigmoid"]
        square, _, slope_square = moments(*FUNCTIONS["sigmoid"], mpf(row["length"]))
        self.expect_close(row["length"], square / slope_square, "sigmoid: the biases' variance is not 0")
        self.assertEqual(self.rows["softplus"]["class"], "never")
        self.assertEqual(self.rows["softplus"]["length"], "")


if __name__ == "__main__":
    Theory.program = sys.argv.pop(1)
    unittest.main()
