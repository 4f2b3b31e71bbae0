// Networks with a large dense layer, whose gradient the update makes: to the bits of the steps that
// it stands for, which are what runs beside a trial that clips by a norm.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <emulation/control.h>
#include <gtest/gtest.h>

#include "backend/cuda/compiled.h"
#include "tests/engine/cuda/crew.h"
#include "train/trainer.h"

namespace saltus::tests {
namespace {

/// Two layers of 2^18 weights and more, one in front and one between others.
Graph network(const char* activation, std::int64_t units = 4104) {
  Graph graph({8, 8, 1});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = units});
  graph.add(reference::activation(activation));
  graph.add(layers::Dropout{0.25});
  graph.add(layers::Dense{.units = 64, .use_bias = false});
  graph.add(reference::activation(activation));
  graph.add(layers::Dense{.units = 3});
  graph.add(layers::Softmax{});
  return graph;
}

/// How many layers' gradients the update of a network's training makes.
std::size_t count(const Graph& graph, Precision precision, const cuda::UpdateChoices& choices = {},
                  std::int64_t max_rows = kBatch, const Libraries& libraries = {}) {
  const plan::Plan plan = plan::make_plan(graph, losses::BinaryCrossentropy{}, precision);
  const cuda::Compiled compiled(plan, 0, choices, max_rows, libraries);
  return std::get<ops::Update>(compiled.program(plan::Mode::train).steps.back()).dw.size();
}

