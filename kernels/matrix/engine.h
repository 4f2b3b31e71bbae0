#pragma once

namespace saltus::kernels {

/// Who multiplies.
enum class Engine {
  plain,  ///< multiply-adds in fp32, any shape
  tensor  ///< tensor cores: inputs rounded to tf32, or bf16 as they are; where tensor_fits()
};

}  // namespace saltus::kernels
