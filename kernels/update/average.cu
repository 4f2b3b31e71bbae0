// A thread takes four consecutive weights of a trial: 12 bytes an element, 14 with a copy.
#include <stdexcept>

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/update/average.h>
#include <saltus/kernels/update/moving_average.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) average_kernel(Average step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const std::int64_t first = first_quad_of_thread<kThreads>();
  if (!trials.active(trial) || first >= step.size) return;
  const float rate = average_rate(step.rates[trial], trials.states[trial].step);
  const Quad weights = fetch_quad(step.weights[trial] + first);
  Quad averages = load_quad(step.averages[trial] + first);
#pragma unroll
  for (int i = 0; i < 4; ++i)
    averages.values[i] = moving_average(averages.values[i], weights.values[i], rate);
  store_quad(averages, step.averages[trial] + first);
  if (step.copy) store_quad(averages, step.copy[trial] + first);
}

}  // namespace

void average(const Average& arguments, const LaunchContext& context) {
  if (!has_quads(arguments.weights) || !has_quads(arguments.averages) ||
      !has_quads(arguments.copy) || arguments.size % 4 != 0)
    throw std::invalid_argument(
        "an array of averages begins or ends between two quads; let all begin and end at a "
        "multiple of 4 elements");
  launch<average_kernel>(Grid(blocks_for(arguments.size, 4 * kThreads), 1, context.trials.count),
                         dim3(kThreads), 0, context.stream, arguments, context.trials);
}

}  // namespace saltus::kernels
