#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"
#include "ops/parametric_relu/parametric_relu.h"

namespace saltus::ops {

using namespace cpu;

namespace {

/// A sample a row.
void parametric_relu(In x, const float* alpha, std::span<const std::int64_t> places, Out y,
                     std::int64_t rows) {
  const auto elements = static_cast<std::int64_t>(places.size());
  RowReader reader(x, elements);
  RowWriter writer(y, elements);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto values = reader.row(row);
    for (std::size_t j = 0; j < values.size(); ++j) {
      writer.values()[j] = values[j] < 0 ? alpha[places[j]] * values[j] : values[j];
    }
    writer.write(row);
  }
}

/// Sums over the batch in a fixed order, by one thread: the step is a small part of any network
/// that has it.
class ParametricReluBackwardOp : public WholeOp {
 public:
  ParametricReluBackwardOp(const ParametricReluBackward& step, const Compilation& at)
      : step_(step),
        memory_(at.memory),
        places_(broadcast_places(step.sample, memory_.tensor(step.alpha).shape)) {}

  void run(Run& run) override {
    const plan::Tensor& alphas = memory_.tensor(step_.alpha);
    const auto elements = static_cast<std::int64_t>(places_.size());
    RowReader inputs(memory_.in(step_.x, run, {}), elements);
    RowReader upstream(memory_.in(step_.dy, run, {}), elements);
    const Out dx =
        step_.dx == plan::kNone ? Out{nullptr, plan::DType::f32} : memory_.out(step_.dx, run, {});
    RowWriter writer(dx, elements);
    const float* alpha = memory_.floats(step_.alpha, run);
    std::vector<double> sums(static_cast<std::size_t>(alphas.elements), 0.0);
    for (std::int64_t row = 0; row < run.rows(); ++row) {
      const auto x = inputs.row(row);
      const auto dy = upstream.row(row);
      for (std::size_t j = 0; j < x.size(); ++j) {
        // At zero alpha has no say and the slope is 0 in Keras's form, relu(x) - alpha relu(-x).
        const float slope = x[j] > 0 ? 1.0F : x[j] < 0 ? alpha[places_[j]] : 0.0F;
        writer.values()[j] = slope * dy[j];
        if (x[j] < 0) sums[static_cast<std::size_t>(places_[j])] += double{x[j]} * dy[j];
      }
      writer.write(row);
    }
    float* dalpha = memory_.floats(step_.dalpha, run);
    for (std::size_t j = 0; j < sums.size(); ++j) dalpha[j] = static_cast<float>(sums[j]);
  }

 private:
  ParametricReluBackward step_;
  const Memory& memory_;
  std::vector<std::int64_t> places_;
};

}  // namespace

SlicedOpPtr ParametricRelu::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  auto places = broadcast_places(sample, memory.tensor(alpha).shape);
  return loop_op(
      [s = *this, &memory, places = std::move(places)](const Run& run, const Slice& slice) {
        parametric_relu(memory.in(s.x, run, slice), memory.floats(s.alpha, run), places,
                        memory.out(s.y, run, slice), slice.rows);
      });
}

WholeOpPtr ParametricReluBackward::compile(const Compilation& at) const {
  return std::make_unique<ParametricReluBackwardOp>(*this, at);
}

}  // namespace saltus::ops
