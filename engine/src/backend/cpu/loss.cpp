// Loss, metrics and the gradient that starts the backward pass: a few hundred numbers a batch, in
// double, by one thread.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <saltus/kernels/loss/formulas.h>

#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"
#include "backend/loss_function.h"
#include "core/boundary.h"

namespace saltus::cpu {
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

double weight_of(const Samples& samples, std::int64_t sample) {
  return samples.weights.empty() ? 1 : samples.weights[static_cast<std::size_t>(sample)];
}

/// Loss, gradient and metrics of one sample after another.
class SampleEvaluator {
 public:
  explicit SampleEvaluator(const plan::EvaluateLoss& step)
      : step_(step),
        outputs_(static_cast<std::size_t>(step.outputs)),
        exponentials_(outputs_.size()),
        output_(outputs_.size()),
        target_(outputs_.size()) {}

  /// Adds a sample of this weight to the run's sums; dx is the gradient of the batch's mean loss.
  void operator()(std::span<const float> x, const Row& t, double weight, Run& run,
                  std::span<float> dx) {
    kernels::SampleLoss loss(backend::loss_function(step_.loss), step_.softmax, step_.outputs,
                             run.rows());
    if (loss.softmax()) take_exponentials(x, loss);
    if (loss.shares()) loss.set_sum(std::accumulate(x.begin(), x.end(), 0.0));
    double terms = 0;
    double pulls = 0;
    for (std::size_t j = 0; j < outputs_.size(); ++j) {
      outputs_[j] = loss.output(static_cast<int>(j), x[j], t[j], exponentials_[j]);
      terms += loss.term(outputs_[j]);
      pulls += loss.pull(outputs_[j]);
    }
    count_metrics(loss, run.sums);
    add_custom_metrics(loss, run);
    if (step_.loss.kind() == Loss::Kind::custom) {
      evaluate_custom(x, t, weight, run, dx);
      return;
    }
    run.sums.loss += weight * loss.loss(terms);
    for (std::size_t j = 0; j < outputs_.size(); ++j)
      dx[j] = static_cast<float>(weight * loss.gradient(outputs_[j], pulls));
  }

 private:
  void take_exponentials(std::span<const float> x, kernels::SampleLoss& loss) {
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

  void count_metrics(const kernels::SampleLoss& loss, backend::BatchSums& sums) const {
    double error = 0;
    FirstLargest largest_y;
    FirstLargest largest_t;
    for (std::size_t j = 0; j < outputs_.size(); ++j) {
      const double y = loss.metric_output(outputs_[j]);
      const double t = outputs_[j].t;
      sums.binary_hits += kernels::binary_hit(y, t) ? 1 : 0;
      error += std::abs(y - t);
      largest_y.take(y, static_cast<int>(j));
      largest_t.take(t, static_cast<int>(j));
    }
    sums.absolute_error += error / static_cast<double>(outputs_.size());
    sums.categorical_hits += largest_y.place == largest_t.place ? 1 : 0;
  }

  void add_custom_metrics(const kernels::SampleLoss& loss, Run& run) {
    if (run.metrics.empty()) return;
    for (std::size_t j = 0; j < outputs_.size(); ++j) {
      output_[j] = static_cast<float>(loss.metric_output(outputs_[j]));
      target_[j] = static_cast<float>(outputs_[j].t);
    }
    run.sums.custom.resize(run.metrics.size());
    for (std::size_t i = 0; i < run.metrics.size(); ++i) {
      run.sums.custom[i] += call_callers([&] { return run.metrics[i](output_, target_); });
    }
  }

  void evaluate_custom(std::span<const float> x, const Row& t, double weight, Run& run,
                       std::span<float> dx) {
    std::transform(t.begin(), t.end(), target_.begin(),
                   [](double value) { return static_cast<float>(value); });
    run.sums.loss += weight * call_callers([&] { return step_.loss.function()(x, target_, dx); });
    const double scale = weight / static_cast<double>(run.rows());
    for (float& element : dx) element = static_cast<float>(scale * element);
  }

  plan::EvaluateLoss step_;
  std::vector<LossOutput> outputs_;
  Row exponentials_;                    ///< where the loss is of a softmax
  std::vector<float> output_, target_;  ///< as the user's functions see them
};

class EvaluateLossOp : public WholeOp {
 public:
  EvaluateLossOp(const plan::EvaluateLoss& step, const Setting& setting)
      : step_(step), memory_(setting.memory), evaluate_(step) {}

  void run(Run& run) override {
    RowReader outputs(memory_.in(step_.x, run, {}), step_.outputs);
    const Out dx =
        step_.dx == plan::kNone ? Out{nullptr, plan::DType::f32} : memory_.out(step_.dx, run, {});
    RowWriter gradients(dx, step_.outputs);
    Row target(static_cast<std::size_t>(step_.outputs));
    run.sums.rows = run.rows();
    for (std::int64_t row = 0; row < run.rows(); ++row) {
      const std::int64_t sample = run.order[static_cast<std::size_t>(row)];
      read_target(*run.samples, sample, target);
      evaluate_(outputs.row(row), target, weight_of(*run.samples, sample), run, gradients.values());
      gradients.write(row);
    }
  }

 private:
  plan::EvaluateLoss step_;
  const Memory& memory_;
  SampleEvaluator evaluate_;
};

}  // namespace

WholeOpPtr make_op(const plan::EvaluateLoss& step, const Setting& setting) {
  return std::make_unique<EvaluateLossOp>(step, setting);
}

}  // namespace saltus::cpu
