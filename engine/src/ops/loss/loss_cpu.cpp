// Loss, metrics and the gradient that starts the backward pass: a few hundred numbers a batch, in
// double, by one thread.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <saltus/kernels/loss/sample_loss.h>

#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"
#include "core/boundary.h"
#include "formula/loss_formula.h"
#include "ops/loss/loss.h"

namespace saltus::ops {

using namespace cpu;

namespace {

using kernels::FirstLargest;
using kernels::LossOutput;
using Row = std::vector<double>;

/// The targets of a sample as values; class numbers become one-hot rows, or the value itself where
/// there is one output.
void read_target(const Samples& samples, std::int64_t sample, Row& t) {
  const auto place = static_cast<std::size_t>(sample);
  std::visit(
      [&](const auto& targets) {
        using Element = typename std::decay_t<decltype(targets)>::value_type;
        if constexpr (std::is_same_v<Element, float>) {
          for (std::size_t j = 0; j < t.size(); ++j) t[j] = targets[place * t.size() + j];
        } else if (t.size() == 1) {
          t[0] = static_cast<double>(targets[place]);
        } else {
          std::fill(t.begin(), t.end(), 0.0);
          t[static_cast<std::size_t>(targets[place])] = 1.0;
        }
      },
      samples.targets);
}

void round(const Row& values, std::vector<float>& rounded) {
  std::transform(values.begin(), values.end(), rounded.begin(),
                 [](double value) { return static_cast<float>(value); });
}

double weight_of(const Samples& samples, std::int64_t sample) {
  return samples.weights.empty() ? 1 : samples.weights[static_cast<std::size_t>(sample)];
}

/// A listed loss of one sample after another.
template <class L>
class ListedEvaluator {
 public:
  ListedEvaluator(const L& loss, const EvaluateLoss& step)
      : loss_(loss), softmax_(step.softmax), outputs_(size(step)), exponentials_(size(step)) {}

  /// The loss; y is what metrics are taken of, dx the gradient of the batch's mean loss.
  double operator()(std::span<const float> x, const Row& t, double weight, std::int64_t rows,
                    Row& y, std::span<float> dx) {
    kernels::SampleLoss<L> loss(loss_, softmax_, static_cast<std::int64_t>(outputs_.size()), rows);
    if (loss.softmax()) take_exponentials(x, loss);
    if (loss.shares()) loss.set_sum(std::accumulate(x.begin(), x.end(), 0.0));
    double terms = 0;
    double pulls = 0;
    for (std::size_t j = 0; j < outputs_.size(); ++j) {
      outputs_[j] = loss.output(static_cast<int>(j), x[j], t[j], exponentials_[j]);
      terms += loss.term(outputs_[j]);
      pulls += loss.pull(outputs_[j]);
      y[j] = loss.metric_output(outputs_[j]);
    }
    for (std::size_t j = 0; j < outputs_.size(); ++j)
      dx[j] = static_cast<float>(weight * loss.gradient(outputs_[j], pulls));
    return weight * loss.loss(terms);
  }

 private:
  static std::size_t size(const EvaluateLoss& step) {
    return static_cast<std::size_t>(step.outputs);
  }

  void take_exponentials(std::span<const float> x, kernels::SampleLoss<L>& loss) {
    FirstLargest largest;
    for (std::size_t j = 0; j < x.size(); ++j) largest.take(x[j], static_cast<int>(j));
    const auto top = static_cast<std::size_t>(largest.place);
    loss.set_largest(x[top], largest.place);
    double others = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      exponentials_[j] = loss.exponential(x[j]);
      if (j != top) others += exponentials_[j];
    }
    loss.set_others(others);
  }

  L loss_;
  bool softmax_;
  std::vector<LossOutput> outputs_;
  Row exponentials_;  ///< where the loss is of a softmax
};

/// The same for a loss of the user's.
class CustomEvaluator {
 public:
  CustomEvaluator(Loss::Function function, const EvaluateLoss& step)
      : function_(std::move(function)), targets_(static_cast<std::size_t>(step.outputs)) {}

  double operator()(std::span<const float> x, const Row& t, double weight, std::int64_t rows,
                    Row& y, std::span<float> dx) {
    std::copy(x.begin(), x.end(), y.begin());
    round(t, targets_);
    const double loss = weight * call_callers([&] { return function_(x, targets_, dx); });
    const double scale = weight / static_cast<double>(rows);
    for (float& element : dx) element = static_cast<float>(scale * element);
    return loss;
  }

 private:
  Loss::Function function_;
  std::vector<float> targets_;  ///< as the function sees them
};

/// The same for a formula.
class FormulaEvaluator {
 public:
  FormulaEvaluator(Loss loss, const EvaluateLoss& step)
      : loss_(std::move(loss)), values_(static_cast<std::size_t>(step.outputs)) {
    slopes_ = values_;
  }