class CudaFusedUpdate : public testing::TestWithParam<Precision> {};
INSTANTIATE_TEST_SUITE_P(All, CudaFusedUpdate,
                         testing::Values(Precision::fp32, Precision::tf32, Precision::bf16),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(CudaFusedUpdate, MakesTheGradientsOfLargeLayers) {
  const Graph graph = network("relu");
  EXPECT_EQ(count(graph, GetParam()), 2U);
  EXPECT_EQ(count(network("relu", 4088), GetParam()), 0U) << "of too few weights";
  EXPECT_EQ(count(network("relu", 4108), GetParam()), 0U) << "half an eight";
  EXPECT_EQ(count(graph, GetParam(), {.clips_by_norm = true}), 0U);
  EXPECT_EQ(count(graph, GetParam(), {}, 512), 2U);
  EXPECT_EQ(count(graph, GetParam(), {}, 513), 1U) << "x of the second is large beside dw";
  EXPECT_EQ(count(graph, GetParam(), {}, 2049), 0U) << "a sum in two parts";
  EXPECT_EQ(count(graph, GetParam(), {}, kBatch, {.gemm = Gemm::cublas}), 0U);
  EXPECT_EQ(count(graph, GetParam(), {}, kBatch, {.conv = Conv::cudnn}), 2U);
}

/// Trials that differ in all that an update may differ in, but in norms.
std::vector<train::Entry> entries() {
  const Clipping value{.clipvalue = 1e-4};
  const schedules::ExponentialDecay decay{.decay_steps = 1, .decay_rate = 0.5};
  return {{.graph = network("relu"),
           .optimizer = AdamW{.learning_rate = 0.01, .clipping = value},
           .seed = 2,
           .schedule = decay},
          {.graph = network("gelu"),
           .optimizer = RMSprop{.momentum = 0.9, .centered = true},
           .seed = 3,
           .ema_momentum = 0.5},
          {.graph = network("x * atan(exp(x))"),
           .optimizer = SGD{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true},
           .seed = 4}};
}

/// What trials come to in two steps, the second of five rows.
std::vector<Outcome> train_two_steps(std::vector<train::Entry> entries, Precision precision) {
  const Images images(1, 13);
  train::Trainer trainer(backend::cuda(), std::move(entries), compile_options(precision));
  const auto histories = trainer.fit(images.samples(), {.epochs = 1, .batch_size = kBatch}, {});
  std::vector<Outcome> outcomes;
  for (int trial = 0; trial < trainer.trials(); ++trial)
    outcomes.emplace_back(trainer, trial, histories[static_cast<std::size_t>(trial)]);
  return outcomes;
}

/// A trial beside which no gradient is made by the update.
train::Entry clipped_by_norm() {
  return {network("relu"), Adam{.clipping = {.clipnorm = 1}}, 9};
}

TEST_P(CudaFusedUpdate, TrainsToTheBitsOfItsSteps) {
  std::vector<train::Entry> all = entries();
  const std::vector<Outcome> fused = train_two_steps(all, GetParam());
  EXPECT_EQ(train_two_steps({all[1]}, GetParam())[0], fused[1]) << "alone";
  all.push_back(clipped_by_norm());
  const std::vector<Outcome> apart = train_two_steps(all, GetParam());
  for (std::size_t i = 0; i < fused.size(); ++i) {
    EXPECT_EQ(fused[i], apart[i]) << "trial " << i;
    EXPECT_EQ(fused[i].figures.at("loss").size(), 1U);
    EXPECT_NE(fused[i].weights, fused[(i + 1) % fused.size()].weights);
  }
}

TEST_P(CudaFusedUpdate, IsTheSameInEveryOrderOfThreadsAndStreams) {
  const std::vector<Outcome> first = train_two_steps({entries()[0]}, GetParam());
  emulation::set_order({emulation::Order::Kind::shuffle, 1});
  emulation::set_streams({emulation::Streams::Kind::shuffle, 1});
  const std::vector<Outcome> again = train_two_steps({entries()[0]}, GetParam());
  emulation::set_order({});
  emulation::set_streams({});
  EXPECT_EQ(again, first);
}

/// Two trials, or a third that keeps the update from making gradients; the second one's weights can
/// be made such that it diverges.
class Trials {
 public:
  Trials(Precision precision, bool fused) {
    const Graph graph = network("gelu");
    std::vector<backend::Trial> trials = {train::trial_of({graph, Adam{}, 1}),
                                          train::trial_of({graph, SGD{.learning_rate = 0.1}, 2})};
    if (!fused) trials.push_back(train::trial_of({graph, clipped_by_norm().optimizer, 3}));
    plan_ = std::make_shared<const plan::Plan>(
        plan::make_plan(graph, losses::BinaryCrossentropy{}, precision));
    executable_ =
        backend::cuda().compile(plan_, trials, {.batch_size = kBatch, .stop_on_nonfinite = true});
    for (const auto split : {backend::Split::train, backend::Split::validation})
      executable_->bind(split, images_.samples());
    for (int trial = 0; trial < 2; ++trial) {
      for (int weight = 0; weight < 5; ++weight) scale(trial, weight, 1);
    }
  }
  backend::Executable* operator->() const { return executable_.get(); }

  /// Sets a weight to numbers in [-scale, scale] / 32.
  void scale(int trial, int weight, float scale) const {
    reference::Random random(static_cast<std::uint64_t>(10 * trial + weight));
    std::vector<float> values(size(weight));
    for (float& value : values) value = scale / 32 * static_cast<float>(random.uniform(-1, 1));
    executable_->write_weight(trial, weight, values);
  }

  std::vector<std::vector<float>> weights(int trial) const {
    return all([&](int weight, std::vector<float>& values) {
      executable_->read_weight(trial, weight, values);
    });
  }
  std::vector<std::vector<float>> gradients(int trial) const {
    return all([&](int weight, std::vector<float>& values) {
      executable_->read_gradient(trial, weight, values);
      // NaN is to equal itself.
      for (float& value : values) value = std::isnan(value) ? -77 : value;
    });
  }

 private:
  std::size_t size(int weight) const {
    return static_cast<std::size_t>(
        element_count(plan_->weights[static_cast<std::size_t>(weight)].shape));
  }
  template <class Read>
  std::vector<std::vector<float>> all(const Read& read) const {
    std::vector<std::vector<float>> result;
    for (int weight = 0; weight < 5; ++weight) {
      result.emplace_back(size(weight));
      read(weight, result.back());
    }
    return result;
  }

  Images images_;
  std::shared_ptr<const plan::Plan> plan_;
  std::unique_ptr<backend::Executable> executable_;
};

TEST_P(CudaFusedUpdate, LeavesTheGradientsOfTheBatchTrainedLast) {
  const Trials fused(GetParam(), true);
  const Trials apart(GetParam(), false);
  std::vector<std::vector<float>> before;
  for (const Trials* trials : {&fused, &apart}) (*trials)->train(0, 0, 1, kBatch, true);
  for (const int trial : {0, 1}) EXPECT_EQ(fused.gradients(trial), apart.gradients(trial));
  before = fused.gradients(1);
  for (const Trials* trials : {&fused, &apart}) {
    (*trials)->set_active(1, false);
    (*trials)->train(0, 1, 2, kBatch, true);  // ends with five rows
    (*trials)->evaluate(backend::Split::validation, kBatch);
  }
  EXPECT_EQ(fused.gradients(0), apart.gradients(0));
  EXPECT_NE(fused.gradients(0), before);
  EXPECT_EQ(fused.gradients(1), before) << "it trained no more";
}

/// What the second layer reads is 1e20 or so, it makes zero of that, and what comes back to it is
/// as large as the weights behind it: the loss and all other gradients are finite.
TEST_P(CudaFusedUpdate, EndsATrialBeforeAnyOfItsWeightsChanges) {
  std::vector<std::vector<std::vector<float>>> gradients;
  for (const bool is_fused : {true, false}) {
    const Trials trials(GetParam(), is_fused);
    trials->train(0, 0, 1, kBatch, true);
    trials.scale(1, 0, 1e22F);
    trials.scale(1, 2, 0);
    trials.scale(1, 3, 1e22F);
    const auto before = trials.weights(1);
    const auto others = trials.weights(0);
    trials->train(0, 1, 2, kBatch, true);
    ASSERT_NE(trials->non_finite(1), nullptr);
    EXPECT_EQ(trials->non_finite(1)->tensor, "dense_1/kernel");
    EXPECT_EQ(trials->non_finite(1)->step, 1U);
    EXPECT_EQ(trials->steps(1), 1U);
    EXPECT_EQ(trials.weights(1), before);
    EXPECT_EQ(trials->non_finite(0), nullptr);
    EXPECT_NE(trials.weights(0), others);
    gradients.push_back(trials.gradients(1));
  }
  EXPECT_EQ(gradients[0], gradients[1]) << "those that it met";
}

}  // namespace
}  // namespace saltus::tests
