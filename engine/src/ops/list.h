// The list of all operations. A layer is here once, in saltus::Layer's own list, by its rule; a
// step is in one of the lists below. Names, ids, saved models, exports, dispatch in both backends
// and the checks of plans follow from them.
#pragma once

#include <variant>

#include <saltus/layers.h>

#include "ops/activation/activation.h"
#include "ops/add/add.h"
#include "ops/batch_normalization/batch_normalization.h"
#include "ops/concatenate/concatenate.h"
#include "ops/convolution/convolution.h"
#include "ops/dense/dense.h"
#include "ops/depthwise_convolution/depthwise_convolution.h"
#include "ops/dropout/dropout.h"
#include "ops/dropout/spatial_dropout.h"
#include "ops/gaussian_noise/gaussian_noise.h"
#include "ops/glu/glu.h"
#include "ops/group_normalization/group_normalization.h"
#include "ops/head/head.h"
#include "ops/input/input.h"
#include "ops/layer_normalization/layer_normalization.h"
#include "ops/learned_activation/learned_activation.h"
#include "ops/loss/loss.h"
#include "ops/multiply/multiply.h"
#include "ops/normalization/normalization.h"
#include "ops/parametric_relu/parametric_relu.h"
#include "ops/pooling/average_pooling.h"
#include "ops/pooling/max_pooling.h"
#include "ops/reshape/reshape.h"
#include "ops/rms_normalization/rms_normalization.h"
#include "ops/softmax/softmax.h"
#include "ops/update/update.h"
#include "ops/zero_padding/zero_padding.h"

namespace saltus::ops {

/// What layers are lowered to. Each can be differentiated.
using ForwardStep =
    std::variant<LoadInput, Convolution, DepthwiseConvolution, Gemm, Activate, MaxPool, AveragePool,
                 Drop, ParametricRelu, SoftmaxRows, NormalizeBatch, NormalizeMoving, NormalizeRows,
                 NormalizeGroups, Sum, Multiply, Concat, Split, Pad, DropMaps, AddNoise,
                 ActivateLearned>;

/// What differentiation makes of them.
using BackwardStep =
    std::variant<ConvolutionBackward, DepthwiseConvolutionBackward, GemmBackward, ActivateBackward,
                 MaxPoolBackward, AveragePoolBackward, DropBackward, ParametricReluBackward,
                 SoftmaxRowsBackward, NormalizeBatchBackward, NormalizeRowsBackward,
                 NormalizeGroupsBackward, PadBackward, ActivateLearnedBackward>;

/// What begins the backward pass, and ends it.
using BatchStep = std::variant<EvaluateLoss, Update>;

/// What a backend's passes make of several steps. Each runs where those passes are.
using FusedStep = std::variant<ActivatePool, GatherPooled, PooledGradient,
                               PooledConvolutionBackward, ConvolutionActivate, GemmActivate,
                               ConvolutionsPool, ConvolutionsPoolBackward, Head>;

/// What only diagnoses need of differentiation, which run on the CPU.
using DiagnosisStep = std::variant<NormalizeMovingBackward>;

/// Step S can be differentiated; run on the CPU; run on a GPU.
template <class S>
concept HasGradient = requires {
  &S::differentiate;
};
template <class S>
concept RunsOnCpu = requires {
  &S::compile;
};
template <class S>
concept RunsOnCuda = requires {
  &S::launch;
};

/// Whether each sample's rows depend on that sample alone, so that the CPU may take a few samples
/// through several such steps while they are in its cache.
template <class S>
constexpr bool is_sliced() {
  if constexpr (RunsOnCpu<S>) {
    return std::is_same_v<decltype(&S::compile),
                          cpu::SlicedOpPtr (S::*)(const cpu::Compilation&) const>;
  } else {
    return false;
  }
}

namespace detail {

template <class... Variants>
struct Joined;
template <class... A, class... B, class... Rest>
struct Joined<std::variant<A...>, std::variant<B...>, Rest...>
    : Joined<std::variant<A..., B...>, Rest...> {};
template <class... A>
struct Joined<std::variant<A...>> {
  using type = std::variant<A...>;
};

template <class... S>
constexpr bool check_forward(std::type_identity<std::variant<S...>>) {
  static_assert((HasGradient<S> && ...), "a forward step lacks its gradient: differentiate()");
  static_assert((RunsOnCpu<S> && ...), "a forward step lacks its CPU implementation: compile()");
  static_assert((RunsOnCuda<S> && ...), "a forward step lacks its CUDA launches: launch()");
  return true;
}
template <class... S>
constexpr bool check_other(std::type_identity<std::variant<S...>>) {
  static_assert((!HasGradient<S> && ...), "a step with a gradient belongs to ForwardStep");
  static_assert((RunsOnCpu<S> && ...), "a step lacks its CPU implementation: compile()");
  static_assert((RunsOnCuda<S> && ...), "a step lacks its CUDA launches: launch()");
  return true;
}
template <class... S>
constexpr bool check_fused(std::type_identity<std::variant<S...>>) {
  static_assert(((RunsOnCpu<S> || RunsOnCuda<S>)&&...), "no backend runs a step");
  return true;
}

/// Whether the rule of a layer says all that LayerRule asks for, and its options are all members.
template <class L>
constexpr bool is_complete() {
  using Rule = LayerRule<L>;
  static_assert(
      requires(const L& layer, const Inference& inference, plan::Lowering& lowering,
               store::OnnxLayer& onnx) {
        { Rule::kKind } -> std::convertible_to<Kind>;
        { Rule::kArity } -> std::convertible_to<Arity>;
        Rule::options();
        { Rule::infer(layer, inference) } -> std::same_as<Inferred>;
        { Rule::lower(layer, lowering) } -> std::same_as<TensorId>;
        &Rule::export_onnx;
      },
      "a layer's rule is incomplete: see ops/layer_rule.h");
  if constexpr (std::is_aggregate_v<L>) {
    static_assert(std::tuple_size_v<decltype(Rule::options())> == kernels::count_members<L>(),
                  "a layer has a member that is none of its options");
  }
  return true;
}
template <class... L>
constexpr bool check_layers(std::type_identity<std::variant<L...>>) {
  return (is_complete<L>() && ...);
}

static_assert(check_forward(std::type_identity<ForwardStep>()));
static_assert(check_other(std::type_identity<BackwardStep>()));
static_assert(check_other(std::type_identity<BatchStep>()));
static_assert(check_fused(std::type_identity<FusedStep>()));
static_assert(check_fused(std::type_identity<DiagnosisStep>()));
static_assert(check_layers(std::type_identity<Layer>()));

}  // namespace detail

/// Any step.
using Step = detail::Joined<ForwardStep, BackwardStep, BatchStep, FusedStep, DiagnosisStep>::type;

}  // namespace saltus::ops
