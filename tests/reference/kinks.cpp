#include "reference/kinks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include <saltus/activation.h>

#include "reference/window.h"

namespace saltus::reference {
namespace {

constexpr double kSmooth = std::numeric_limits<double>::infinity();

/// The smaller one, unless the distance is zero.
double nearer(double smallest, double distance) {
  return distance == 0 ? smallest : std::min(smallest, std::abs(distance));
}

double kink_distance(const Activation& layer, const Batch& x) {
  const kernels::Kinks kinks = layer.kinks();
  double smallest = kSmooth;
  for (const kernels::Kink& kink : kinks.at) {
    for (const double value : x.values) {
      const double d = value - static_cast<double>(kink.x);
      smallest = nearer(smallest, kinks.period > 0 ? std::remainder(d, kinks.period) : d);
    }
  }
  return smallest;
}

double kink_distance(const layers::PReLU&, const Batch& x) {
  double smallest = kSmooth;
  for (const double value : x.values) smallest = nearer(smallest, value);
  return smallest;
}

double kink_distance(const layers::MaxPooling2D& layer, const Batch& x) {
  const Size2 strides = layer.strides == Size2{0, 0} ? layer.pool_size : layer.strides;
  const Window window = place(x, layer.pool_size, strides, layer.padding);
  Batch largest(x.rows, {window.rows.output, window.columns.output, x.channels()});
  std::ranges::fill(largest.values, -kSmooth);
  const auto for_each = [&](auto visit) {
    for_each_tap(window, x.rows, [&](const Tap& tap) {
      for (std::int64_t c = 0; c < x.channels(); ++c) {
        visit(largest.values[largest.index(tap.row, tap.out_y, tap.out_x, c)],
              x.values[x.index(tap.row, tap.in_y, tap.in_x, c)]);
      }
    });
  };
  for_each([](double& top, double value) { top = std::max(top, value); });
  double smallest = kSmooth;
  for_each([&](double top, double value) { smallest = nearer(smallest, top - value); });
  return smallest;
}

template <typename Smooth>
double kink_distance(const Smooth&, const Batch&) {
  return kSmooth;
}

}  // namespace

double kink_distance(const Graph& graph, const Array<Batch>& outputs) {
  double smallest = kSmooth;
  for (const Node& node : graph.nodes()) {
    if (node.inputs.empty()) continue;
    const Batch& x = outputs[node.inputs.front()];
    smallest = std::min(
        smallest,
        std::visit([&](const auto& layer) { return kink_distance(layer, x); }, node.layer));
  }
  return smallest;
}

}  // namespace saltus::reference
