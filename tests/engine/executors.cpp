#include "learner.h"

namespace saltus::tests {

std::vector<Executor> executors() {
  return {{"cpu_fp32", &backend::cpu(), Precision::fp32, 0x1p-24, 32},
          {"cpu_bf16", &backend::cpu(), Precision::bf16, 0x1p-9, 8}};
}

}  // namespace saltus::tests
