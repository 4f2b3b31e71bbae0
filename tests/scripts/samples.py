"""What the programs of a verification say, for the tests of the scripts."""
PASSED = "[==========] 3 tests from 1 test suite ran.\n[  PASSED  ] 3 tests.\n"
FAILED = "[  PASSED  ] 2 tests.\n[  FAILED  ] 1 test, listed below:\n[  FAILED  ] Parity.Atomics\n"
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
HISTORY = """activation,parameters,seed,epoch,val_categorical_accuracy,seconds,trial
relu,,0,1,0.5,2.5,a
relu,,0,2,0.75,1.25,a
gelu,,0,1,0.625,2.5,b
gelu,,0,2,0.875,1.25,b
elu,,0,1,0.5,1.5,c
elu,,0,2,0.25,0.5,c
"""


def row_of(page, *cells):
    """The cells of the page's only table row that begins with these."""
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in page.splitlines() if line.startswith("| ")]
    found = [row for row in rows if row[:len(cells)] == list(cells)]
    assert len(found) == 1, (cells, found)
    return found[0]
