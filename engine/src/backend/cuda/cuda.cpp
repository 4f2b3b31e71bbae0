#include "backend/cuda/cuda.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/kernels/device/grid.h>

#include "backend/cuda/executable.h"

namespace saltus::cuda {
namespace {

/// Does what throws errors of CUDA, and throws the library's own instead.
template <class Work>
auto guarded(Work work) {
  try {
    return work();
  } catch (const kernels::CudaError& error) {
    cudaGetLastError();  // or the next launch would report it again
    throw DeviceError(error.what());
  } catch (const DeviceError&) {
    cudaGetLastError();  // of memory that there was too little of
    throw;
  } catch (const std::invalid_argument& error) {
    throw InvalidArgument(error.what());
  }
}

/// CudaExecutable at the seam.
class SeamExecutable : public backend::Executable {
 public:
  SeamExecutable(std::shared_ptr<const plan::Plan> plan, std::span<const backend::Trial> trials,
                 const backend::Options& options)
      : executable_(std::move(plan), trials, options) {}

  int trials() const override { return executable_.trials(); }
  void bind(backend::Split split, const Samples& samples) override {
    guarded([&] { executable_.bind(split, samples); });
  }
  void train(std::uint32_t epoch, std::int64_t first, std::int64_t count, std::int64_t batch_size,
             bool shuffle) override {
    executable_.train(epoch, first, count, batch_size, shuffle);
  }
  void evaluate(backend::Split split, std::int64_t batch_size) override {
    executable_.evaluate(split, batch_size);
  }
  std::vector<backend::BatchSums> take_sums(int trial, backend::Split split) override {
    return guarded([&] { return executable_.take_sums(trial, split); });
  }
  double training_seconds() override {
    return guarded([&] { return executable_.training_seconds(); });
  }
  bool prefers_whole_epochs() const override { return true; }
  std::vector<float> predict(int trial, backend::Split split, std::int64_t batch_size) override {
    return guarded([&] { return executable_.predict(trial, split, batch_size); });
  }
  void read_weight(int trial, int weight, std::span<float> values) override {
    guarded([&] { executable_.read_weight(trial, weight, values); });
  }
  void read_gradient(int trial, int weight, std::span<float> values) override {
    guarded([&] { executable_.read_gradient(trial, weight, values); });
  }
  void write_weight(int trial, int weight, std::span<const float> values) override {
    guarded([&] { executable_.write_weight(trial, weight, values); });
  }
  void read_moment(int trial, int weight, int moment, std::span<float> values) override {
    guarded([&] { executable_.read_moment(trial, weight, moment, values); });
  }
  void write_moment(int trial, int weight, int moment, std::span<const float> values) override {
    guarded([&] { executable_.write_moment(trial, weight, moment, values); });
  }
  std::uint32_t steps(int trial) override {
    return guarded([&] { return executable_.steps(trial); });
  }
  void set_steps(int trial, std::uint32_t steps) override {
    guarded([&] { executable_.set_steps(trial, steps); });
  }
  void set_learning_rate(int trial, double learning_rate) override {
    guarded([&] { executable_.set_learning_rate(trial, learning_rate); });
  }
  void set_active(int trial, bool active) override {
    guarded([&] { executable_.set_active(trial, active); });
  }
  const backend::NonFinite* non_finite(int trial) override {
    return guarded([&] { return executable_.non_finite(trial); });
  }

 private:
  CudaExecutable executable_;
};

// For side_by_side(). A tenth of what is free stays free beside all that it counts: for what
// drivers and libraries take for themselves, and nobody can ask for beforehand.

/// What a step's launch in a graph is taken to need on the device. CUDA does not say; a step has up
/// to four kernels, and a kernel up to 4 KiB of arguments.
constexpr std::int64_t kBytesOfLaunch = 32 << 10;

/// Throws where a loss or a metric is a function of the caller's.
void refuse_functions(const plan::Plan& plan, const backend::Options& options) {
  for (const plan::Segment& segment : plan.evaluate.segments) {
    for (const plan::Step& step : segment.steps) {
      const auto* evaluate = std::get_if<plan::EvaluateLoss>(&step);
      if (evaluate == nullptr || evaluate->loss.kind() != Loss::Kind::custom) continue;
      throw InvalidArgument(
          fmt::format("loss {} is a C++ function, which only a CPU can call; use device cpu",
                      evaluate->loss.name()));
    }
  }
  if (!options.metrics.empty()) {
    throw InvalidArgument(
        "a custom metric is a C++ function, which only a CPU can call; use device cpu");
  }
}

class CudaBackend : public backend::Backend {
 public:
  std::string_view name() const override { return "cuda"; }

