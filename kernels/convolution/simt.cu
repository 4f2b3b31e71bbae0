// The convolutions' products by the other engine.
#include <saltus/kernels/convolution/product_kernels.h>
#include <saltus/kernels/matrix/simt.h>

namespace saltus::kernels::simt {

template <class Problem, class Target>
void multiply(const Problem& problem, const Target& target, const LaunchContext& context) {
  launch_multiply<Mainloop>(problem, target, context);
}

template <class Problem>
void multiply_split_k(const Problem& problem, const PartialSums& sums,
                      const LaunchContext& context) {
  launch_split_k<Mainloop>(problem, sums, context);
}

SALTUS_INSTANTIATE_PRODUCTS;

}  // namespace saltus::kernels::simt
