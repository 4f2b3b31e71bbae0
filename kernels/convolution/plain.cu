// The convolutions' products by the plain engine.
#include <saltus/kernels/convolution/product_kernels.h>
#include <saltus/kernels/matrix/plain.h>

namespace saltus::kernels::plain {

template <class Problem, class Target>
void multiply(const Problem& problem, const Target& target, const Stage& stage) {
  launch_multiply<Tiles>(problem, target, stage);
}

template <class Problem>
void multiply_parts(const Problem& problem, const PartSums& sums, const Stage& stage) {
  launch_parts<Tiles>(problem, sums, stage);
}

SALTUS_INSTANTIATE_PRODUCTS;

}  // namespace saltus::kernels::plain
