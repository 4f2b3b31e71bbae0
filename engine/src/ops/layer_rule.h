// What there is to say of a layer, in one struct: its folder specialises LayerRule for it, and
// ops/list.h checks that nothing is missing.
#pragma once

#include <cstddef>
#include <functional>
#include <tuple>

#include <saltus/kernels/trial.h>
#include <saltus/layers.h>

#include "graph/kind.h"
#include "ops/inference.h"
#include "ops/step.h"

namespace saltus::store {
class OnnxLayer;
struct OnnxValue;
}  // namespace saltus::store

namespace saltus::ops {

/// How many inputs a layer takes: from `least` to `most`.
struct Arity {
  std::size_t least = 1;
  std::size_t most = 1;
};

/// What tells two layers apart that differ in an option.
enum class ShownBy : std::uint8_t {
  itself,   ///< the option alone
  weights,  ///< the layer's shape or weights too
};

/// An option of a layer, by Keras's name: read and written in saved models, and compared. `member`
/// is a pointer to it, or std::identity for a layer that is its only option.
template <class Member>
struct Option {
  Option(const char* name_, Member member_, ShownBy shown_by_ = ShownBy::itself)
      : name(name_), member(member_), shown_by(shown_by_) {}

  auto& of(auto& layer) const { return std::invoke(member, layer); }

  const char* name;
  Member member;
  ShownBy shown_by;
};

/// The rule of layer L has
/// - kKind, a Kind: what it is called;
/// - options(), a tuple of Option: all its members;
/// - infer(layer, Inference): its shape and weights, Inferred;
/// - lower(layer, Lowering): emits its forward steps and returns the tensor of its output;
/// - export_onnx(layer, OnnxLayer): its OnnxValue;
/// and where it needs them
/// - kArity, unless it takes one input;
/// - kStatisticsMove, false where its weights that are not trained stay as they are set;
/// - dropout(layer), the DropoutRule of a kind of dropout, which trials may choose, and DropStep,
///   the step that applies it.
template <class L>
struct LayerRule;

struct LayerDefaults {
  static constexpr Arity kArity = {};
  static constexpr bool kStatisticsMove = true;
};

}  // namespace saltus::ops
