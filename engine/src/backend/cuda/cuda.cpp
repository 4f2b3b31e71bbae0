#include "backend/cuda/cuda.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/kernels/device/grid.h>

#include "backend/cuda/architecture.h"
#include "backend/cuda/executable.h"
#include "graph/custom_activation.h"

namespace saltus::cuda {
namespace {

/// What is compiled only to be checked has room for the moments of every optimizer.
constexpr int kAll = kernels::kMostMoments;

// For side_by_side(). A tenth of what is free stays free beside all that it counts: for what
// drivers and libraries take for themselves, and nobody can ask for beforehand.

/// What a step's launch in a graph is taken to need on the device. CUDA does not say; a step has up
/// to four kernels, and a kernel up to 4 KiB of arguments.
constexpr std::int64_t kBytesOfLaunch = 32 << 10;

[[noreturn]] void refuse_function(std::string_view what, std::string_view name) {
  throw InvalidArgument(fmt::format(
      "{} {} is a C++ function, which only a CPU can call; use device cpu", what, name));
}

/// Throws where an activation, a loss or a metric is a function of the caller's.
void refuse_functions(const plan::Plan& plan, std::span<const backend::Trial> trials,
                      const backend::Options& options) {
  for (const backend::Trial& trial : trials) {
    for (const kernels::ActivationRef& activation : trial.activations) {
      if (is_custom_activation(activation.id) && find_formula(activation.id) == nullptr)
        refuse_function("activation", custom_activation_info(activation.id).name);
    }
  }
  for (const plan::Step& step : plan.evaluate.steps) {
    const auto* evaluate = std::get_if<ops::EvaluateLoss>(&step);
    if (evaluate != nullptr && evaluate->loss.is_custom())
      refuse_function("loss", evaluate->loss.name());
  }
  for (const Metric& metric : options.metrics)
    if (metric.is_custom()) refuse_function("metric", metric.name());
}

void refuse_more_than_a_launch_has(std::span<const backend::Trial> trials) {
  if (std::ssize(trials) <= kernels::Grid::kMostYZ) return;
  throw InvalidArgument(fmt::format(
      "{} trials side by side are more than the {} of one launch on a GPU: run fewer at a time",
      trials.size(), kernels::Grid::kMostYZ));
}

class CudaBackend : public backend::Backend {
 public:
  std::string_view name() const override { return "cuda"; }

  void check(const plan::Plan& plan, std::span<const backend::Trial> trials,
             const backend::Options& options) const override {
    refuse_more_than_a_launch_has(trials);
    refuse_functions(plan, trials, options);
    Compiled(plan, kAll, {}, options.batch_size, options.libraries,
             {plan, trials, options.metrics});
  }

  std::unique_ptr<backend::Executable> compile(std::shared_ptr<const plan::Plan> plan,
                                               std::vector<backend::Trial> trials,
                                               const backend::Options& options) const override {
    refuse_more_than_a_launch_has(trials);
    refuse_functions(*plan, trials, options);
    return std::make_unique<CudaExecutable>(plan, trials, options);
  }

