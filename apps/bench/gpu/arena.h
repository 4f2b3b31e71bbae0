// Device memory of a contest.
#pragma once

#include <memory>
#include <type_traits>
#include <vector>

#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/device/check.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::bench {

class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// The values, for each trial the same.
  template <class T>
  kernels::PerTrial<T> copies(const std::vector<T>& values, int trials = 1) {
    const std::size_t bytes = values.size() * sizeof(T);
    auto* data = static_cast<char*>(allocate(bytes * static_cast<std::size_t>(trials)));
    for (int trial = 0; trial < trials; ++trial)
      write(data + bytes * static_cast<std::size_t>(trial), values.data(), bytes);
    return {reinterpret_cast<T*>(data), static_cast<std::int64_t>(values.size())};
  }

  /// Random numbers: zeros would flatter a device. Normal deviates, or any bytes. T: float, Bf16 or
  /// uint8_t.
  template <class T>
  kernels::PerTrial<T> random(int trials, std::int64_t count) {
    const auto bytes = static_cast<std::size_t>(trials * count) * sizeof(T);
    void* data = allocate(bytes);
    if constexpr (std::is_same_v<T, float>)
      fill(data, bytes, normal_floats().data(), normal_floats().size() * sizeof(float));
    else if constexpr (std::is_same_v<T, kernels::Bf16>)
      fill(data, bytes, normal_halves().data(), normal_halves().size() * sizeof(kernels::Bf16));
    else
      fill(data, bytes, normal_floats().data(), normal_floats().size());
    return {static_cast<T*>(data), count};
  }

  /// Zeros, for counters and sums.
  template <class T>
  kernels::PerTrial<T> zeros(int trials, std::int64_t count) {
    return copies(std::vector<T>(static_cast<std::size_t>(count)), trials);
  }

 private:
  void* allocate(std::size_t bytes);
  static void write(void* target, const void* source, std::size_t bytes);
  /// Repeats the source.
  static void fill(void* target, std::size_t bytes, const void* source, std::size_t source_bytes);
  static const std::vector<float>& normal_floats();
  static const std::vector<kernels::Bf16>& normal_halves();

  std::vector<void*> blocks_;
};

/// What contestants keep alive.
using SharedArena = std::shared_ptr<Arena>;

/// A stage of trials that have this activation and dropout in each of their two slots, on whole
/// batches.
kernels::LaunchContext make_stage(Arena& arena, int trials, int rows, const char* activation);

/// The stream of all work.
cudaStream_t bench_stream();

}  // namespace saltus::bench
