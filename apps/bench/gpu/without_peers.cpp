// In place of cuDNN where its headers were not there when this program was built.
#include "peers.h"

namespace saltus::bench {

#if !defined(SALTUS_HAS_CUDNN)
namespace {
const Contestant kNoCudnn = {"cuDNN", nullptr, "built without cuDNN's headers"};
}

Contestant cudnn_max_pool(const kernels::Window&, int, int, bool, std::vector<PoolOperands>) {
  return kNoCudnn;
}
Contestant cudnn_softmax(int, int, int, bool, std::vector<SoftmaxOperands>) {
  return kNoCudnn;
}
#endif

}  // namespace saltus::bench
