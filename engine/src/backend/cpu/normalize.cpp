// Batch normalisation while training: it needs the whole batch. Sums are taken in double, row by
// row, by one thread.
#include <cmath>

#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"

namespace saltus::cpu {
namespace {

class NormalizeOp : public WholeOp {
 public:
  NormalizeOp(const plan::Normalize& step, const Setting& setting)
      : step_(step), memory_(setting.memory) {}

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
  plan::Normalize step_;
  const Memory& memory_;
};

/// dx = gamma inverse_deviation (dy - mean(dy) - xhat mean(dy xhat)), xhat = (x - mean)
/// inverse_deviation.
class NormalizeBackwardOp : public WholeOp {
 public:
  NormalizeBackwardOp(const plan::NormalizeBackward& step, const Setting& setting)
      : step_(step), memory_(setting.memory) {}

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
  plan::NormalizeBackward step_;
  const Memory& memory_;
};

}  // namespace

WholeOpPtr make_training_op(const plan::Normalize& step, const Setting& setting) {
  return std::make_unique<NormalizeOp>(step, setting);
}

WholeOpPtr make_op(const plan::NormalizeBackward& step, const Setting& setting) {
  return std::make_unique<NormalizeBackwardOp>(step, setting);
}

}  // namespace saltus::cpu
