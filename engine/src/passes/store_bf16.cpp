#include "passes/passes.h"

namespace saltus::passes {

void store_bf16(plan::Program& program) {
  for (const plan::Step& step : program.steps) {
    plan::for_each_tensor(step, [&](plan::TensorId id, ops::Use use) {
      plan::Tensor& tensor = program.tensor(id);
      if (use == ops::Use::matrix_read && tensor.home == plan::Home::batch) {
        tensor.type = plan::DType::bf16;
      }
    });
  }
}

}  // namespace saltus::passes
