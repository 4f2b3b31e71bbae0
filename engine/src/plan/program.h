// A program: flat steps over tensors. Lowering and autodiff make it, the passes of a backend change
// it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ops/list.h"
#include "plan/tensor.h"

namespace saltus::plan {

using ops::Step;

/// What a program is for. To diagnose is to compute as evaluation does, without dropout and with
/// moving statistics, and then every gradient; nothing is updated.
enum class Mode : std::uint8_t { train, evaluate, predict, diagnose };

/// Steps [first, last) that run one after another. A backend may take a sliced segment a few
/// samples at a time, while they are in its cache.
struct Segment {
  bool sliced = false;
  std::size_t first = 0;
  std::size_t last = 0;
};

/// One pass over a batch. Tensors that are weights come first and are the same, under the same ids,
/// in all programs of a plan.
struct Program {
  Mode mode = Mode::train;
  std::vector<Tensor> tensors;
  std::vector<Step> steps;
  TensorId output = kNone;                   ///< what predict() returns; kNone in other programs
  std::vector<TensorId> gradient_of_weight;  ///< by weight; kNone where it is not trained

  std::vector<Segment> segments;  ///< all steps, where the pass `slice` cut them
  std::int64_t batch_bytes = 0;   ///< a sample, by the pass `pack`
  std::int64_t slice_bytes = 0;   ///< a sample, by the pass `pack`

  /// Adds a tensor with one row a sample.
  TensorId add_tensor(std::string name, Shape shape, DType type = DType::f32);

  const Tensor& tensor(TensorId id) const { return tensors[static_cast<std::size_t>(id)]; }
  Tensor& tensor(TensorId id) { return tensors[static_cast<std::size_t>(id)]; }
};

/// Elements that an array of so many takes among others: whole cache lines of floats.
std::int64_t align(std::int64_t elements);

/// "convolution_backward"
std::string_view name_of(const Step& step);

/// Calls visit(tensor, use) for each tensor of a step but kNone.
template <class AnyStep, class Visit>
void for_each_tensor(AnyStep& step, Visit&& visit) {
  std::visit([&](auto& s) { ops::for_each_operand(s, visit); }, step);
}

bool reads(const Step& step, TensorId tensor);

/// By tensor: how many steps read it; one more for the program's output.
std::vector<int> count_readers(const Program& program);

/// One line a step, with its tensors and their homes, and the bytes that they take.
std::string describe(const Program& program);

}  // namespace saltus::plan
