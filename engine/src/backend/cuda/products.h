// The choice of who multiplies: the seam between steps, which know that a convolution or dense
// layer is to be computed, and the launches that do it, by kernels of our own or by a library.
#pragma once

#include <memory>

#include <saltus/kernels/elementwise/activate.h>
#include <saltus/kernels/matrix/engine.h>
#include <saltus/precision.h>

#include "backend/cuda/tensors.h"

namespace saltus::cuda {

/// y = f(x w + b), slope = f'(x w + b). A dense layer is a convolution of windows of 1 x 1
/// (kernels::product_window()).
struct ForwardProduct {
  kernels::Window window;
  plan::TensorId x, w, b, y;
  int slot = kernels::Activate::kIdentity;
  plan::TensorId slope = plan::kNone;
};

/// dx, dw, db. Each may be absent, db is where dw is.
struct BackwardProduct {
  kernels::Window window;
  plan::TensorId x, w, dy, dx, dw, db;
};

/// Makes launches of products.
class Products {
 public:
  virtual ~Products() = default;
  virtual Launch forward(const ForwardProduct& product) const = 0;
  virtual Launch backward(const BackwardProduct& product) const = 0;
};

/// What our kernels multiply with.
constexpr kernels::Engine engine_of(Precision precision) {
  return precision == Precision::fp32 ? kernels::Engine::simt : kernels::Engine::tensor;
}

/// By our kernels. The launches refer to `program`.
std::unique_ptr<Products> own_products(const plan::Program& program, Precision precision,
                                       int max_rows);

}  // namespace saltus::cuda
