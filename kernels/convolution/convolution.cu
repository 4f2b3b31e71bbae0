// Launchers only: which engine multiplies, and how long sums are cut.
#include <saltus/kernels/convolution/convolution.h>
#include <saltus/kernels/convolution/engines.h>
#include <saltus/kernels/convolution/one_channel.h>
#include <saltus/kernels/device/extents.h>

namespace saltus::kernels {
namespace {

template <class Problem, class Target>
void multiply(Engine engine, const Problem& problem, const Target& target, const Stage& stage) {
  if (engine == Engine::tensor && fits_tensor_cores(problem))
    tensor::multiply(problem, target, stage);
  else
    plain::multiply(problem, target, stage);
}

template <class Problem>
void multiply_parts(Engine engine, const Problem& problem, const PartSums& sums,
                    const Stage& stage) {
  if (engine == Engine::tensor && fits_tensor_cores(problem))
    tensor::multiply_parts(problem, sums, stage);
  else
    plain::multiply_parts(problem, sums, stage);
}

}  // namespace

template <class T, class Out>
void convolution_forward(Engine engine, const ConvolutionForward<T, Out>& arguments,
                         const Stage& stage) {
  check_convolution(arguments.window, stage.max_rows);
  if (one_channel::fits(arguments.window)) {
    one_channel::forward(arguments, stage);
    return;
  }
  const auto problem = problem_of(arguments);
  const Parts parts = forward_parts(arguments.window);
  if (parts.length == 0) {
    multiply(engine, problem, arguments.epilogue, stage);
    return;
  }
  const std::int64_t stride = std::int64_t{problem.m.of(stage.max_rows)} * problem.n;
  const PartSums sums = {parts, arguments.workspace, {}, stride};
  multiply_parts(engine, problem, sums, stage);
  finish_parts<Out>({sums, problem.m, problem.n, problem.k, arguments.epilogue}, stage);
}

template <class T, class Out>
void convolution_backward_data(Engine engine, const ConvolutionBackwardData<T, Out>& arguments,
                               const Stage& stage) {
  check_convolution(arguments.window, stage.max_rows);
  if (has_unit_strides(arguments.window))
    multiply(engine, problem_of<true>(arguments), arguments.dx, stage);
  else
    multiply(engine, problem_of<false>(arguments), arguments.dx, stage);
}

template <class T>
void convolution_backward_filter(Engine engine, const ConvolutionBackwardFilter<T>& arguments,
                                 const Stage& stage) {
  check_convolution(arguments.window, stage.max_rows);
  const auto problem = problem_of(arguments);
  const std::int64_t weights = std::int64_t{problem.m.fixed} * problem.n;
  PartSums sums = {backward_filter_parts(arguments.window), arguments.dw, arguments.db};
  const bool cut = sums.parts.count(problem.k.of(stage.max_rows)) > 1;
  if (cut) {
    const PerTrial<float>& workspace = arguments.workspace;
    sums.sums = workspace;
    if (arguments.db) sums.column_sums = {workspace.data + weights, workspace.stride};
    sums.stride = backward_filter_part(arguments.window);
  }
  if (one_channel::fits(arguments.window))
    one_channel::backward_filter(arguments, sums, stage);
  else
    multiply_parts(engine, problem, sums, stage);
  if (cut) add_parts({sums, problem.k, arguments.dw, arguments.db, weights, problem.n}, stage);
}

std::int64_t convolution_forward_workspace(const Window& window, int max_rows) {
  check_convolution(window, max_rows);
  const Parts parts = forward_parts(window);
  if (parts.length == 0) return 0;
  const int count = parts.count(pixels(window.size) * window.channels_in);
  return product(count, max_rows, pixels(window.output), window.channels_out);
}

std::int64_t convolution_backward_filter_workspace(const Window& window, int max_rows) {
  check_convolution(window, max_rows);
  const int count = backward_filter_parts(window).count(max_rows * pixels(window.output));
  return count == 1 ? 0 : product(count, backward_filter_part(window));
}

template void convolution_forward(Engine, const ConvolutionForward<float, float>&, const Stage&);
template void convolution_forward(Engine, const ConvolutionForward<Bf16, float>&, const Stage&);
template void convolution_forward(Engine, const ConvolutionForward<Bf16, Bf16>&, const Stage&);
template void convolution_backward_data(Engine, const ConvolutionBackwardData<float, float>&,
                                        const Stage&);
template void convolution_backward_data(Engine, const ConvolutionBackwardData<Bf16, float>&,
                                        const Stage&);
template void convolution_backward_data(Engine, const ConvolutionBackwardData<Bf16, Bf16>&,
                                        const Stage&);
template void convolution_backward_filter(Engine, const ConvolutionBackwardFilter<float>&,
                                          const Stage&);
template void convolution_backward_filter(Engine, const ConvolutionBackwardFilter<Bf16>&,
                                          const Stage&);

}  // namespace saltus::kernels
