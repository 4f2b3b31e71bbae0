#include <algorithm>
#include <chrono>
#include <cstddef>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/speed.h>

#include "backend/cpu/loops.h"
#include "core/boundary.h"
#include "graph/custom_activation.h"

namespace saltus {
namespace {

constexpr int kMostRounds = 1000;
/// x, y, slopes and gradients: a quarter of a megabyte together.
constexpr std::size_t kElements = 1 << 14;
/// How long a block is repeated for one figure: well above the clock's resolution.
constexpr double kNanoseconds = 500'000;

/// The arrays of one layer.
class Block {
 public:
  Block() : x_(kElements), y_(kElements), slope_(kElements), gradient_(kElements, 1.0f) {
    // The sum of three uniform numbers is normal enough, and is the same everywhere.
    for (std::size_t i = 0; i < kElements; ++i) {
      float sum = 0;
      for (std::uint32_t part = 0; part < 3; ++part) {
        const std::uint32_t bits = static_cast<std::uint32_t>(i * 3 + part) * 2654435761u;
        sum += static_cast<float>(bits >> 8) * 0x1p-23f - 1;
      }
      x_[i] = sum;
    }
  }

  void forward(const kernels::ActivationRef& f) {
    cpu::loops().activate(f, in(x_), out(y_), nullptr, std::ssize(x_));
  }
  void train(const kernels::ActivationRef& f) {
    cpu::loops().activate(f, in(x_), out(y_), slope_.data(), std::ssize(x_));
    cpu::loops().multiply(in(gradient_), slope_.data(), out(y_), std::ssize(x_));
  }

 private:
  static cpu::In in(const std::vector<float>& values) { return {values.data(), plan::DType::f32}; }
  static cpu::Out out(std::vector<float>& values) { return {values.data(), plan::DType::f32}; }

  std::vector<float> x_, y_, slope_, gradient_;
};

/// Nanoseconds that `run` takes for an element.
template <class Run>
double time(Run run) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  double passed = 0;
  int runs = 0;
  while (passed < kNanoseconds) {
    run();
    ++runs;
    passed = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  }
  return passed / (runs * static_cast<double>(kElements));
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// The figures of rounds.
struct Rounds {
  std::vector<double> own, ratio;

  template <class Run>
  void add(Run run, const kernels::ActivationRef& f, const kernels::ActivationRef& relu) {
    const double before = time([&] { run(relu); });
    own.push_back(time([&] { run(f); }));
    ratio.push_back(own.back() / before);
  }
  Cost cost() const { return {median(own), median(ratio)}; }
};

}  // namespace

std::vector<ActivationSpeed> measure_speed(std::span<const Activation> activations,
                                           const SpeedOptions& options) try {
  if (options.rounds < 1 || options.rounds > kMostRounds) {
    throw InvalidArgument(
        fmt::format("a measurement has 1 to {} rounds, not {}", kMostRounds, options.rounds));
  }
  const kernels::ActivationRef relu = Activation("relu").ref();
  Block block;
  std::vector<ActivationSpeed> speeds;
  speeds.reserve(activations.size());
  const std::int64_t all = std::ssize(activations) * options.rounds;
  std::int64_t done = 0;
  for (const Activation& activation : activations) {
    const kernels::ActivationRef f = runnable(activation.ref());
    Rounds forward;
    Rounds training;
    for (int round = 0; round < options.rounds; ++round) {
      forward.add([&](const kernels::ActivationRef& which) { block.forward(which); }, f, relu);
      training.add([&](const kernels::ActivationRef& which) { block.train(which); }, f, relu);
      if (options.progress) options.progress(++done, all);
    }
    speeds.push_back({activation, forward.cost(), training.cost()});
  }
  return speeds;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
