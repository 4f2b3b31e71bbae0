#include <fmt/format.h>
#include <unistd.h>

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

/// Throws where weights and moments would not fit the memory: the system would grant it, and end
/// the program once it is used.
void check_memory(const plan::Plan& plan, std::span<const Trial> trials) {
  auto floats = static_cast<double>(plan.parameter_count);  // the gradients, which trials share
  for (const Trial& trial : trials) {
    const int arrays = 1 + backend::moments_of(trial.optimizer) + (trial.ema_momentum > 0 ? 1 : 0);
    floats += static_cast<double>(plan.parameter_count) * arrays +
              static_cast<double>(plan.statistic_count);
  }
  const double bytes = floats * sizeof(float);
  const double there =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (bytes > there) {
    throw DeviceError(fmt::format(
        "weights and moments of {} trial{} take {:.0f} bytes of memory, but this machine has "
        "{:.0f}: train fewer side by side, or a smaller network",
        trials.size(), trials.size() == 1 ? "" : "s", bytes, there));
  }
}

class CpuBackend : public Backend {
 public:
  std::string_view name() const override { return "cpu"; }

  void check(const plan::Plan& plan, std::span<const Trial> trials,
             const Options& options) const override {
    if (plan.precision == Precision::tf32) {
      throw InvalidArgument("precision tf32 exists on GPUs only; use fp32 or bf16 on the CPU");
    }
    if (plan.precision == Precision::bf16 && !has_bf16()) {
      throw DeviceError("this CPU has no AVX-512 BF16 instructions; use precision fp32");
    }
    if (const Libraries& chosen = options.libraries; chosen != Libraries{}) {
      const bool gemm = chosen.gemm != Gemm::saltus;
      throw InvalidArgument(fmt::format(
          "{0} {1} exists on GPUs only: use device cuda, or leave {0} away", gemm ? "gemm" : "conv",
          gemm ? to_string(chosen.gemm) : to_string(chosen.conv)));
    }
    check_memory(plan, trials);
  }

  std::unique_ptr<Executable> compile(std::shared_ptr<const plan::Plan> plan,
                                      std::vector<Trial> trials,
                                      const Options& options) const override {
    check(*plan, trials, options);
    return std::make_unique<cpu::CpuExecutable>(std::move(plan), std::move(trials), options,
                                                std::make_unique<Workers>(options.threads));
  }

  /// A trial by itself has the caches for itself.
  int side_by_side(const plan::Plan& /*plan*/, std::span<const Optimizer> /*optimizers*/,
                   bool /*averages*/, const Options& /*options*/, const Samples& /*train*/,
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
