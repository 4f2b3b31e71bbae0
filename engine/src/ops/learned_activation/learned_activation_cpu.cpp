#include <algorithm>
#include <cstddef>
#include <vector>

#include "backend/cpu/group_sums.h"
#include "backend/cpu/op.h"
#include "graph/learned_activation.h"
#include "ops/learned_activation/learned_activation.h"

namespace saltus::ops {

using namespace cpu;

namespace {

/// What both directions have: the formula, and the parameters as they are used.
class LearnedParameters {
 public:
  template <class Step>
  LearnedParameters(const Step& step, const Memory& memory)
      : formula_(learned_formula(step.activation)),
        memory_(memory),
        tensors_(step.parameters),
        listed_(step.activation.info().parameters) {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      run_.is_learned[i] = tensors_[i] != kNone;
      run_.by_channel[i] = step.activation.learned(i) == Learned::channel;
      values_[i] = {step.activation.ref().parameters[i]};
      if (run_.is_learned[i]) values_[i].resize(count(i));
      run_.parameters[i] = values_[i].data();
    }
    run_.formula = &formula_;
    run_.channels = step.channels;
  }

  const formula::LearnedFormula& formula() const { return formula_; }
  std::size_t count(std::size_t parameter) const {
    return tensors_[parameter] == kNone
               ? 0
               : static_cast<std::size_t>(memory_.tensor(tensors_[parameter]).elements);
  }

  /// Before a batch.
  void take(const Run& run) {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      if (tensors_[i] == kNone) continue;
      const float* weights = memory_.floats(tensors_[i], run);
      std::transform(weights, weights + count(i), values_[i].begin(), [&](float weight) {
        return std::clamp(weight, listed_[i].low, listed_[i].high);
      });
    }
  }

  formula::LearnedRun run(const formula::Program& program) const {
    formula::LearnedRun result = run_;
    result.program = program.view();
    return result;
  }

  /// The gradient of a weight, where a step against it would not lead out of the interval.
  float inward(std::size_t parameter, float weight, float gradient) const {
    const bool leads_out = (gradient < 0 && weight >= listed_[parameter].high) ||
                           (gradient > 0 && weight <= listed_[parameter].low);
    return leads_out ? 0 : gradient;
  }

 private:
  formula::LearnedFormula formula_;
  const Memory& memory_;
  EachParameter<Read> tensors_;
  kernels::ShortList<kernels::Parameter, kernels::kMaxParameters> listed_;
  EachParameter<std::vector<float>> values_;
  formula::LearnedRun run_ = {};
};

class ActivateLearnedOp : public SlicedOp {
 public:
  ActivateLearnedOp(const ActivateLearned& step, const Memory& memory)
      : step_(step),
        memory_(memory),
        parameters_(step, memory),
        elements_(memory.tensor(step.x).elements) {}

  void prepare(const Run& run, std::int64_t /*remainder*/) override { parameters_.take(run); }

  void run(const Run& run, const Slice& slice) override {
    loops().activate_learned(parameters_.run(parameters_.formula().value_program()),
                             memory_.in(step_.x, run, slice), memory_.out(step_.y, run, slice),
                             slice.rows * elements_);
  }

 private:
  ActivateLearned step_;
  const Memory& memory_;
  LearnedParameters parameters_;
  std::int64_t elements_;
};

class ActivateLearnedBackwardOp : public SlicedOp {
 public:
  ActivateLearnedBackwardOp(const ActivateLearnedBackward& step, const Memory& memory)
      : step_(step),
        memory_(memory),
        parameters_(step, memory),
        elements_(memory.tensor(step.x).elements) {
    for (std::size_t i = 0; i < first_.size(); ++i) {
      first_[i] = sum_count_;
      sum_count_ += parameters_.count(i);
    }
    sums_ = GroupSums(static_cast<std::int64_t>(sum_count_));
  }

  void prepare(const Run& run, std::int64_t /*remainder*/) override { parameters_.take(run); }

  void run(const Run& run, const Slice& slice) override {
    if (slice.opens_group) std::fill_n(sums_.of(slice.group), sums_.size(), 0.0F);
    std::vector<double> found(sum_count_, 0.0);
    EachParameter<double*> places{};
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = found.data() + first_[i];
    const Out dx =
        step_.dx == kNone ? Out{nullptr, plan::DType::f32} : memory_.out(step_.dx, run, slice);
    loops().activate_learned_backward(parameters_.run(parameters_.formula().derivative_program()),
                                      memory_.in(step_.x, run, slice),
                                      memory_.in(step_.dy, run, slice), dx, places.data(),
                                      slice.rows * elements_);
    sums_.add(slice, std::vector<float>(found.begin(), found.end()).data());
  }

  void finish(const Run& run) override {
    const float* sums = sums_.total(run);
    for (std::size_t i = 0; i < first_.size(); ++i) {
      if (step_.gradients[i] == kNone) continue;
      const float* weights = memory_.floats(step_.parameters[i], run);
      float* gradients = memory_.floats(step_.gradients[i], run);
      for (std::size_t j = 0; j < parameters_.count(i); ++j)
        gradients[j] = parameters_.inward(i, weights[j], sums[first_[i] + j]);
    }
  }

 private:
  ActivateLearnedBackward step_;
  const Memory& memory_;
  LearnedParameters parameters_;
  std::int64_t elements_;
  EachParameter<std::size_t> first_ = {};  ///< of its sums
  std::size_t sum_count_ = 0;
  GroupSums sums_;
};

}  // namespace

SlicedOpPtr ActivateLearned::compile(const Compilation& at) const {
  return std::make_unique<ActivateLearnedOp>(*this, at.memory);
}

SlicedOpPtr ActivateLearnedBackward::compile(const Compilation& at) const {
  return std::make_unique<ActivateLearnedBackwardOp>(*this, at.memory);
}

}  // namespace saltus::ops
