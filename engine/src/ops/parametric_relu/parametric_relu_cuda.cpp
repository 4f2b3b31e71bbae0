#include <algorithm>

#include <saltus/kernels/elementwise/parametric_relu.h>

#include "backend/cuda/launch_builder.h"
#include "ops/parametric_relu/parametric_relu.h"

namespace saltus::ops {

using namespace cuda;

namespace {

/// A kernels::AlphaMap whose tables are among the constants.
struct AlphaMap {
  int size;
  int alphas;
  std::size_t of_element, elements, first;

  kernels::AlphaMap on(const Constants& constants) const {
    return {size, alphas, constants.at<int>(of_element), constants.at<int>(elements),
            constants.at<int>(first)};
  }
};

AlphaMap alpha_map(const Shape& sample, TensorId alpha, LaunchBuilder& builder) {
  const plan::Tensor& weights = builder.tensors().tensor(alpha);
  const std::vector<std::int64_t> places = broadcast_places(sample, weights.shape);
  const int size = extent(static_cast<std::int64_t>(places.size()));
  const int alphas = extent(weights.elements);
  std::vector<int> of_element;
  std::vector<int> elements;
  std::vector<int> first(static_cast<std::size_t>(alphas) + 1, 0);
  for (int i = 0; i < size; ++i) {
    of_element.push_back(static_cast<int>(places[static_cast<std::size_t>(i)]));
    elements.push_back(i);
    ++first[static_cast<std::size_t>(of_element.back()) + 1];
  }
  for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  std::stable_sort(elements.begin(), elements.end(), [&](int a, int b) {
    return of_element[static_cast<std::size_t>(a)] < of_element[static_cast<std::size_t>(b)];
  });
  Constants& constants = builder.constants();
  return {size, alphas, constants.add(of_element), constants.add(elements), constants.add(first)};
}

}  // namespace

Launch ParametricRelu::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, map = alpha_map(sample, alpha, builder)](const StepContext& at) {
    kernels::parametric_relu(
        {map.on(*at.constants), t.in(at, s.x), t.floats(at, s.alpha), t.out(at, s.y)}, at.context);
  }};
}

Launch ParametricReluBackward::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, map = alpha_map(sample, alpha, builder)](const StepContext& at) {
    kernels::parametric_relu_backward(
        {map.on(*at.constants), t.in(at, s.x), t.in(at, s.dy), t.floats(at, s.alpha),
         t.out(at, s.dx), t.floats(at, s.dalpha)},
        at.context);
  }};
}

}  // namespace saltus::ops
