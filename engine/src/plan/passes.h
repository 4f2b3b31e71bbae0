// The passes that make a plan, in their order: lower (graph to forward steps) -> fuse -> backward
// -> recompute -> types and homes -> memory.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>

#include "plan/plan.h"

namespace saltus::plan {

/// Which of the plan's programs is being made.
enum class Mode : std::uint8_t { train, evaluate, predict };

/// Steps in a row, before they are cut into segments.
struct Draft {
  Mode mode = Mode::train;
  std::vector<Tensor> tensors;
  std::vector<Step> steps;
  TensorId output = kNone;
  std::vector<TensorId> gradient_of_weight;

  /// Adds a tensor with one row a sample.
  TensorId add_tensor(std::string name, Shape shape, DType type = DType::f32);
};

/// How a step touches a tensor.
enum class Use : std::uint8_t {
  read,
  write,
  matrix_read,  ///< read as the input of a matrix product: stored in the precision's type
};

/// Calls visit(tensor, use) for every tensor of a step but kNone.
void for_each_tensor(const Step& step, const std::function<void(TensorId, Use)>& visit);

/// Whether each sample's rows depend on that sample alone; see Segment.
bool is_sliced(const Step& step);

/// Forward steps of a graph, ending in the loss (train, evaluate) or in the output (predict).
Draft lower(const Graph& graph, const Loss& loss, Mode mode);

/// Replaces activation and max-pooling behind it by one step.
void fuse(Draft& draft);

/// Appends the backward steps and the update.
void add_backward(Draft& draft);

/// Lets the backward pass compute cheap activations again instead of keeping them for the whole
/// batch.
void recompute(Draft& draft);

/// Stores what matrix products read in the precision's type.
void assign_types(Draft& draft, Precision precision);

/// From a tensor's first write to its last read: numbers of segments, or of steps.
struct Lifetime {
  int first = std::numeric_limits<int>::max();
  int last = -1;  ///< below 0: it does not live at all

  void include(int position) {
    first = std::min(first, position);
    last = std::max(last, position);
  }
  bool overlaps(const Lifetime& other) const { return first <= other.last && other.first <= last; }
};

/// Gives the tensors that live offsets, in bytes a sample, such that no two that live at once
/// overlap: largest first, each at the lowest free place. Returns the bytes needed for a sample.
std::int64_t pack(std::vector<Tensor>& tensors, const std::vector<Lifetime>& lifetimes);

/// Cuts the steps into segments and gives every tensor its place.
Program place(Draft draft);

}  // namespace saltus::plan
