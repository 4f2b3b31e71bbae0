// Each backend's list of passes.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include <saltus/precision.h>

#include "plan/program.h"

namespace saltus::passes {

struct Pass {
  std::string_view name;
  std::function<void(plan::Program&)> run;
};

/// Bytes of shared memory of a block with compute capability 9.0: what is taken where no device is
/// asked.
inline constexpr std::int64_t kSharedBytes = 227 << 10;

/// Samples of a batch: what is taken where nobody trains.
inline constexpr std::int64_t kUsualRows = 128;

/// What CUDA's passes depend on beside a program and its precision.
struct CudaLimits {
  /// What a block may have where several steps can become one launch; 0 where none shall.
  std::int64_t shared_bytes = kSharedBytes;
  /// The most samples of a batch where the update may make gradients; 0 where it shall not.
  std::int64_t max_rows = 0;
};

/// In their order.
std::vector<Pass> cpu_passes(Precision precision);
std::vector<Pass> cuda_passes(Precision precision, const CudaLimits& limits);

/// Told of the program behind each pass.
using Observer = std::function<void(const Pass&, const plan::Program&)>;

/// A program of a plan as the backend compiles it: all passes run, and verified.
plan::Program cpu_program(plan::Program program, Precision precision,
                          const Observer& observer = {});
plan::Program cuda_program(plan::Program program, Precision precision, const CudaLimits& limits,
                           const Observer& observer = {});

}  // namespace saltus::passes
