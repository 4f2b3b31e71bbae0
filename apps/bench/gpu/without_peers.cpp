// In place of a library whose headers were not there when this program was built.
#include "peers.h"

namespace saltus::bench {

#if !defined(SALTUS_HAS_CUDNN)
namespace {
const Contestant kNoCudnn = {"cuDNN", nullptr, "built without cuDNN's headers"};
}

Contestant cudnn_convolution(const Layer&) {
  return kNoCudnn;
}
Contestant cudnn_max_pool(const kernels::Window&, int, int, bool, std::vector<PoolOperands>) {
  return kNoCudnn;
}
Contestant cudnn_softmax(int, int, int, bool, std::vector<Operands>) {
  return kNoCudnn;
}
#endif

#if !defined(SALTUS_HAS_CUBLASLT)
Contestant cublas_dense(const Layer&) {
  return {"cuBLASLt", nullptr, "built without cuBLASLt's headers"};
}
#endif

}  // namespace saltus::bench
