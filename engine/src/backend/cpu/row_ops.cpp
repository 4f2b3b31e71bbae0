#include "backend/cpu/row_ops.h"

#include <algorithm>
#include <cmath>

#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"

namespace saltus::cpu {

void softmax_rows(In x, Out y, std::int64_t rows, std::int64_t channels, bool log) {
  RowReader reader(x, channels);
  RowWriter writer(y, channels);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto values = reader.row(row);
    const auto results = writer.values();
    const double largest = *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (const float value : values) sum += std::exp(value - largest);
    for (std::size_t j = 0; j < values.size(); ++j) {
      const double shifted = values[j] - largest;
      results[j] = static_cast<float>(log ? shifted - std::log(sum) : std::exp(shifted) / sum);
    }
    writer.write(row);
  }
}

void softmax_rows_backward(In y, In dy, Out dx, std::int64_t rows, std::int64_t channels,
                           bool log) {
  RowReader results(y, channels);
  RowReader upstream(dy, channels);
  RowWriter writer(dx, channels);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto result = results.row(row);
    const auto gradient = upstream.row(row);
    double sum = 0;
    for (std::size_t j = 0; j < result.size(); ++j) {
      sum += log ? double{gradient[j]} : double{result[j]} * gradient[j];
    }
    for (std::size_t j = 0; j < result.size(); ++j) {
      const double value =
          log ? gradient[j] - std::exp(double{result[j]}) * sum : result[j] * (gradient[j] - sum);
      writer.values()[j] = static_cast<float>(value);
    }
    writer.write(row);
  }
}

void normalize_rows(In x, Out y, const float* mean, const float* variance, const float* gamma,
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

void parametric_relu_rows(In x, const float* alpha, std::span<const std::int64_t> places, Out y,
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

namespace {

/// Sums over the batch in a fixed order, by one thread: the step is a small part of any network
/// that has it.
class ParametricReluBackwardOp : public WholeOp {
 public:
  ParametricReluBackwardOp(const plan::ParametricReluBackward& step, const Setting& setting)
      : step_(step),
        memory_(setting.memory),
        places_(backend::broadcast_places(step.sample, memory_.tensor(step.alpha).shape)) {}

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
  plan::ParametricReluBackward step_;
  const Memory& memory_;
  std::vector<std::int64_t> places_;
};

}  // namespace

WholeOpPtr make_op(const plan::ParametricReluBackward& step, const Setting& setting) {
  return std::make_unique<ParametricReluBackwardOp>(step, setting);
}

}  // namespace saltus::cpu