  std::unique_ptr<backend::Executable> compile(std::shared_ptr<const plan::Plan> plan,
                                               std::vector<backend::Trial> trials,
                                               const backend::Options& options) const override {
    if (std::ssize(trials) > kernels::Grid::kMostYZ) {
      throw InvalidArgument(fmt::format(
          "{} trials side by side are more than the {} of one launch on a GPU: run fewer at a time",
          trials.size(), kernels::Grid::kMostYZ));
    }
    refuse_functions(*plan, options);
    return guarded([&] { return std::make_unique<SeamExecutable>(plan, trials, options); });
  }

  /// As many as the memory holds: a step of many takes less time than as many steps of one.
  int side_by_side(const plan::Plan& plan, const backend::Options& options, const Samples& train,
                   const Samples& validation) const override {
    return guarded([&] {
      const std::int64_t most_rows = std::max(train.count, validation.count);
      const std::int64_t rows = std::min(options.batch_size, std::max<std::int64_t>(1, most_rows));
      const Compiled compiled(plan, {.first = true, .second = true}, {}, rows, options.libraries);
      const Layout& layout = compiled.layout();
      std::size_t free = 0;
      std::size_t total = 0;
      SALTUS_CHECK(cudaMemGetInfo(&free, &total));

      std::int64_t batches = 0;
      std::int64_t launches = 0;
      const auto count = [&](const Samples& samples, ProgramKind kind) {
        const std::int64_t of_pass = (samples.count + options.batch_size - 1) / options.batch_size;
        batches += of_pass;
        launches += of_pass * std::ssize(compiled.launches(kind));
      };
      count(train, ProgramKind::train);
      count(validation, ProgramKind::evaluate);
      const std::int64_t of_all =
          bytes_of(train) + bytes_of(validation) + launches * kBytesOfLaunch + layout.shared_bytes;
      const std::int64_t of_one = layout.state_bytes + layout.scratch_bytes +
                                  batches * std::int64_t{sizeof(kernels::BatchSums)};
      const std::int64_t usable = static_cast<std::int64_t>(free) / 10 * 9 - of_all;
      return static_cast<int>(std::clamp<std::int64_t>(usable / of_one, 1, kernels::Grid::kMostYZ));
    });
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
  int device = 0;
  int major = 0;
  int minor = 0;
  SALTUS_CHECK(cudaGetDevice(&device));
  SALTUS_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  SALTUS_CHECK(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device));
  constexpr int kOldest = SALTUS_OLDEST_ARCHITECTURE;
  if (major * 10 + minor >= kOldest) return {};
  return fmt::format(
      "this machine's GPU has compute capability {}.{}, but this build has CUDA code for {}.{} and "
      "later only; add it to CMAKE_CUDA_ARCHITECTURES, or use device cpu",
      major, minor, kOldest / 10, kOldest % 10);
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
    kernels::check(code, "cudaGetDeviceCount", __FILE__, __LINE__);
    return saltus::cuda::device_obstacle();
  } catch (const kernels::CudaError& error) {
    cudaGetLastError();
    return fmt::format("CUDA does not work here: {}", error.what());
  }
}

std::string cuda_description() {
  if (const std::string obstacle = cuda_obstacle(); !obstacle.empty()) throw DeviceError(obstacle);
  return saltus::cuda::guarded([] {
    int device = 0;
    int driver = 0;
    int runtime = 0;
    cudaDeviceProp properties{};
    SALTUS_CHECK(cudaGetDevice(&device));
    SALTUS_CHECK(cudaGetDeviceProperties(&properties, device));
    SALTUS_CHECK(cudaDriverGetVersion(&driver));
    SALTUS_CHECK(cudaRuntimeGetVersion(&runtime));
    return fmt::format("{}, compute capability {}.{}, {:.1f} GiB, driver for CUDA {}, runtime {}",
                       properties.name, properties.major, properties.minor,
                       static_cast<double>(properties.totalGlobalMem) / (1 << 30),
                       saltus::cuda::version_text(driver), saltus::cuda::version_text(runtime));
  });
}

}  // namespace saltus::backend
