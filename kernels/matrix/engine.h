#pragma once

namespace saltus::kernels {

/// Who multiplies.
enum class Engine {
  plain,  ///< multiply-adds in fp32
  tensor  ///< tensor cores: floats rounded to tf32, bf16 as it is; what does not fit them goes to
          ///< the plain engine
};

}  // namespace saltus::kernels
