"""How long a launch takes on a GPU, as far as a roof over it and the blocks of its grid tell.
The page that predict.py writes says it in words."""
import math
import re
from dataclasses import dataclass

WARP = 32
ARCHITECTURE = "sm_90"

# A multiprocessor of compute capability 9.0: "CUDA C++ Programming Guide", Technical Specifications per Compute
# Capability; how registers and shared memory are dealt out: Nsight Compute's occupancy calculator.
THREADS = 2048
BLOCKS = 32
REGISTERS = 65536
QUARTERS = 4  # of a multiprocessor, each with its own registers
REGISTER_UNIT = 256  # of a warp
SHARED = 228 * 1024  # bytes
SHARED_UNIT = 128
SHARED_RESERVED = 1024  # of each block

# Of NVIDIA's dense peaks for tensor cores, what mma.sync reaches on Hopper, whose wgmma alone reaches them: Luo et al.,
# "Benchmarking and Dissecting the Nvidia Hopper GPU Architecture via Microbenchmarking", 2024, arXiv:2402.13499.
MMA_SYNC = 0.63

# Seconds from one kernel of a graph to the next. docs/benchmarks/gpu/nvidia-h200-2026-11-26-7022318.md: the shortest
# launch there, cuDNN's softmax backward on 128 rows of 10.
LAUNCH = 1.06e-6


@dataclass
class Device:
    name: str
    multiprocessors: int
    clock: float  # Hz
    memory: float  # bytes a second
    tf32: float  # operations a second of the tensor cores, dense
    bf16: float

    def peak(self, kind):
        """Operations a second by mma.sync, or on 128 lanes a clock: fma in products, one operation a clock elsewhere."""
        lanes = self.multiprocessors * 128 * self.clock
        return {"tf32": self.tf32 * MMA_SYNC, "bf16": self.bf16 * MMA_SYNC, "fma": 2 * lanes, "plain": lanes}[kind]


# "NVIDIA H100 Tensor Core GPU" and "NVIDIA H200 Tensor Core GPU", data sheets, SXM: memory, and half of the peaks, which
# are those with sparsity. Multiprocessors: "NVIDIA H100 Tensor Core GPU Architecture", 2022. The clock is the highest,
# 1980 MHz as nvidia-smi says it (docs/benchmarks/gpu).
DEVICES = {
    "h100": Device("H100", 132, 1.98e9, 3.35e12, 494.7e12, 989.4e12),
    "h200": Device("H200", 132, 1.98e9, 4.8e12, 494.7e12, 989.4e12),
}


def up(number, unit):
    return math.ceil(number / unit) * unit


def blocks_together(threads, registers, shared):
    """Blocks that a multiprocessor holds, of so many threads, registers a thread, and bytes of shared memory."""
    warps = math.ceil(threads / WARP)
    limits = [BLOCKS, THREADS // (warps * WARP), SHARED // up(shared + SHARED_RESERVED, SHARED_UNIT)]
    if registers:
        of_quarter = REGISTERS // QUARTERS // up(registers * WARP, REGISTER_UNIT)
        limits.append(of_quarter * QUARTERS // warps)
    return min(limits)


def kind_of(kernel):
    """Which units a kernel's arithmetic runs on."""
    engine = re.search(r"(\w+)::Tiles(<[\w:]+)?", kernel)
    if engine is None:
        return "fma" if "one_channel::" in kernel else "plain"
    return {"plain::Tiles": "fma", "tensor::Tiles<float": "tf32", "tensor::Tiles<saltus::kernels::Bf16": "bf16"}[engine[0]]


class Prediction:
    """Of a launch, as gpu_launches says it, whose kernel takes so much."""

    def __init__(self, launch, use, device):
        self.job, self.step = launch["job"], launch["step"]
        self.name, self.kernel, self.grid = launch["name"], launch["kernel"], launch["grid"]
        self.flops, self.bytes = launch["flops"], launch["bytes"]
        self.threads = math.prod(launch["block"])
        self.registers = use.registers
        self.shared = launch["shared"] + use.shared
        self.together = blocks_together(self.threads, self.registers, self.shared)
        self.blocks = math.prod(self.grid)
        wave = self.together * device.multiprocessors
        self.waves = self.blocks / wave
        # The multiprocessor that gets most blocks: all that it holds in each whole wave, and its share of the rest.
        most = self.blocks // wave * self.together + math.ceil(self.blocks % wave / device.multiprocessors)
        self.tail = most * device.multiprocessors / self.blocks
        times = {"memory": self.bytes / device.memory * self.tail,
                 "arithmetic": self.flops / device.peak(kind_of(self.kernel)) * self.tail,
                 "launch": LAUNCH}
        self.seconds = max(times["memory"], times["arithmetic"]) + LAUNCH
        self.limit = max(times, key=times.get)

    @property
    def occupancy(self):
        """Threads that a multiprocessor holds, of those that it could."""
        return self.together * up(self.threads, WARP) / THREADS


def predict(launches, uses, device):
    """`uses`: what each kernel takes, by its name."""
    return [Prediction(launch, uses[launch["kernel"]], device) for launch in launches]
