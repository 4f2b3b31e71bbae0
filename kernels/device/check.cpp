#include <saltus/kernels/device/check.h>

namespace saltus::kernels {
namespace {

const char* advice(cudaError_t code) {
  switch (code) {
    case cudaErrorMemoryAllocation:
      return "; the device has too little free memory: run fewer trials side by side";
    case cudaErrorInsufficientDriver:
      return "; there is no NVIDIA driver, or it is older than this program's CUDA runtime";
    case cudaErrorNoDevice:
      return "; this machine has no CUDA device, or CUDA_VISIBLE_DEVICES hides it";
    case cudaErrorNoKernelImageForDevice:
      return "; this build has no code for the device: add its architecture to "
             "CMAKE_CUDA_ARCHITECTURES";
    default:
      return "";
  }
}

}  // namespace

void check(cudaError_t code, const char* call, const char* file, int line) {
  if (code == cudaSuccess) return;
  throw CudaError(code, std::string(file) + ":" + std::to_string(line) + ": " + call + ": " +
                            cudaGetErrorString(code) + " (" + cudaGetErrorName(code) + ")" +
                            advice(code));
}

}  // namespace saltus::kernels
