#pragma once

namespace saltus::kernels {

/// The units that multiply.
enum class Engine {
  simt,   ///< multiply-adds in fp32
  tensor  ///< tensor cores: floats rounded to tf32, bf16 as it is; what does not fit them goes to
          ///< the other engine
};

}  // namespace saltus::kernels
