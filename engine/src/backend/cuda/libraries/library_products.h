#pragma once

#include "backend/cuda/libraries/multiplier.h"
#include "backend/cuda/products.h"

namespace saltus::cuda {

/// By a library, with kernels of ours around it. The launches refer to `program`.
std::unique_ptr<Products> library_products(const plan::Program& program, Precision precision,
                                           int max_rows, std::shared_ptr<Multiplier> multiplier);

}  // namespace saltus::cuda
