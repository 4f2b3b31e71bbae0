#include "plan/program.h"

#include <utility>

namespace saltus::plan {

TensorId Program::add_tensor(std::string name, Shape shape, DType type) {
  const std::int64_t elements = element_count(shape);
  tensors.push_back({std::move(name), std::move(shape), type, Home::batch, elements, 0});
  return static_cast<TensorId>(tensors.size() - 1);
}

std::int64_t align(std::int64_t elements) {
  constexpr std::int64_t kAlignment = 16;  // floats of a cache line
  return (elements + kAlignment - 1) / kAlignment * kAlignment;
}

std::string_view name_of(const Step& step) {
  return std::visit([](const auto& s) { return s.kName; }, step);
}

bool reads(const Step& step, TensorId tensor) {
  bool found = false;
  for_each_tensor(step,
                  [&](TensorId id, ops::Use use) { found |= id == tensor && ops::is_read(use); });
  return found;
}

std::vector<int> count_readers(const Program& program) {
  std::vector<int> readers(program.tensors.size(), 0);
  if (program.output != kNone) ++readers[static_cast<std::size_t>(program.output)];
  for (const Step& step : program.steps) {
    for_each_tensor(step, [&](TensorId id, ops::Use use) {
      if (ops::is_read(use)) ++readers[static_cast<std::size_t>(id)];
    });
  }
  return readers;
}

}  // namespace saltus::plan
