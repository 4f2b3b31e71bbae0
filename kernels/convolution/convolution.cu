// Launchers only: which engine multiplies, and how long sums are cut.
#include <saltus/kernels/convolution/convolution.h>
#include <saltus/kernels/convolution/engines.h>
#include <saltus/kernels/convolution/one_channel.h>
#include <saltus/kernels/device/extents.h>

namespace saltus::kernels {
namespace {

template <class Problem, class Target>
void multiply(Engine engine, const Problem& problem, const Target& target,
              const LaunchContext& context) {
  if (engine == Engine::tensor && fits_tensor_cores(problem))
    tensor::multiply(problem, target, context);
  else
    simt::multiply(problem, target, context);
}

template <class Problem>
void multiply_split_k(Engine engine, const Problem& problem, const PartialSums& sums,
                      const LaunchContext& context) {
  if (engine == Engine::tensor && fits_tensor_cores(problem))
    tensor::multiply_split_k(problem, sums, context);
  else
    simt::multiply_split_k(problem, sums, context);
}

}  // namespace

template <class T, class Out>
void convolution_forward(Engine engine, const ConvolutionForward<T, Out>& arguments,
                         const LaunchContext& context) {
  check_convolution(arguments.window, context.max_rows);
  if (one_channel::fits(arguments.window)) {
    one_channel::forward(arguments, context);
    return;
  }
  const auto problem = problem_of(arguments);
  const SplitK split = forward_split_k(engine, arguments.window);
  if (split.length == 0) {
    multiply(engine, problem, arguments.epilogue, context);
    return;
  }
  const std::int64_t stride = std::int64_t{problem.m.of(context.max_rows)} * problem.n;
  const PartialSums sums = {split, arguments.workspace, {}, stride};
  multiply_split_k(engine, problem, sums, context);
  finish_split_k<Out>({sums, problem.m, problem.n, problem.k, arguments.epilogue}, context);
}

template <class T, class Out>
void convolution_backward_data(Engine engine, const ConvolutionBackwardData<T, Out>& arguments,
                               const LaunchContext& context) {
  check_convolution(arguments.window, context.max_rows);
  if (has_unit_strides(arguments.window))
    multiply(engine, problem_of<true>(arguments), arguments.dx, context);
  else
    multiply(engine, problem_of<false>(arguments), arguments.dx, context);
}

template <class T>
void convolution_backward_filter(Engine engine, const ConvolutionBackwardFilter<T>& arguments,
                                 const LaunchContext& context) {
  check_convolution(arguments.window, context.max_rows);
  const auto problem = problem_of(arguments);
  const std::int64_t weights = std::int64_t{problem.m.fixed} * problem.n;
  PartialSums sums = {backward_filter_split_k(arguments.window), arguments.dw, arguments.db};
  const bool cut = sums.split.count(problem.k.of(context.max_rows)) > 1;
  if (cut) {
    const PerTrial<float>& workspace = arguments.workspace;
    sums.sums = workspace;
    if (arguments.db) sums.column_sums = {workspace.data + weights, workspace.stride};
    sums.stride = backward_filter_slice(arguments.window);
  }
  if (one_channel::fits(arguments.window))
    one_channel::backward_filter(arguments, sums, context);
  else
    multiply_split_k(engine, problem, sums, context);
  if (cut)
    reduce_split_k({sums, problem.k, arguments.dw, arguments.db, weights, problem.n}, context);
}

std::int64_t convolution_forward_workspace(Engine engine, const Window& window, int max_rows) {
  check_convolution(window, max_rows);
  const SplitK split = forward_split_k(engine, window);
  if (split.length == 0) return 0;
  const int count = split.count(pixels(window.size) * window.channels_in);
  return product(count, max_rows, pixels(window.output), window.channels_out);
}

std::int64_t convolution_backward_filter_workspace(const Window& window, int max_rows) {
  check_convolution(window, max_rows);
  const int count = backward_filter_split_k(window).count(max_rows * pixels(window.output));
  return count == 1 ? 0 : product(count, backward_filter_slice(window));
}

template void convolution_forward(Engine, const ConvolutionForward<float, float>&,
                                  const LaunchContext&);
template void convolution_forward(Engine, const ConvolutionForward<Bf16, float>&,
                                  const LaunchContext&);
template void convolution_forward(Engine, const ConvolutionForward<Bf16, Bf16>&,
                                  const LaunchContext&);
template void convolution_backward_data(Engine, const ConvolutionBackwardData<float, float>&,
                                        const LaunchContext&);
template void convolution_backward_data(Engine, const ConvolutionBackwardData<Bf16, float>&,
                                        const LaunchContext&);
template void convolution_backward_data(Engine, const ConvolutionBackwardData<Bf16, Bf16>&,
                                        const LaunchContext&);
template void convolution_backward_filter(Engine, const ConvolutionBackwardFilter<float>&,
                                          const LaunchContext&);
template void convolution_backward_filter(Engine, const ConvolutionBackwardFilter<Bf16>&,
                                          const LaunchContext&);

}  // namespace saltus::kernels
