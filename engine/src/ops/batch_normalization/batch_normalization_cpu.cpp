// While training, batch normalization needs the whole batch. Sums are taken in double, row by row,
// by one thread.
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "backend/cpu/group_sums.h"
#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"
#include "ops/batch_normalization/batch_normalization.h"

namespace saltus::ops {

using namespace cpu;

namespace {

class NormalizeBatchOp : public WholeOp {
 public:
  NormalizeBatchOp(const NormalizeBatch& step, const Compilation& at)
      : step_(step), memory_(at.memory) {}

  void run(Run& run) override {
    const std::int64_t rows = run.rows() * step_.rows;
    const auto count = static_cast<std::size_t>(step_.channels);
    RowReader reader(memory_.in(step_.x, run, {}), step_.channels);
    std::vector<double> mean(count, 0.0);
    std::vector<double> variance(count, 0.0);
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto x = reader.row(row);
      for (std::size_t j = 0; j < count; ++j) mean[j] += x[j];
    }
    for (double& value : mean) value /= static_cast<double>(rows);
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto x = reader.row(row);
      for (std::size_t j = 0; j < count; ++j) variance[j] += (x[j] - mean[j]) * (x[j] - mean[j]);
    }
    float* kept_mean = memory_.floats(step_.mean, run);
    float* kept_inverse = memory_.floats(step_.inverse_deviation, run);
    const float* moving_mean = memory_.floats(step_.moving_mean, run);
    const float* moving_variance = memory_.floats(step_.moving_variance, run);
    float* next_mean = memory_.floats(step_.next_mean, run);
    float* next_variance = memory_.floats(step_.next_variance, run);
    const auto moved = [&](float moving, double value) {
      return static_cast<float>(moving * step_.momentum + value * (1.0 - step_.momentum));
    };
    for (std::size_t j = 0; j < count; ++j) {
      variance[j] /= static_cast<double>(rows);
      kept_mean[j] = static_cast<float>(mean[j]);
      kept_inverse[j] = static_cast<float>(1.0 / std::sqrt(variance[j] + step_.epsilon));
      next_mean[j] = moved(moving_mean[j], mean[j]);
      next_variance[j] = moved(moving_variance[j], variance[j]);
    }
    const float* gamma = memory_.floats(step_.gamma, run);
    const float* beta = memory_.floats(step_.beta, run);
    RowWriter writer(memory_.out(step_.y, run, {}), step_.channels);
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto x = reader.row(row);
      for (std::size_t j = 0; j < count; ++j) {
        writer.values()[j] = (x[j] - kept_mean[j]) * kept_inverse[j] * gamma[j] + beta[j];
      }
      writer.write(row);
    }
  }

 private:
  NormalizeBatch step_;
  const Memory& memory_;
};

/// dx = gamma inverse_deviation (dy - mean(dy) - xhat mean(dy xhat)), xhat = (x - mean)
/// inverse_deviation.
class NormalizeBatchBackwardOp : public WholeOp {
 public:
  NormalizeBatchBackwardOp(const NormalizeBatchBackward& step, const Compilation& at)
      : step_(step), memory_(at.memory) {}

  void run(Run& run) override {
    const std::int64_t rows = run.rows() * step_.rows;
    const auto count = static_cast<std::size_t>(step_.channels);
    const float* mean = memory_.floats(step_.mean, run);
    const float* inverse = memory_.floats(step_.inverse_deviation, run);
    const float* gamma = memory_.floats(step_.gamma, run);
    RowReader inputs(memory_.in(step_.x, run, {}), step_.channels);
    RowReader upstream(memory_.in(step_.dy, run, {}), step_.channels);
    std::vector<double> sum_dy(count, 0.0);
    std::vector<double> sum_dy_xhat(count, 0.0);
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto x = inputs.row(row);
      const auto dy = upstream.row(row);
      for (std::size_t j = 0; j < count; ++j) {
        sum_dy[j] += dy[j];
        sum_dy_xhat[j] += double{dy[j]} * ((x[j] - mean[j]) * inverse[j]);
      }
    }
    float* dgamma = memory_.floats(step_.dgamma, run);
    float* dbeta = memory_.floats(step_.dbeta, run);
    for (std::size_t j = 0; j < count; ++j) {
      dgamma[j] = static_cast<float>(sum_dy_xhat[j]);
      dbeta[j] = static_cast<float>(sum_dy[j]);
    }
    if (step_.dx == plan::kNone) return;
    RowWriter writer(memory_.out(step_.dx, run, {}), step_.channels);
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto x = inputs.row(row);
      const auto dy = upstream.row(row);
      for (std::size_t j = 0; j < count; ++j) {
        const double xhat = (x[j] - mean[j]) * inverse[j];
        const double centred =
            dy[j] - (sum_dy[j] + xhat * sum_dy_xhat[j]) / static_cast<double>(rows);
        writer.values()[j] = static_cast<float>(gamma[j] * inverse[j] * centred);
      }
      writer.write(row);
    }
  }

 private:
  NormalizeBatchBackward step_;
  const Memory& memory_;
};

