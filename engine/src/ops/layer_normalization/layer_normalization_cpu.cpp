// Layer normalization row by row, in double.
#include "backend/cpu/group_sums.h"
#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"
#include "ops/layer_normalization/layer_normalization.h"
#include "ops/layer_normalization/moments_cpu.h"

namespace saltus::ops {

using namespace cpu;

namespace {

void normalize(In x, Out y, const float* gamma, const float* beta, double epsilon,
               std::int64_t rows, std::int64_t channels) {
  RowReader reader(x, channels);
  RowWriter writer(y, channels);
  for (std::int64_t number = 0; number < rows; ++number) {
    const auto row = reader.row(number);
    const Moments moments(row, epsilon, beta != nullptr);
    for (std::size_t j = 0; j < row.size(); ++j) {
      const double scaled = moments.normalized(row[j]) * gamma[j];
      writer.values()[j] = static_cast<float>(beta == nullptr ? scaled : scaled + beta[j]);
    }
    writer.write(number);
  }
}

class NormalizeRowsBackwardOp : public SlicedOp {
 public:
  NormalizeRowsBackwardOp(const NormalizeRowsBackward& step, const Compilation& at)
      : step_(step), memory_(at.memory), sums_(2 * step.channels) {}

  void run(const Run& run, const Slice& slice) override {
    if (slice.opens_group) std::fill_n(sums_.of(slice.group), sums_.size(), 0.0F);
    const auto count = static_cast<std::size_t>(step_.channels);
    const bool centered = step_.dbeta != plan::kNone;
    const float* gamma = memory_.floats(step_.gamma, run);
    RowReader inputs(memory_.in(step_.x, run, slice), step_.channels);
    RowReader upstream(memory_.in(step_.dy, run, slice), step_.channels);
    const Out dx = step_.dx == plan::kNone ? Out{nullptr, plan::DType::f32}
                                           : memory_.out(step_.dx, run, slice);
    RowWriter writer(dx, step_.channels);
    std::vector<double> found(2 * count, 0.0);  // dgamma, dbeta
    for (std::int64_t number = 0; number < slice.rows * step_.rows; ++number) {
      const auto row = inputs.row(number);
      const auto dy = upstream.row(number);
      const Moments moments(row, step_.epsilon, centered);
      double sum = 0;
      double sum_xhat = 0;
      for (std::size_t j = 0; j < count; ++j) {
        const double xhat = moments.normalized(row[j]);
        const double g = double{dy[j]} * gamma[j];
        if (centered) sum += g;
        sum_xhat += g * xhat;
        found[j] += dy[j] * xhat;
        found[count + j] += dy[j];
      }
      for (std::size_t j = 0; j < count; ++j) {
        const double centred =
            double{dy[j]} * gamma[j] -
            (sum + moments.normalized(row[j]) * sum_xhat) / static_cast<double>(count);
        writer.values()[j] = static_cast<float>(moments.inverse_deviation * centred);
      }
      writer.write(number);
    }
    sums_.add(slice, std::vector<float>(found.begin(), found.end()).data());
  }

  void finish(const Run& run) override {
    const float* sums = sums_.total(run);
    std::copy_n(sums, step_.channels, memory_.floats(step_.dgamma, run));
    if (step_.dbeta == plan::kNone) return;
    std::copy_n(sums + step_.channels, step_.channels, memory_.floats(step_.dbeta, run));
  }

 private:
  NormalizeRowsBackward step_;
  const Memory& memory_;
  GroupSums sums_;  ///< dgamma, dbeta
};

}  // namespace

SlicedOpPtr NormalizeRows::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    normalize(memory.in(s.x, run, slice), memory.out(s.y, run, slice), memory.floats(s.gamma, run),
              memory.floats(s.beta, run), s.epsilon, slice.rows * s.rows, s.channels);
  });
}

SlicedOpPtr NormalizeRowsBackward::compile(const Compilation& at) const {
  return std::make_unique<NormalizeRowsBackwardOp>(*this, at);
}

}  // namespace saltus::ops
