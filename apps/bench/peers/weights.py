"""weights.py ACTIVATION FILE: the peers' initial weights as floats, tensor by tensor, for Saltus."""

import sys
from pathlib import Path

import arrays

activation, path = sys.argv[1:]
weights = arrays.initial_weights(activation, 0)
Path(path).write_bytes(b"".join(weight.tobytes() for weight in weights))
