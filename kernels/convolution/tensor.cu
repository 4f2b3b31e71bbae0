// The convolutions' products on tensor cores. Outputs of few channels take narrow tiles.
#include <saltus/kernels/convolution/product_kernels.h>
#include <saltus/kernels/matrix/tensor.h>

namespace saltus::kernels::tensor {
namespace {

using Narrow = TileShape<128, 32, 3>;
using Wide = TileShape<128, 64, 3>;

template <class Problem>
using Element = typename Problem::A::View::Element;

}  // namespace

template <class Problem, class Target>
void multiply(const Problem& problem, const Target& target, const LaunchContext& context) {
  if (problem.n <= Narrow::kN)
    launch_multiply<Mainloop<Element<Problem>, Narrow>>(problem, target, context);
  else
    launch_multiply<Mainloop<Element<Problem>, Wide>>(problem, target, context);
}

template <class Problem>
void multiply_split_k(const Problem& problem, const PartialSums& sums,
                      const LaunchContext& context) {
  if (problem.n <= Narrow::kN)
    launch_split_k<Mainloop<Element<Problem>, Narrow>>(problem, sums, context);
  else
    launch_split_k<Mainloop<Element<Problem>, Wide>>(problem, sums, context);
}

SALTUS_INSTANTIATE_PRODUCTS;

}  // namespace saltus::kernels::tensor
