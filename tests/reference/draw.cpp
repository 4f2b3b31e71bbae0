#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "reference/examples.h"

namespace saltus::reference {
namespace {

bool ends_with(const std::string& name, std::string_view end) {
  return name.ends_with(end);
}

/// Whether targets are zeros and ones.
bool is_binary(const Loss& loss) {
  return loss.as<losses::BinaryCrossentropy>() != nullptr || loss.as<losses::Hinge>() != nullptr;
}

}  // namespace

Weights draw_weights(const Graph& graph, Random& random) {
  Weights weights;
  for (const Node& node : graph.nodes()) {
    for (const Weight& weight : node.weights) {
      double low = -0.3;  // biases, beta, means
      double high = 0.3;
      if (weight.bounds) {  // near what it begins with, where the activation is as it is known
        const double value = std::get<initializers::Constant>(weight.initializer).value;
        low = value - 0.2 * std::max(std::abs(value), 0.5);
        high = value + 0.2 * std::max(std::abs(value), 0.5);
      } else if (ends_with(weight.name, "/kernel")) {
        high = std::sqrt(3.0 / static_cast<double>(weight.fans.in));  // variance 1 / fan_in
        low = -high;
      } else if (ends_with(weight.name, "/gamma") || ends_with(weight.name, "variance")) {
        low = 0.5;
        high = 1.5;
      } else if (ends_with(weight.name, "/alpha")) {
        low = 0.1;
        high = 0.5;
      }
      Values values(element_count(weight.shape));
      for (double& value : values) value = random.uniform(low, high);
      weights[weight.name] = std::move(values);
    }
  }
  return weights;
}

Data draw_data(const Graph& graph, const Loss& loss, std::int64_t rows, Random& random) {
  Data data{Batch(rows, graph.nodes().front().shape), Batch(rows, graph.output().shape)};
  for (double& x : data.x.values) x = random.uniform(-1, 1);
  const std::int64_t outputs = data.t.sample_size();
  if (loss.is_categorical()) {
    for (std::int64_t row = 0; row < rows; ++row) {
      data.t.values[row * outputs + random.integer(0, outputs - 1)] = 1;
    }
  } else if (is_binary(loss)) {
    for (double& t : data.t.values) t = static_cast<double>(random.integer(0, 1));
  } else {
    for (double& t : data.t.values) t = random.uniform(-1, 1);
  }
  return data;
}

Batch rows_of(const Batch& batch, std::int64_t first, std::int64_t count) {
  const auto begin = batch.values.begin() + first * batch.sample_size();
  return {count, batch.shape, Values(begin, begin + count * batch.sample_size())};
}

}  // namespace saltus::reference