/// Row by row.
void normalize(In x, Out y, const float* mean, const float* variance, const float* gamma,
               const float* beta, double epsilon, std::int64_t rows, std::int64_t channels) {
  const auto count = static_cast<std::size_t>(channels);
  std::vector<float> scale(count);
  std::vector<float> shift(count);
  for (std::size_t j = 0; j < count; ++j) {
    const double factor = gamma[j] / std::sqrt(variance[j] + epsilon);
    scale[j] = static_cast<float>(factor);
    shift[j] = static_cast<float>(beta[j] - mean[j] * factor);
  }
  RowReader reader(x, channels);
  RowWriter writer(y, channels);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto values = reader.row(row);
    for (std::size_t j = 0; j < count; ++j) writer.values()[j] = values[j] * scale[j] + shift[j];
    writer.write(row);
  }
}

class NormalizeMovingBackwardOp : public SlicedOp {
 public:
  NormalizeMovingBackwardOp(const NormalizeMovingBackward& step, const Memory& memory)
      : step_(step), memory_(memory), sums_(2 * step.channels) {}

  void run(const Run& run, const Slice& slice) override {
    if (slice.opens_group) std::fill_n(sums_.of(slice.group), sums_.size(), 0.0F);
    const auto count = static_cast<std::size_t>(step_.channels);
    const float* mean = memory_.floats(step_.moving_mean, run);
    const float* variance = memory_.floats(step_.moving_variance, run);
    const float* gamma = memory_.floats(step_.gamma, run);
    std::vector<double> inverse(count);
    for (std::size_t j = 0; j < count; ++j) inverse[j] = 1 / std::sqrt(variance[j] + step_.epsilon);
    RowReader inputs(memory_.in(step_.x, run, slice), step_.channels);
    RowReader upstream(memory_.in(step_.dy, run, slice), step_.channels);
    const Out dx = step_.dx == plan::kNone ? Out{nullptr, plan::DType::f32}
                                           : memory_.out(step_.dx, run, slice);
    RowWriter writer(dx, step_.channels);
    std::vector<double> found(2 * count, 0.0);
    for (std::int64_t row = 0; row < slice.rows * step_.rows; ++row) {
      const auto x = inputs.row(row);
      const auto dy = upstream.row(row);
      for (std::size_t j = 0; j < count; ++j) {
        found[j] += dy[j] * ((x[j] - mean[j]) * inverse[j]);
        found[count + j] += dy[j];
        writer.values()[j] = static_cast<float>(dy[j] * gamma[j] * inverse[j]);
      }
      writer.write(row);
    }
    sums_.add(slice, std::vector<float>(found.begin(), found.end()).data());
  }

  void finish(const Run& run) override {
    const float* sums = sums_.total(run);
    std::copy_n(sums, step_.channels, memory_.floats(step_.dgamma, run));
    std::copy_n(sums + step_.channels, step_.channels, memory_.floats(step_.dbeta, run));
  }

 private:
  NormalizeMovingBackward step_;
  const Memory& memory_;
  GroupSums sums_;
};

/// The same without gamma and beta; without a mean it is 0. The difference comes first, so that
/// what is the mean becomes exactly 0.
void standardize(In x, Out y, const float* mean, const float* variance, double epsilon,
                 std::int64_t rows, std::int64_t channels) {
  const auto count = static_cast<std::size_t>(channels);
  std::vector<float> inverse(count);
  for (std::size_t j = 0; j < count; ++j) {
    inverse[j] = static_cast<float>(1.0 / std::sqrt(variance[j] + epsilon));
  }
  const std::vector<float> zeros(mean == nullptr ? count : 0);
  const float* centre = mean == nullptr ? zeros.data() : mean;
  RowReader reader(x, channels);
  RowWriter writer(y, channels);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto values = reader.row(row);
    for (std::size_t j = 0; j < count; ++j)
      writer.values()[j] = (values[j] - centre[j]) * inverse[j];
    writer.write(row);
  }
}

}  // namespace

SlicedOpPtr NormalizeMovingBackward::compile(const Compilation& at) const {
  return std::make_unique<NormalizeMovingBackwardOp>(*this, at.memory);
}

WholeOpPtr NormalizeBatch::compile(const Compilation& at) const {
  return std::make_unique<NormalizeBatchOp>(*this, at);
}

WholeOpPtr NormalizeBatchBackward::compile(const Compilation& at) const {
  return std::make_unique<NormalizeBatchBackwardOp>(*this, at);
}

SlicedOpPtr NormalizeMoving::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  if (gamma == kNone) {
    return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
      standardize(memory.in(s.x, run, slice), memory.out(s.y, run, slice),
                  memory.floats(s.moving_mean, run), memory.floats(s.moving_variance, run),
                  s.epsilon, slice.rows * s.rows, s.channels);
    });
  }
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    normalize(memory.in(s.x, run, slice), memory.out(s.y, run, slice),
              memory.floats(s.moving_mean, run), memory.floats(s.moving_variance, run),
              memory.floats(s.gamma, run), memory.floats(s.beta, run), s.epsilon,
              slice.rows * s.rows, s.channels);
  });
}

}  // namespace saltus::ops
