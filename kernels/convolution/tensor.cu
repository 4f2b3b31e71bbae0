// The convolutions' products on tensor cores. Outputs of few channels take narrow tiles.
#include <saltus/kernels/convolution/product_kernels.h>
#include <saltus/kernels/matrix/tensor.h>

namespace saltus::kernels::tensor {
namespace {

constexpr int kNarrow = 32;
constexpr int kWide = 64;

template <class Problem>
using Element = typename Problem::A::View::Element;

}  // namespace

template <class Problem, class Target>
void multiply(const Problem& problem, const Target& target, const Stage& stage) {
  if (problem.n <= kNarrow)
    launch_multiply<Tiles<Element<Problem>, kNarrow>>(problem, target, stage);
  else
    launch_multiply<Tiles<Element<Problem>, kWide>>(problem, target, stage);
}

template <class Problem>
void multiply_parts(const Problem& problem, const PartSums& sums, const Stage& stage) {
  if (problem.n <= kNarrow)
    launch_parts<Tiles<Element<Problem>, kNarrow>>(problem, sums, stage);
  else
    launch_parts<Tiles<Element<Problem>, kWide>>(problem, sums, stage);
}

SALTUS_INSTANTIATE_PRODUCTS;

}  // namespace saltus::kernels::tensor
