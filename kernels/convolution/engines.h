// What an engine does for a convolution.
#pragma once

#include <saltus/kernels/convolution/problems.h>
#include <saltus/kernels/matrix/epilogue.h>
#include <saltus/kernels/matrix/parts.h>
#include <saltus/kernels/stage.h>

namespace saltus::kernels {

namespace plain {

/// The whole product, as its epilogue has it (Target: Epilogue<Out>), or as it is (PerTrial<Out>).
template <class Problem, class Target>
void multiply(const Problem& problem, const Target& target, const Stage& stage);

/// The sums of a product's parts, and of its B's columns where there is a place for them. Parts
/// beyond the rows of the batch are left as they are.
template <class Problem>
void multiply_parts(const Problem& problem, const PartSums& sums, const Stage& stage);

}  // namespace plain

/// The same, of operands that fits_tensor_cores() lets pass.
namespace tensor {

template <class Problem, class Target>
void multiply(const Problem& problem, const Target& target, const Stage& stage);
template <class Problem>
void multiply_parts(const Problem& problem, const PartSums& sums, const Stage& stage);

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
                         const Stage&);                                                           \
  template void multiply(const BackwardDataProblem<Bf16, unit_strides>&, const PerTrial<float>&,  \
                         const Stage&);                                                           \
  template void multiply(const BackwardDataProblem<Bf16, unit_strides>&, const PerTrial<Bf16>&,   \
                         const Stage&)
#define SALTUS_INSTANTIATE_PRODUCTS                                                           \
  SALTUS_INSTANTIATE_BACKWARD_DATA(true);                                                     \
  SALTUS_INSTANTIATE_BACKWARD_DATA(false);                                                    \
  template void multiply(const ForwardProblem<float>&, const Epilogue<float>&, const Stage&); \
  template void multiply(const ForwardProblem<Bf16>&, const Epilogue<float>&, const Stage&);  \
  template void multiply(const ForwardProblem<Bf16>&, const Epilogue<Bf16>&, const Stage&);   \
  template void multiply_parts(const ForwardProblem<float>&, const PartSums&, const Stage&);  \
  template void multiply_parts(const ForwardProblem<Bf16>&, const PartSums&, const Stage&);   \
  template void multiply_parts(const BackwardFilterProblem<float>&, const PartSums&,          \
                               const Stage&);                                                 \
  template void multiply_parts(const BackwardFilterProblem<Bf16>&, const PartSums&, const Stage&)

}  // namespace saltus::kernels
