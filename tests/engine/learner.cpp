#include "learner.h"

#include <string>

#include "train/trainer.h"

namespace saltus::tests {
namespace {

std::vector<float> floats(const reference::Values& values) {
  std::vector<float> result;
  for (const double value : values) result.push_back(static_cast<float>(value));
  return result;
}

}  // namespace

void PrintTo(const Executor& executor, std::ostream* out) {
  *out << executor.name;
}

Learner::Learner(const Executor& executor, const Graph& graph, const Loss& loss,
                 const Optimizer& optimizer, std::uint64_t seed, std::int64_t batch_size,
                 int threads, double ema_momentum)
    : plan_(std::make_shared<const plan::Plan>(plan::make_plan(graph, loss, executor.precision))),
      executable_(executor.backend->compile(plan_,
                                            {train::trial_of({.graph = graph,
                                                              .optimizer = optimizer,
                                                              .seed = seed,
                                                              .ema_momentum = ema_momentum})},
                                            {.threads = threads, .batch_size = batch_size})),
      batch_size_(batch_size) {}

void Learner::set_weights(const reference::Weights& weights) {
  int number = 0;
  for (const Weight& weight : plan_->weights) {
    executable_->write_weight(0, number++, floats(weights.at(weight.name)));
  }
}

reference::Weights Learner::read(void (backend::Executable::*reader)(int trial, int weight,
                                                                     std::span<float> values)) {
  reference::Weights weights;
  int number = 0;
  for (const Weight& weight : plan_->weights) {
    std::vector<float> values(static_cast<std::size_t>(element_count(weight.shape)));
    ((*executable_).*reader)(0, number++, values);
    weights[weight.name] = reference::Values(values.begin(), values.end());
  }
  return weights;
}

reference::Weights Learner::weights() {
  return read(&backend::Executable::read_weight);
}

reference::Weights Learner::averages() {
  return read(&backend::Executable::read_average);
}

void Learner::bind(const reference::Data& data) {
  inputs_ = floats(data.x.values);
  targets_ = floats(data.t.values);
  bind(Samples{data.x.rows, std::span<const float>(inputs_), std::span<const float>(targets_)});
}

void Learner::bind(const Samples& samples) {
  executable_->bind(backend::Split::train, samples);
}

std::vector<backend::BatchSums> Learner::train(std::int64_t first, std::int64_t count,
                                               std::uint32_t epoch, bool shuffle) {
  executable_->train(epoch, first, count, batch_size_, shuffle);
  return executable_->take_sums(0, backend::Split::train);
}

std::vector<backend::BatchSums> Learner::evaluate() {
  executable_->evaluate(backend::Split::train, batch_size_);
  return executable_->take_sums(0, backend::Split::train);
}

reference::Values Learner::predict() {
  const std::vector<float> outputs = executable_->predict(0, backend::Split::train, batch_size_);
  return {outputs.begin(), outputs.end()};
}

}  // namespace saltus::tests
