#include "backend/cuda/dataset.h"

#include <limits>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus::cuda {
namespace {

/// Copies a span to memory that is made anew where it has another size.
template <class T>
const T* load_span(std::span<const T> source, DeviceMemory& memory, std::int64_t& bytes,
                   cudaStream_t stream) {
  const auto needed = static_cast<std::int64_t>(source.size_bytes());
  if (needed != bytes) {
    bytes = 0;
    memory = {};  // before there is more of it
    memory = allocate(needed, "the samples");
    bytes = needed;
  }
  auto* target = static_cast<T*>(memory.get());
  copy(target, source.data(), source.size(), cudaMemcpyHostToDevice, stream);
  return target;
}

void point(DataView& view, const std::uint8_t* inputs) {
  view.bytes = inputs;
}
void point(DataView& view, const float* inputs) {
  view.floats = inputs;
}
void point(kernels::Targets& targets, const std::uint8_t* classes) {
  targets.bytes = classes;
}
void point(kernels::Targets& targets, const std::int32_t* classes) {
  targets.numbers = classes;
}
void point(kernels::Targets& targets, const float* values) {
  targets.values = values;
}

bool same(const DataView& a, const DataView& b) {
  return a.count == b.count && a.bytes == b.bytes && a.floats == b.floats &&
         a.targets.bytes == b.targets.bytes && a.targets.numbers == b.targets.numbers &&
         a.targets.values == b.targets.values && a.weights == b.weights;
}

}  // namespace

std::int64_t bytes_of(const Samples& samples) {
  const auto bytes = [](const auto& span) { return span.size_bytes(); };
  return static_cast<std::int64_t>(std::visit(bytes, samples.inputs) +
                                   std::visit(bytes, samples.targets) + bytes(samples.weights));
}

bool Dataset::load(const Samples& samples, cudaStream_t stream) {
  if (samples.count > std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument(
        fmt::format("{} samples are more than a GPU is given; use at most {} of them",
                    samples.count, std::numeric_limits<std::uint32_t>::max()));
  }
  const DataView before = std::exchange(view_, {});
  DataView now{.count = samples.count};
  complete(stream, [&] {
    std::visit([&](auto inputs) { point(now, load_span(inputs, inputs_, input_bytes_, stream)); },
               samples.inputs);
    std::visit(
        [&](auto targets) {
          point(now.targets, load_span(targets, targets_, target_bytes_, stream));
        },
        samples.targets);
    if (!samples.weights.empty()) {
      now.weights = load_span(samples.weights, weights_, weight_bytes_, stream);
    }
  });
  view_ = now;
  return same(before, now);
}

}  // namespace saltus::cuda
