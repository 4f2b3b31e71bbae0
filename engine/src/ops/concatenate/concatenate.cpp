#include "ops/concatenate/concatenate.h"

#include <algorithm>

#include <fmt/format.h>

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::Concatenate>::infer(const layers::Concatenate& /*layer*/,
                                               const Inference& at) {
  Shape whole = at.input();
  whole.back() = 0;
  for (const Shape& shape : at.inputs()) {
    if (shape.size() != whole.size() ||
        !std::equal(shape.begin(), shape.end() - 1, whole.begin())) {
      at.fail(
          fmt::format("inputs of shapes {} and {} cannot be concatenated; all axes but the "
                      "last must be the same",
                      to_string(at.input()), to_string(shape)));
    }
    whole.back() += shape.back();
  }
  return {whole, {}};
}

TensorId LayerRule<layers::Concatenate>::lower(const layers::Concatenate& /*layer*/,
                                               plan::Lowering& at) {
  Shape shape = at.input_shape();
  const std::int64_t rows = element_count(shape) / shape.back();
  TensorId whole = at.input();
  const std::size_t count = at.node().inputs.size();
  for (std::size_t i = 1; i < count; ++i) {
    const std::int64_t first = shape.back();
    const std::int64_t second = at.input_shape(i).back();
    shape.back() += second;
    const TensorId y = i + 1 == count ? at.output() : at.tensor(fmt::format("/{}", i), shape);
    at.emit(Concat{whole, at.input(i), y, rows, first, second});
    whole = y;
  }
  return whole;
}

store::OnnxValue LayerRule<layers::Concatenate>::export_onnx(const layers::Concatenate& /*layer*/,
                                                             store::OnnxLayer& at) {
  const bool first = at.is_channels_first();
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < at.node().inputs.size(); ++i) {
    inputs.push_back(first ? at.channels_first(i) : at.plain(i));
  }
  return store::in_order(
      at.add("Concat", std::move(inputs), {{"axis", std::int64_t{first ? 1 : -1}}}), first);
}

void Concat::differentiate(plan::Gradients& gradients) const {
  const TensorId da = gradients.create(a);
  const TensorId db = gradients.create(b);
  gradients.add(Split{gradients.at(y), da, db, rows, first, second});
  gradients.contribute(a, da);
  gradients.contribute(b, db);
}

void Split::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    return Concat{gradients.at(a), gradients.at(b), dx, rows, first, second};
  });
}

}  // namespace saltus::ops
