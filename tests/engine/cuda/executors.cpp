#include "backend/cuda/cuda.h"
#include "tests/engine/learner.h"

namespace saltus::tests {

std::vector<Executor> executors() {
  return {{"cuda_fp32", &backend::cuda(), Precision::fp32, 0x1p-24, 32},
          {"cuda_tf32", &backend::cuda(), Precision::tf32, 0x1p-11, 8},
          {"cuda_bf16", &backend::cuda(), Precision::bf16, 0x1p-9, 8}};
}

}  // namespace saltus::tests
