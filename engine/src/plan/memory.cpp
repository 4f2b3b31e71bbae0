#include <algorithm>

#include "plan/passes.h"

namespace saltus::plan {
namespace {

/// Bytes to which every buffer is aligned: a cache line, and the widest vector.
constexpr std::int64_t kAlignment = 64;

std::vector<Segment> cut(const std::vector<Step>& steps) {
  std::vector<Segment> segments;
  for (const Step& step : steps) {
    const bool sliced = is_sliced(step);
    if (segments.empty() || segments.back().sliced != sliced) segments.push_back({sliced, {}});
    segments.back().steps.push_back(step);
  }
  return segments;
}

/// Packs the tensors of one home.
std::int64_t pack_home(std::vector<Tensor>& tensors, const std::vector<Lifetime>& lifetimes,
                       Home home) {
  std::vector<Lifetime> of_home = lifetimes;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].home != home) of_home[i] = {};
  }
  return pack(tensors, of_home);
}

}  // namespace

std::int64_t pack(std::vector<Tensor>& tensors, const std::vector<Lifetime>& lifetimes) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (lifetimes[i].last >= 0) order.push_back(i);
  }
  const auto bytes = [&](std::size_t i) {
    const std::int64_t exact = tensors[i].elements * size_of(tensors[i].type);
    return (exact + kAlignment - 1) / kAlignment * kAlignment;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return bytes(a) > bytes(b); });

  std::int64_t total = 0;
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t i : order) {
    std::int64_t offset = 0;
    for (const std::size_t other : placed) {
      if (!lifetimes[i].overlaps(lifetimes[other])) continue;
      if (tensors[other].offset >= offset + bytes(i)) break;
      offset = std::max(offset, tensors[other].offset + bytes(other));
    }
    tensors[i].offset = offset;
    total = std::max(total, offset + bytes(i));
    const auto place = std::find_if(placed.begin(), placed.end(), [&](std::size_t other) {
      return tensors[other].offset > offset;
    });
    placed.insert(place, i);
  }
  return total;
}

void assign_types(Draft& draft, Precision precision) {
  if (precision != Precision::bf16) return;
  for (const Step& step : draft.steps) {
    for_each_tensor(step, [&](TensorId id, Use use) {
      Tensor& tensor = draft.tensors[static_cast<std::size_t>(id)];
      if (use == Use::matrix_read && tensor.home == Home::batch) tensor.type = DType::bf16;
    });
  }
}

Program place(Draft draft) {
  Program program;
  program.segments = cut(draft.steps);
  program.output = draft.output;

  // A tensor is a slice's if all that touches it lies in one sliced segment.
  const std::size_t count = draft.tensors.size();
  std::vector<Lifetime> by_segment(count);
  std::vector<Lifetime> by_step(count);
  int step_number = 0;
  for (std::size_t s = 0; s < program.segments.size(); ++s) {
    for (const Step& step : program.segments[s].steps) {
      for_each_tensor(step, [&](TensorId id, Use) {
        by_segment[static_cast<std::size_t>(id)].include(static_cast<int>(s));
        by_step[static_cast<std::size_t>(id)].include(step_number);
      });
      ++step_number;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    Tensor& tensor = draft.tensors[i];
    const Lifetime& life = by_segment[i];
    const bool inside = life.last >= 0 && life.first == life.last &&
                        program.segments[static_cast<std::size_t>(life.first)].sliced;
    if (tensor.home == Home::batch && inside && static_cast<TensorId>(i) != draft.output) {
      tensor.home = Home::slice;
    }
  }
  if (draft.output != kNone) {
    by_segment[static_cast<std::size_t>(draft.output)].include(
        static_cast<int>(program.segments.size()));
  }

  // Slices of a segment are at different steps at any time, so what they share of the batch lives
  // for whole segments.
  program.slice_bytes = pack_home(draft.tensors, by_step, Home::slice);
  program.batch_bytes = pack_home(draft.tensors, by_segment, Home::batch);
  program.tensors = std::move(draft.tensors);
  return program;
}

}  // namespace saltus::plan
