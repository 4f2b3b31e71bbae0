#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <span>
#include <variant>

#include <saltus/shape.h>

namespace saltus {

/// Samples for training or evaluation: a view, nothing is owned or copied. The buffers must outlive
/// the call they are given to.
struct Samples {
  std::int64_t count = 0;

  /// Inputs [count][shape of the network's input]: bytes are divided by 255 on load, floats are
  /// taken as they are.
  std::variant<std::span<const std::uint8_t>, std::span<const float>> inputs;

  /// Targets: integers [count], which are class numbers and stand for one-hot rows, of an output
  /// with no other axis longer than 1, or for the value itself where the network has one output; or
  /// floats [count][size of the network's output]. Empty for predict().
  std::variant<std::span<const std::uint8_t>, std::span<const std::int32_t>, std::span<const float>>
      targets;

  /// Weights of the samples in the loss [count], none of them negative: the loss of a batch is the
  /// sum of weight times loss, over the batch's number of samples. Metrics do not count them.
  /// Empty: all weigh 1.
  std::span<const float> weights = {};
};

}  // namespace saltus
