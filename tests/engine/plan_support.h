// Plans and passes in tests.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace saltus::plan {

inline Graph tutorial(const char* activation = "relu") {
  const Activation act(activation);
  Graph graph({28, 28, 1});
  graph.add(layers::Conv2D{.filters = 32});
  graph.add(act);
  graph.add(layers::Conv2D{.filters = 64});
  graph.add(act);
  graph.add(layers::MaxPooling2D{});
  graph.add(layers::AlphaDropout{0.25});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 128});
  graph.add(act);
  graph.add(layers::AlphaDropout{0.5});
  graph.add(layers::Dense{.units = 10});
  graph.add(layers::Softmax{});
  return graph;
}

inline std::vector<std::string> names(const Program& program) {
  std::vector<std::string> result;
  for (const Step& step : program.steps) result.emplace_back(name_of(step));
  return result;
}

inline auto count(const Program& program, std::string_view step) {
  const std::vector<std::string> all = names(program);
  return std::count(all.begin(), all.end(), step);
}

inline const Tensor& named(const Program& program, std::string_view name) {
  const auto found = std::find_if(program.tensors.begin(), program.tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.name == name; });
  if (found == program.tensors.end()) throw std::out_of_range(std::string(name));
  return *found;
}

}  // namespace saltus::plan
