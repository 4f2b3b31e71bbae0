"""check_derivatives.py SALTUS: the derivatives that the program prints of formulas, against those that sympy makes of
what was typed: at points away from kinks, in 50 digits."""
import json
import re
import subprocess
import sys
import unittest

import sympy
from sympy import Abs, Max, Min, Piecewise, Rational, erf, erfc, exp, log, sign, sqrt, tanh

X = sympy.Symbol("x", real=True)
DIGITS = 50
POINTS = [Rational(n, 97) for n in (-641, -173, -59, -13, 7, 31, 83, 211, 487)]
# Constants that the program folds, such as 2 / sqrt(pi), are doubles.
TOLERANCE = 1e-14

FORMULAS = [
    "x * atan(exp(x))",
    "x / (1 + exp(-1.3 * x))",
    "x * tanh(log(1 + exp(x)))",
    "x * (1 + erf(x / sqrt(2))) / 2",
    "x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2",
    "where(x > 0, x, 0.7 * (exp(x) - 1))",
    "max(x, 0.1 * x)^2 + min(x, 1)",
    "clip(x, -1, 2) * x",
    "sin(x)^2 / x + x",
    "x * cos(2 * x) - asinh(x)",
    "x / (1 + abs(x))^1.5",
    "sqrt(x^2 + 1) - x * sign(x - 0.3)",
    "log(exp(x) + exp(-x)) + log1p(x^2)",
    "(exp(x) - exp(-x)) / (exp(x) + exp(-x)) * expm1(0.3 * x)",
    "gaussian(x - 0.5) + normal_cdf(x) * normal_density(0.4 * x)",
    "sigmoid(x) * sech_squared(x) + sigmoid_slope(2 * x)",
    "(1 + x^2)^(x / 3) + 2^-x",
    "x^-3 + erfc(x) * e^x",
    "x * exp(-exp(-x)) + floor(x) * x",
    "softplus(3 * x - 1) / 3 - x^5 / (2 + x^4) + 1 / (x * x)",
    "x * log(1 + sigmoid(x)) * where(x < 0.2, tanh(x), x^3)",
]


class Floor(sympy.Function):
    """sympy's has no derivative."""

    def fdiff(self, argindex=1):
        return sympy.Integer(0)

    @classmethod
    def eval(cls, u):
        return sympy.floor(u) if u.is_number else None


NAMES = {
    "x": X, "pi": sympy.pi, "e": sympy.E, "exp": exp, "log": log, "ln": log, "sqrt": sqrt, "tanh": tanh, "erf": erf,
    "erfc": erfc, "sin": sympy.sin, "cos": sympy.cos, "atan": sympy.atan, "asinh": sympy.asinh, "abs": Abs,
    "sign": sign, "floor": Floor, "max": Max, "min": Min,
    "where": lambda condition, a, b: Piecewise((a, condition), (b, True)),
    "clip": lambda u, low, high: Min(Max(u, low), high),
    "pow": lambda a, b: a**b,
    "expm1": lambda u: exp(u) - 1,
    "log1p": lambda u: log(1 + u),
    "sigmoid": lambda u: 1 / (1 + exp(-u)),
    "softplus": lambda u: log(1 + exp(u)),
    "sigmoid_slope": lambda u: exp(-u) / (1 + exp(-u))**2,
    "sech_squared": lambda u: 1 / sympy.cosh(u)**2,
    "gaussian": lambda u: exp(-u**2),
    "normal_cdf": lambda u: (1 + erf(u / sqrt(2))) / 2,
    "normal_density": lambda u: exp(-u**2 / 2) / sqrt(2 * sympy.pi),
}
NUMBER = re.compile(r"(?<![\w.])(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)(?![\w.])")


def parsed(text):
    """A formula as sympy has it; its numbers are the decimal ones."""
    exact = NUMBER.sub(lambda number: f"Rational('{number[0]}')", text.replace("^", "**"))
    return eval(exact, {"__builtins__": {}, "Rational": Rational}, NAMES)


def value(expression, point):
    return sympy.sympify(expression).subs(X, point).evalf(DIGITS)


class Derivatives(unittest.TestCase):
    def printed(self, formula):
        command = [SALTUS, "activations", "--json", formula]
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        [described] = json.loads(ended.stdout)
        return described["derivative"]

    def test_formulas(self):
        for formula in FORMULAS:
            text = self.printed(formula)
            theirs = sympy.diff(parsed(formula), X)
            ours = parsed(text)
            for point in POINTS:
                with self.subTest(formula=formula, derivative=text, x=float(point)):
                    want = value(theirs, point)
                    self.assertTrue(want.is_number and want.is_finite)
                    self.assertLess(abs(value(ours, point) - want), TOLERANCE * (1 + abs(want)))


if __name__ == "__main__":
    SALTUS = sys.argv.pop(1)
    unittest.main()
