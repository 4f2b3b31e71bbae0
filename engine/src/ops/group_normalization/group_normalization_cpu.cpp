// Group normalization sample by sample, in double.
#include "backend/cpu/group_sums.h"
#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"
#include "ops/group_normalization/group_normalization.h"
#include "ops/layer_normalization/moments_cpu.h"

namespace saltus::ops {

using namespace cpu;

namespace {

/// Calls visit(place in the sample, channel) for the elements of a group.
template <class Visit>
void for_elements(const GroupShape& shape, std::int64_t group, Visit visit) {
  for (std::int64_t position = 0; position < shape.positions; ++position) {
    for (std::int64_t c = group * shape.width; c < (group + 1) * shape.width; ++c) {
      visit(static_cast<std::size_t>(position * shape.channels() + c), static_cast<std::size_t>(c));
    }
  }
}

/// `values` is room for a group.
Moments moments_of(const GroupShape& shape, std::int64_t group, std::span<const float> sample,
                   double epsilon, std::vector<float>& values) {
  values.clear();
  for_elements(shape, group, [&](std::size_t i, std::size_t) { values.push_back(sample[i]); });
  return {values, epsilon, true};
}

void normalize(In x, Out y, const float* gamma, const float* beta, const GroupShape& shape,
               double epsilon, std::int64_t samples) {
  RowReader reader(x, shape.positions * shape.channels());
  RowWriter writer(y, shape.positions * shape.channels());
  std::vector<float> values;
  for (std::int64_t number = 0; number < samples; ++number) {
    const auto sample = reader.row(number);
    for (std::int64_t group = 0; group < shape.groups; ++group) {
      const Moments moments = moments_of(shape, group, sample, epsilon, values);
      for_elements(shape, group, [&](std::size_t i, std::size_t c) {
        const double scaled = moments.normalized(sample[i]) * (gamma == nullptr ? 1.0 : gamma[c]);
        writer.values()[i] = static_cast<float>(scaled + (beta == nullptr ? 0.0 : beta[c]));
      });
    }
    writer.write(number);
  }
}

class NormalizeGroupsBackwardOp : public SlicedOp {
 public:
  NormalizeGroupsBackwardOp(const NormalizeGroupsBackward& step, const Compilation& at)
      : step_(step), memory_(at.memory), sums_(2 * step.shape.channels()) {}

  void run(const Run& run, const Slice& slice) override {
    if (slice.opens_group) std::fill_n(sums_.of(slice.group), sums_.size(), 0.0F);
    const GroupShape& shape = step_.shape;
    const std::int64_t size = shape.positions * shape.channels();
    const auto channels = static_cast<std::size_t>(shape.channels());
    const auto count = static_cast<double>(shape.positions * shape.width);
    const float* gamma = memory_.floats(step_.gamma, run);
    RowReader inputs(memory_.in(step_.x, run, slice), size);
    RowReader upstream(memory_.in(step_.dy, run, slice), size);
    const Out dx = step_.dx == plan::kNone ? Out{nullptr, plan::DType::f32}
                                           : memory_.out(step_.dx, run, slice);
    RowWriter writer(dx, size);
    std::vector<float> values;
    std::vector<double> found(2 * channels, 0.0);  // dgamma, dbeta
    for (std::int64_t number = 0; number < slice.rows; ++number) {
      const auto sample = inputs.row(number);
      const auto dy = upstream.row(number);
      for (std::int64_t group = 0; group < shape.groups; ++group) {
        const Moments moments = moments_of(shape, group, sample, step_.epsilon, values);
        const auto g = [&](std::size_t i, std::size_t c) {
          return gamma == nullptr ? double{dy[i]} : double{dy[i]} * gamma[c];
        };
        double sum = 0;
        double sum_xhat = 0;
        for_elements(shape, group, [&](std::size_t i, std::size_t c) {
          const double xhat = moments.normalized(sample[i]);
          sum += g(i, c);
          sum_xhat += g(i, c) * xhat;
          found[c] += dy[i] * xhat;
          found[channels + c] += dy[i];
        });
        for_elements(shape, group, [&](std::size_t i, std::size_t c) {
          const double centred = g(i, c) - (sum + moments.normalized(sample[i]) * sum_xhat) / count;
          writer.values()[i] = static_cast<float>(moments.inverse_deviation * centred);
        });
      }
      writer.write(number);
    }
    sums_.add(slice, std::vector<float>(found.begin(), found.end()).data());
  }

  void finish(const Run& run) override {
    const float* sums = sums_.total(run);
    const std::int64_t channels = step_.shape.channels();
    if (step_.dgamma != plan::kNone) std::copy_n(sums, channels, memory_.floats(step_.dgamma, run));
    if (step_.dbeta != plan::kNone) {
      std::copy_n(sums + channels, channels, memory_.floats(step_.dbeta, run));
    }
  }

 private:
  NormalizeGroupsBackward step_;
  const Memory& memory_;
  GroupSums sums_;  ///< dgamma, dbeta
};

}  // namespace

SlicedOpPtr NormalizeGroups::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    normalize(memory.in(s.x, run, slice), memory.out(s.y, run, slice), memory.floats(s.gamma, run),
              memory.floats(s.beta, run), s.shape, s.epsilon, slice.rows);
  });
}

SlicedOpPtr NormalizeGroupsBackward::compile(const Compilation& at) const {
  return std::make_unique<NormalizeGroupsBackwardOp>(*this, at);
}

}  // namespace saltus::ops
