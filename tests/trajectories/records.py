"""What trajectories.json is made of."""

import json

import numpy as np

# Runs whose parameters are shaken before each step show how far the truth itself moves.
PROBES = 4
PROBE_NOISE = 2.0**-23  # a unit in the last place of float32


def shortest(values):
    """Python floats whose repr is the shortest text that reads back to the same value."""
    return np.vectorize(lambda v: float(str(v)), otypes=[float])(np.asarray(values)).tolist()


def distance(a, b):
    return float(np.max(np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64))))


def text_of(value, indent=""):
    """JSON with each array of numbers, and each object of plain values, on a line of its own."""
    items = value.values() if isinstance(value, dict) else value
    if not isinstance(value, (dict, list)) or not any(isinstance(item, (dict, list)) for item in items):
        return json.dumps(value)
    inner = indent + " "
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(key)}: {text_of(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + text_of(item, inner) for item in value) + f"\n{indent}]"
