#include "backend/cuda/libraries/multiplier.h"

namespace saltus::cuda {

Multipliers load(const Libraries& libraries, Precision precision) {
  Multipliers multipliers;
  if (libraries.conv == Conv::cudnn) multipliers.convolutions = load_cudnn(precision);
  if (libraries.gemm == Gemm::cublas) multipliers.dense = load_cublas(precision);
  return multipliers;
}

}  // namespace saltus::cuda