  /// The number that fits into memory: one step of many takes less time than many steps of one.
  int side_by_side(const plan::Plan& plan, std::span<const Optimizer> optimizers, bool averages,
                   const backend::Options& options, const Samples& train,
                   const Samples& validation) const override {
    int moments = 0;
    for (const Optimizer& optimizer : optimizers)
      moments = std::max(moments, backend::moments_of(optimizer));
    const std::int64_t most_rows = std::max(train.count, validation.count);
    const std::int64_t rows = std::min(options.batch_size, std::max<std::int64_t>(1, most_rows));
    const Compiled compiled(plan, moments, {.averages = averages}, rows, options.libraries,
                            {plan, {}, options.metrics});
    const Layout& layout = compiled.layout();
    std::size_t free = 0;
    std::size_t total = 0;
    SALTUS_CUDA_CHECK(cudaMemGetInfo(&free, &total));

    std::int64_t batches = 0;
    std::int64_t launches = 0;
    const auto count = [&](const Samples& samples, plan::Mode mode) {
      const std::int64_t of_pass = (samples.count + options.batch_size - 1) / options.batch_size;
      batches += of_pass;
      launches += batches_in_graphs(of_pass) * std::ssize(compiled.launches(mode));
    };
    count(train, plan::Mode::train);
    count(validation, plan::Mode::evaluate);
    const std::int64_t of_all =
        bytes_of(train) + bytes_of(validation) + launches * kBytesOfLaunch + layout.shared_bytes;
    const std::int64_t of_one = layout.state_bytes + layout.scratch_bytes +
                                batches * std::int64_t{sizeof(kernels::BatchSums)};
    const std::int64_t usable = static_cast<std::int64_t>(free) / 10 * 9 - of_all;
    return static_cast<int>(std::clamp<std::int64_t>(usable / of_one, 1, kernels::Grid::kMostYZ));
  }
};

/// "13.0" of 13000.
std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

/// The error says the same where there is no driver and where it is too old.
std::string driver_obstacle() {
  int driver = 0;
  int runtime = 0;
  static_cast<void>(cudaDriverGetVersion(&driver));
  static_cast<void>(cudaRuntimeGetVersion(&runtime));
  if (driver == 0) {
    return "CUDA needs an NVIDIA driver, and this machine has none; install one, or use device cpu";
  }
  return fmt::format(
      "this machine's NVIDIA driver supports CUDA {}, but this program needs CUDA {}; update the "
      "driver, or use device cpu",
      version_text(driver), version_text(runtime));
}

std::string device_obstacle() {
  const int architecture = current_architecture();
  constexpr int kOldest = SALTUS_OLDEST_ARCHITECTURE;
  if (architecture >= kOldest) return {};
  return fmt::format(
      "this machine's GPU has compute capability {}.{}, but this build has CUDA code for {}.{} and "
      "later only; add it to CMAKE_CUDA_ARCHITECTURES, or use device cpu",
      architecture / 10, architecture % 10, kOldest / 10, kOldest % 10);
}

}  // namespace
}  // namespace saltus::cuda

namespace saltus::backend {

const Backend& cuda() {
  static const saltus::cuda::CudaBackend backend;
  return backend;
}

std::string cuda_obstacle() {
  int devices = 0;
  const cudaError_t code = cudaGetDeviceCount(&devices);
  cudaGetLastError();
  if (code == cudaErrorInsufficientDriver) return saltus::cuda::driver_obstacle();
  if (code == cudaErrorNoDevice || (code == cudaSuccess && devices == 0)) {
    return "this machine has no CUDA device, or CUDA_VISIBLE_DEVICES hides it; use device cpu";
  }
  try {
    saltus::cuda::guarded([&] { kernels::check(code, "cudaGetDeviceCount", __FILE__, __LINE__); });
    return saltus::cuda::device_obstacle();
  } catch (const DeviceError& error) {
    return fmt::format("CUDA does not work here: {}", error.what());
  }
}

std::string cuda_description() {
  if (const std::string obstacle = cuda_obstacle(); !obstacle.empty()) throw DeviceError(obstacle);
  int device = 0;
  int driver = 0;
  int runtime = 0;
  cudaDeviceProp properties{};
  SALTUS_CUDA_CHECK(cudaGetDevice(&device));
  SALTUS_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  SALTUS_CUDA_CHECK(cudaDriverGetVersion(&driver));
  SALTUS_CUDA_CHECK(cudaRuntimeGetVersion(&runtime));
  return fmt::format("{}, compute capability {}.{}, {:.1f} GiB, driver for CUDA {}, runtime {}",
                     properties.name, properties.major, properties.minor,
                     static_cast<double>(properties.totalGlobalMem) / (1 << 30),
                     saltus::cuda::version_text(driver), saltus::cuda::version_text(runtime));
}

}  // namespace saltus::backend