  double operator()(std::span<const float> x, const Row& t, double weight, std::int64_t rows,
                    Row& y, std::span<float> dx) {
    std::copy(x.begin(), x.end(), y.begin());
    const auto outputs = static_cast<double>(y.size());
    loop_.run(loss_.definition(), y.data(), t.data(), values_.data(), slopes_.data(),
              std::ssize(y));
    for (std::size_t j = 0; j < y.size(); ++j) {
      const double slope = slopes_[j] / (outputs * static_cast<double>(rows));
      dx[j] = static_cast<float>(weight * slope);
    }
    return weight * (std::accumulate(values_.begin(), values_.end(), 0.0) / outputs);
  }

 private:
  Loss loss_;
  formula::LossLoop loop_;
  Row values_, slopes_;
};

/// Adds what metrics make of one sample after another to the run's sums.
class MetricCounter {
 public:
  explicit MetricCounter(std::size_t outputs)
      : outputs_(outputs), targets_(outputs), values_(outputs) {}

  /// Returns the place of the largest output.
  int operator()(const Row& y, const Row& t, Run& run) {
    FirstLargest largest_y;
    FirstLargest largest_t;
    for (std::size_t j = 0; j < y.size(); ++j) {
      largest_y.take(y[j], static_cast<int>(j));
      largest_t.take(t[j], static_cast<int>(j));
    }
    const kernels::MetricSample sample{.outputs = static_cast<int>(y.size()),
                                       .predicted = largest_y.place,
                                       .target = largest_t.place,
                                       .y_of_target = y[static_cast<std::size_t>(largest_t.place)]};
    double sums[ListedMetrics::kCount] = {};
    for (std::size_t j = 0; j < y.size(); ++j) ListedMetrics::add_output(sample, y[j], t[j], sums);
    ListedMetrics::end_sample(sample, sums);
    for (std::size_t i = 0; i < ListedMetrics::kCount; ++i) run.sums.metrics[i] += sums[i];
    if (!run.metrics.empty()) add_custom(y, t, run);
    return sample.predicted;
  }

 private:
  void add_custom(const Row& y, const Row& t, Run& run) {
    round(y, outputs_);
    round(t, targets_);
    run.sums.custom.resize(run.metrics.size());
    for (std::size_t i = 0; i < run.metrics.size(); ++i) {
      const Metric& metric = run.metrics[i];
      run.sums.custom[i] +=
          metric.is_formula() ? mean(metric.definition(), y, t)
                              : call_callers([&] { return metric.function()(outputs_, targets_); });
    }
  }

  double mean(const formula::LossFormula& formula, const Row& y, const Row& t) {
    loop_.run(formula, y.data(), t.data(), values_.data(), nullptr, std::ssize(y));
    return std::accumulate(values_.begin(), values_.end(), 0.0) / static_cast<double>(y.size());
  }

  std::vector<float> outputs_, targets_;  ///< as the user's functions see them
  formula::LossLoop loop_;
  Row values_;
};

template <class Evaluator>
class EvaluateLossOp : public WholeOp {
 public:
  EvaluateLossOp(const EvaluateLoss& step, const Compilation& at, Evaluator evaluate)
      : step_(step),
        memory_(at.memory),
        evaluate_(std::move(evaluate)),
        count_(static_cast<std::size_t>(step.outputs)) {}

  void run(Run& run) override {
    RowReader outputs(memory_.in(step_.x, run, {}), step_.outputs);
    const Out dx =
        step_.dx == plan::kNone ? Out{nullptr, plan::DType::f32} : memory_.out(step_.dx, run, {});
    RowWriter gradients(dx, step_.outputs);
    Row target(static_cast<std::size_t>(step_.outputs));
    Row y(target.size());
    run.sums.rows = run.rows();
    for (std::int64_t row = 0; row < run.rows(); ++row) {
      const std::int64_t sample = run.order[static_cast<std::size_t>(row)];
      read_target(*run.samples, sample, target);
      run.sums.loss += evaluate_(outputs.row(row), target, weight_of(*run.samples, sample),
                                 run.rows(), y, gradients.values());
      gradients.write(row);
      const int largest = count_(y, target, run);
      if (!run.classes.empty()) run.classes[static_cast<std::size_t>(row)] = largest;
    }
  }

 private:
  EvaluateLoss step_;
  const Memory& memory_;
  Evaluator evaluate_;
  MetricCounter count_;
};

}  // namespace

WholeOpPtr EvaluateLoss::compile(const Compilation& at) const {
  if (loss.is_custom()) {
    CustomEvaluator evaluate(loss.function(), *this);
    return std::make_unique<EvaluateLossOp<CustomEvaluator>>(*this, at, std::move(evaluate));
  }
  if (loss.is_formula()) {
    return std::make_unique<EvaluateLossOp<FormulaEvaluator>>(*this, at,
                                                              FormulaEvaluator(loss, *this));
  }
  return std::visit(
      [&](const auto& listed) -> WholeOpPtr {
        const auto formula = kernels::formula_of(listed);
        using Evaluator = ListedEvaluator<std::remove_const_t<decltype(formula)>>;
        return std::make_unique<EvaluateLossOp<Evaluator>>(*this, at, Evaluator(formula, *this));
      },
      loss.listed());
}

}  // namespace saltus::ops
