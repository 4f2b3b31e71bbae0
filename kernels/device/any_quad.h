// Four consecutive elements of arrays whose type is known at run time.
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/device/vector.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// Elements i to i + 3, in one access: i is a multiple of 4 and the array has_quads(). No store of
/// the same launch may change it.
__device__ inline Quad fetch_quad(const AnyInput& input, int trial, std::int64_t i) {
  return input.floats() ? fetch_quad(input.floats()[trial] + i)
                        : fetch_quad(input.halves()[trial] + i);
}

__device__ inline void store_quad(const Quad& quad, const AnyOutput& output, int trial,
                                  std::int64_t i) {
  if (output.floats())
    store_quad(quad, output.floats()[trial] + i);
  else
    store_quad(quad, output.halves()[trial] + i);
}

/// The up to four elements from i on of an array with `count` elements, in one access where
/// `quads` says that they may be. Elements that are not there are 0.
__device__ inline Quad fetch_some(const AnyInput& input, int trial, std::int64_t i,
                                  std::int64_t count, bool quads) {
  if (quads && i + 4 <= count) return fetch_quad(input, trial, i);
  Quad quad = {};
  for (int j = 0; j < 4 && i + j < count; ++j) quad.values[j] = input.load(trial, i + j);
  return quad;
}

/// The same for stores: elements that are not there are left out.
__device__ inline void store_some(const Quad& quad, const AnyOutput& output, int trial,
                                  std::int64_t i, std::int64_t count, bool quads) {
  if (quads && i + 4 <= count) {
    store_quad(quad, output, trial, i);
    return;
  }
  for (int j = 0; j < 4 && i + j < count; ++j) output.save(quad.values[j], trial, i + j);
}

/// Where element i lies on an innermost axis of that length. In 64 bits the remainder takes some 70
/// instructions, so it is taken in 32 where these do.
SALTUS_HD int place_on_axis(std::int64_t i, int length) {
  const auto low = static_cast<std::uint32_t>(i);
  if (low == i) return static_cast<int>(low % static_cast<std::uint32_t>(length));
  return static_cast<int>(i % length);
}

/// Where every thread of a grid takes four consecutive elements of a batch: the calling thread's
/// first.
template <int kThreads>
__device__ std::int64_t first_quad_of_thread() {
  return (std::int64_t{blockIdx.x} * kThreads + threadIdx.x) * 4;
}

/// The grid for that, for rows of `size` elements.
inline Grid quad_grid(std::int64_t size, int threads, const LaunchContext& context) {
  return {blocks_for(context.max_rows * size, 4 * threads), 1, context.trials.count};
}

}  // namespace saltus::kernels
