// What an engine does for a convolution.
#pragma once

#include <saltus/kernels/convolution/problems.h>
#include <saltus/kernels/launch_context.h>
#include <saltus/kernels/matrix/epilogue.h>
#include <saltus/kernels/matrix/split_k.h>

namespace saltus::kernels {

namespace simt {

/// The whole product, as its epilogue has it (Target: Epilogue<Out>), or as it is (PerTrial<Out>).
template <class Problem, class Target>
void multiply(const Problem& problem, const Target& target, const LaunchContext& context);

/// The sums of a product's slices, and of its B's columns where there is a place for them. SplitK
/// beyond the rows of the batch are left as they are.
template <class Problem>
void multiply_split_k(const Problem& problem, const PartialSums& sums,
                      const LaunchContext& context);

}  // namespace simt

/// The same, of operands that fits_tensor_cores() lets pass.
namespace tensor {

template <class Problem, class Target>
void multiply(const Problem& problem, const Target& target, const LaunchContext& context);
template <class Problem>
void multiply_split_k(const Problem& problem, const PartialSums& sums,
                      const LaunchContext& context);

}  // namespace tensor

/// Whether copies of 16 bytes bring a product's operands: their groups are whole ones.
template <class Problem>
bool fits_tensor_cores(const Problem& problem) {
  constexpr int kWhole = 16 / static_cast<int>(sizeof(typename Problem::A::View::Element));
  return problem.a.view.group() % kWhole == 0 && problem.b.view.group() % kWhole == 0;
}

/// For an engine's source: all products that there are.
#define SALTUS_INSTANTIATE_BACKWARD_DATA(unit_strides)                                            \
  template void multiply(const BackwardDataProblem<float, unit_strides>&, const PerTrial<float>&, \
                         const LaunchContext&);                                                   \
  template void multiply(const BackwardDataProblem<Bf16, unit_strides>&, const PerTrial<float>&,  \
                         const LaunchContext&);                                                   \
  template void multiply(const BackwardDataProblem<Bf16, unit_strides>&, const PerTrial<Bf16>&,   \
                         const LaunchContext&)
#define SALTUS_INSTANTIATE_PRODUCTS                                                       \
  SALTUS_INSTANTIATE_BACKWARD_DATA(true);                                                 \
  SALTUS_INSTANTIATE_BACKWARD_DATA(false);                                                \
  template void multiply(const ForwardProblem<float>&, const Epilogue<float>&,            \
                         const LaunchContext&);                                           \
  template void multiply(const ForwardProblem<Bf16>&, const Epilogue<float>&,             \
                         const LaunchContext&);                                           \
  template void multiply(const ForwardProblem<Bf16>&, const Epilogue<Bf16>&,              \
                         const LaunchContext&);                                           \
  template void multiply_split_k(const ForwardProblem<float>&, const PartialSums&,        \
                                 const LaunchContext&);                                   \
  template void multiply_split_k(const ForwardProblem<Bf16>&, const PartialSums&,         \
                                 const LaunchContext&);                                   \
  template void multiply_split_k(const BackwardFilterProblem<float>&, const PartialSums&, \
                                 const LaunchContext&);                                   \
  template void multiply_split_k(const BackwardFilterProblem<Bf16>&, const PartialSums&,  \
                                 const LaunchContext&)

}  // namespace saltus::kernels
