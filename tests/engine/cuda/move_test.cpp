// A training that moves from the CPU to the GPU or back, by a file between two epochs: the oracle's
// bounds hold for it as for one that stays (backend_reference_test.cpp).
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include <saltus/kernels/random.h>
#include <saltus/model.h>

#include "core/file.h"
#include "reference/bounds.h"
#include "reference/compare.h"
#include "reference/examples.h"
#include "reference/network.h"
#include "tests/engine/learner.h"

namespace saltus::tests {
namespace {

using reference::Network;
using reference::Results;
using reference::Values;
using reference::Weights;

constexpr losses::CategoricalCrossentropy kLoss;
constexpr std::int64_t kRows = 21;  // two batches and a partial one
constexpr std::int64_t kBatch = 8;
constexpr int kEpochs = 2;
constexpr std::uint64_t kSeed = 3;

/// What outlives an epoch is in it: moments, moving statistics, the number of steps that draws the
/// masks of dropout, that of epochs which draws the order. Its functions have no kinks.
Graph network() {
  Graph graph({6, 6, 2});
  graph.add(layers::Conv2D{.filters = 4});
  graph.add(reference::activation("tanh"));
  graph.add(layers::BatchNormalization{.momentum = 0.9});
  graph.add(layers::Dropout{0.25});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 5});
  graph.add(reference::activation("gelu_tanh"));
  graph.add(layers::Dense{.units = 3});
  graph.add(layers::Softmax{});
  return graph;
}

/// A way to go. The GPU computes in the precision of an executor, the CPU in fp32.
struct Move {
  const char* name;
  Device from;
  Device to;
  Optimizer optimizer;
};

void PrintTo(const Move& move, std::ostream* out) {
  *out << move.name;
}

std::vector<Move> moves() {
  const Optimizer adam = Adam{.learning_rate = 1e-2, .epsilon = 1e-3};
  const Optimizer momentum = SGD{.learning_rate = 0.05, .momentum = 0.9};
  return {{"to_the_gpu_adam", Device::cpu, Device::cuda, adam},
          {"to_the_gpu_momentum", Device::cpu, Device::cuda, momentum},
          {"to_the_cpu_adam", Device::cuda, Device::cpu, adam},
          {"to_the_cpu_momentum", Device::cuda, Device::cpu, momentum}};
}

class CudaMove : public testing::TestWithParam<std::tuple<Executor, Move>> {
 protected:
  CudaMove() {
    reference::Random random(kSeed);
    weights_ = draw_weights(network(), random);
    data_ = draw_data(network(), kLoss, kRows, random);
  }

  Precision precision(Device device) const {
    return device == Device::cpu ? Precision::fp32 : std::get<Executor>(GetParam()).precision;
  }

  Results of_engine() const {
    const Move& move = std::get<Move>(GetParam());
    const std::vector<float> inputs(data_.x.values.begin(), data_.x.values.end());
    const std::vector<float> targets(data_.t.values.begin(), data_.t.values.end());
    const Samples samples{kRows, std::span(inputs), std::span(targets)};
    const ScratchFolder folder(testing::TempDir());
    const std::filesystem::path file = folder.path() / "model";
    {
      Model model(network());
      model.compile({.loss = kLoss,
                     .optimizer = move.optimizer,
                     .device = move.from,
                     .precision = precision(move.from),
                     .threads = 1,
                     .seed = kSeed});
      for (const auto& [name, values] : weights_) {
        model.set_weights(name, std::vector<float>(values.begin(), values.end()));
      }
      model.fit(samples, {.epochs = 1, .batch_size = kBatch});
      model.save(file);
    }
    Model model =
        Model::load(file, {.device = move.to, .threads = 1, .precision = precision(move.to)});
    model.fit(samples, {.epochs = kEpochs, .initial_epoch = 1, .batch_size = kBatch});
    Results results;
    for (const double loss : model.history().at("loss")) results["loss"].push_back(loss);
    for (const Weight& weight : model.weights()) {
      const std::vector<float> values = model.get_weights(weight.name);
      results[weight.name] = Values(values.begin(), values.end());
    }
    const std::vector<float> outputs = model.predict(samples, kBatch);
    results["output"] = Values(outputs.begin(), outputs.end());
    return results;
  }

  /// Both epochs in one go.
  Results of_oracle(const reference::Rounding& rounding) const {
    Network oracle(network(), kLoss, std::get<Move>(GetParam()).optimizer, kSeed);
    oracle.weights() = weights_;
    oracle.set_rounding(rounding);
    Results results;
    for (std::uint32_t epoch = 0; epoch < kEpochs; ++epoch) {
      const reference::Data shuffled{in_order(data_.x, epoch), in_order(data_.t, epoch)};
      double loss = 0;
      for (std::int64_t first = 0; first < kRows; first += kBatch) {
        const std::int64_t count = std::min(kBatch, kRows - first);
        loss +=
            oracle.train(rows_of(shuffled.x, first, count), rows_of(shuffled.t, first, count)).loss;
      }
      results["loss"].push_back(loss / kRows);
    }
    for (const auto& [name, values] : oracle.weights()) results[name] = values;
    results["output"] = oracle.predict(data_.x).values;
    return results;
  }

 private:
  /// The rows in the order of an epoch.
  static reference::Batch in_order(const reference::Batch& batch, std::uint32_t epoch) {
    reference::Batch shuffled = batch;
    for (std::uint32_t row = 0; row < kRows; ++row) {
      const auto from = kernels::shuffled_index(kSeed, epoch, row, kRows) * batch.sample_size();
      std::copy_n(batch.values.begin() + from, batch.sample_size(),
                  shuffled.values.begin() + row * batch.sample_size());
    }
    return shuffled;
  }

  Weights weights_;
  reference::Data data_;
};

TEST_P(CudaMove, MatchesTheOracle) {
  const Executor& executor = std::get<Executor>(GetParam());
  const auto oracle = [&](const reference::Rounding& rounding) { return of_oracle(rounding); };
  compare(of_engine(), oracle({}),
          reference::measured_bounds(oracle, executor.unit, executor.factor));
}

INSTANTIATE_TEST_SUITE_P(All, CudaMove,
                         testing::Combine(testing::ValuesIn(executors()),
                                          testing::ValuesIn(moves())),
                         [](const auto& test) {
                           return std::string(std::get<Executor>(test.param).name) + "_" +
                                  std::get<Move>(test.param).name;
                         });

}  // namespace
}  // namespace saltus::tests
