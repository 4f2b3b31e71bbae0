// PReLU. Elements (relu_kernel, slope_kernel): a thread takes four consecutive elements, in one
// access where the arrays' places allow it; bound by memory.
//
// dalpha_kernel: a block takes eight neighbouring alphas or, of few, one; its threads take every
// n-th of the terms (element by element, row by row), in double, and their sums are added in a
// fixed order. Where alphas are neighbours, so are mostly their elements (one alpha an element, or
// one a channel): eight are the 32 bytes that memory gives at a time. A million terms of one alpha
// are a thousand for each thread.
#include <type_traits>

#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/elementwise/parametric_relu.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kSumThreads = 1024;
constexpr int kNeighbours = 8;

/// The alphas of four consecutive elements of the batch, the first of which is number i.
class AlphasOfQuad {
 public:
  __device__ AlphasOfQuad(const AlphaMap& map, const float* alpha, std::int64_t i)
      : map_(map), alpha_(alpha), element_(static_cast<int>(i % map.size)) {}

  /// That of the next element.
  __device__ float take() {
    const float alpha = alpha_[map_.of_element[element_]];
    if (++element_ == map_.size) element_ = 0;
    return alpha;
  }

 private:
  const AlphaMap& map_;
  const float* alpha_;
  int element_;
};

__global__ void __launch_bounds__(kThreads)
    relu_kernel(ParametricRelu step, Trials trials, bool quads) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t count = std::int64_t{trials.rows()} * step.map.size;
  const std::int64_t first = first_quad_of_thread<kThreads>();
  if (first >= count) return;
  Quad quad = fetch_some(step.x, trial, first, count, quads);
  AlphasOfQuad alphas(step.map, step.alpha[trial], first);
  for (float& x : quad.values) {
    const float alpha = alphas.take();
    if (x < 0) x *= alpha;
  }
  store_some(quad, step.y, trial, first, count, quads);
}

__global__ void __launch_bounds__(kThreads)
    slope_kernel(ParametricReluBackward step, Trials trials, bool quads) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t count = std::int64_t{trials.rows()} * step.map.size;
  const std::int64_t first = first_quad_of_thread<kThreads>();
  if (first >= count) return;
  const Quad x = fetch_some(step.x, trial, first, count, quads);
  Quad dy = fetch_some(step.dy, trial, first, count, quads);
  AlphasOfQuad alphas(step.map, step.alpha[trial], first);
  for (int j = 0; j < 4; ++j) {
    const float alpha = alphas.take();
    dy.values[j] *= x.values[j] > 0 ? 1.0f : x.values[j] < 0 ? alpha : 0.0f;
  }
  store_some(dy, step.dx, trial, first, count, quads);
}

/// The thread's share of the sum for an alpha: terms `group`, group + groups, ...
template <int kGroups>
__device__ double add_terms(const ParametricReluBackward& step, const Trials& trials, int trial,
                            int alpha, int group) {
  const int* const elements = step.map.elements + step.map.first[alpha];
  const int count = step.map.first[alpha + 1] - step.map.first[alpha];
  int row = group / count;
  int place = group % count;
  double sum = 0;
  while (row < trials.rows()) {
    const std::int64_t i = std::int64_t{row} * step.map.size + elements[place];
    const float x = step.x.load(trial, i);
    if (x < 0) sum += double{x} * step.dy.load(trial, i);
    row += kGroups / count;
    place += kGroups % count;
    if (place >= count) {
      place -= count;
      ++row;
    }
  }
  return sum;
}

template <int kAlphas>
__global__ void __launch_bounds__(kSumThreads)
    dalpha_kernel(ParametricReluBackward step, Trials trials) {
  constexpr int kGroups = kSumThreads / kAlphas;
  SALTUS_SHARED(double, sums, [kAlphas][kGroups]);
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const int first = static_cast<int>(blockIdx.x) * kAlphas;
  const int thread = static_cast<int>(threadIdx.x);
  const int mine = thread % kAlphas;
  const int group = thread / kAlphas;
  if (first + mine < step.map.alphas)
    sums[mine][group] = add_terms<kGroups>(step, trials, trial, first + mine, group);
  __syncthreads();

  // A warp for each alpha.
  const int warp = thread / kWarpLanes;
  if (warp >= kAlphas || first + warp >= step.map.alphas) return;
  double sum = 0;
  for (int i = thread % kWarpLanes; i < kGroups; i += kWarpLanes) sum += sums[warp][i];
  sum = reduce_warp(sum);
  if (thread % kWarpLanes == 0) step.dalpha[trial][first + warp] = static_cast<float>(sum);
}

}  // namespace

void parametric_relu(const ParametricRelu& arguments, const LaunchContext& context) {
  const bool quads = has_quads(arguments.x) && has_quads(arguments.y);
  launch<relu_kernel>(quad_grid(arguments.map.size, kThreads, context), dim3(kThreads), 0,
                      context.stream, arguments, context.trials, quads);
}

void parametric_relu_backward(const ParametricReluBackward& arguments,
                              const LaunchContext& context) {
  if (arguments.dx) {
    const bool quads = has_quads(arguments.x) && has_quads(arguments.dy) && has_quads(arguments.dx);
    launch<slope_kernel>(quad_grid(arguments.map.size, kThreads, context), dim3(kThreads), 0,
                         context.stream, arguments, context.trials, quads);
  }
  const auto launch_sums = [&]<int kAlphas>(std::integral_constant<int, kAlphas>) {
    launch<dalpha_kernel<kAlphas>>(
        Grid(blocks_for(arguments.map.alphas, kAlphas), 1, context.trials.count), dim3(kSumThreads),
        0, context.stream, arguments, context.trials);
  };
  if (arguments.map.alphas < kNeighbours)
    launch_sums(std::integral_constant<int, 1>());
  else
    launch_sums(std::integral_constant<int, kNeighbours>());
}

}  // namespace saltus::kernels
