#include <fmt/format.h>

#include <saltus/error.h>

#include "backend/cpu/executable.h"

namespace saltus::backend {
namespace {

/// oneDNN has bf16 convolutions and products where the CPU has AVX-512 (and emulates them slowly
/// without AVX-512 BF16).
bool has_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

class CpuBackend : public Backend {
 public:
  std::string_view name() const override { return "cpu"; }

  std::unique_ptr<Executable> compile(std::shared_ptr<const plan::Plan> plan,
                                      std::vector<Trial> trials,
                                      const Options& options) const override {
    if (plan->precision == Precision::tf32) {
      throw InvalidArgument("precision tf32 exists on GPUs only; use fp32 or bf16 on the CPU");
    }
    if (plan->precision == Precision::bf16 && !has_bf16()) {
      throw DeviceError("this CPU has no AVX-512 BF16 instructions; use precision fp32");
    }
    if (const Libraries& chosen = options.libraries; chosen != Libraries{}) {
      const bool gemm = chosen.gemm != Gemm::saltus;
      throw InvalidArgument(fmt::format(
          "{0} {1} exists on GPUs only: use device cuda, or leave {0} away", gemm ? "gemm" : "conv",
          gemm ? to_string(chosen.gemm) : to_string(chosen.conv)));
    }
    return std::make_unique<cpu::CpuExecutable>(std::move(plan), std::move(trials), options);
  }

  /// A trial by itself has the caches for itself.
  int side_by_side(const plan::Plan& /*plan*/, const Options& /*options*/, const Samples& /*train*/,
                   const Samples& /*validation*/) const override {
    return 1;
  }
};

}  // namespace

const Backend& cpu() {
  static const CpuBackend backend;
  return backend;
}

}  // namespace saltus::backend
