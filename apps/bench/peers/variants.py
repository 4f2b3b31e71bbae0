"""The ways in which each engine of the GPU benchmark can do the same work.

They are started in this order, the first of each engine before the second of any: what is promising
stands first, in case the time ends.
"""

# Compiled in which mode; whether whole steps are captured in CUDA graphs by hand.
TORCH = {
    "graph": (None, True),
    "max-autotune in a graph": ("max-autotune-no-cudagraphs", True),
    "eager": (None, False),
    "reduce-overhead": ("reduce-overhead", False),
    "compiled": ("default", False),
    "max-autotune": ("max-autotune", False),
}

# Steps of the scan in one iteration of its loop; pooling by reduce_window or by a reshaped maximum;
# whether XLA may put loops and slices into CUDA graphs, too.
XLA_GRAPHS = (
    "--xla_gpu_graph_min_graph_size=1 --xla_gpu_enable_command_buffer="
    "FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,CUDNN,DYNAMIC_SLICE_FUSION,CONDITIONAL,WHILE"
)
JAX = {
    "scan": (1, "window", ""),
    "scan, reshaped pool": (1, "reshape", ""),
    "scan of 4, reshaped pool": (4, "reshape", ""),
    "scan, reshaped pool, graphs": (1, "reshape", XLA_GRAPHS),
    "scan of 8, reshaped pool": (8, "reshape", ""),
    "scan of 4, reshaped pool, graphs": (4, "reshape", XLA_GRAPHS),
    "scan of 2, reshaped pool": (2, "reshape", ""),
}

# Backend; steps of an execution; whether bytes are given and become floats on the device.
KERAS = {
    "jax, fit": ("jax", 1, False),
    "jax, bytes, 8 steps an execution": ("jax", 8, True),
    "jax, bytes, 32 steps an execution": ("jax", 32, True),
    "torch, fit": ("torch", 1, False),
}
