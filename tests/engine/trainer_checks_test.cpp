// What a Trainer takes and what it refuses, before anything is trained.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "fake_backend.h"
#include "small_training.h"
#include "tests/engine/error_of.h"

namespace saltus::train {
namespace {

using testing::HasSubstr;
using testing_support::FakeBackend;

class TrainerChecks : public testing::Test {
 protected:
  FakeBackend backend_;
};

TEST_F(TrainerChecks, EntriesMayDifferInInitializersAndDropoutAlone) {
  const auto make = [&](Graph other) {
    Trainer(backend_, {{small_graph(), Adam{}, 0}, {std::move(other), SGD{}, 1}}, small_options());
  };
  EXPECT_NO_THROW(make(small_graph(layers::AlphaDropout{0.1}, initializers::LecunNormal{})));
  EXPECT_THROW(make(small_graph(layers::Softmax{})), InvalidArgument);
  Graph longer = small_graph();
  longer.add(layers::Softmax{});
  EXPECT_THROW(make(longer), InvalidArgument);
  EXPECT_THROW(Trainer(backend_, {}, small_options()), InvalidArgument);

  const auto wired = [](NodeId first, NodeId second) {
    Graph graph({3});
    const NodeId a = graph.add(layers::Dense{.units = 3});
    const NodeId b = graph.add(layers::Softmax{});
    const NodeId nodes[] = {0, a, b};
    graph.add_to({nodes[first], nodes[second]}, layers::Add{});
    return graph;
  };
  EXPECT_THROW(
      Trainer(backend_, {{wired(0, 2), Adam{}, 0}, {wired(1, 2), Adam{}, 0}}, small_options()),
      InvalidArgument)
      << "the same layers, but not in the same places";
}

TEST_F(TrainerChecks, SharesANetworkThatWasLoweredBefore) {
  const CompileOptions with = small_options();
  const auto network = lower(small_graph(), with.loss, with.precision);
  const Trainer first(backend_, {{small_graph(), Adam{}, 0}}, with, 1, network);
  const Trainer second(backend_, {{small_graph(), Adam{}, 1}}, with, 1, network);
  EXPECT_EQ(&first.weights(), &second.weights());
  EXPECT_EQ(network.use_count(), 5) << "each Trainer and its executable, and this";
  EXPECT_THROW(Trainer(backend_, {{small_graph(layers::Softmax{}), Adam{}, 0}}, with, 1, network),
               InvalidArgument);
}

TEST_F(TrainerChecks, ChecksWithoutCompiling) {
  const auto network = lower(small_graph(), small_options().loss, small_options().precision);
  const auto check_with = [&](auto change) {
    std::vector<Entry> entries = {{small_graph(), Adam{}, 0}};
    CompileOptions changed = small_options();
    change(entries, changed);
    return error_of([&] { Trainer::check(backend_, *network, entries, changed, 8); });
  };
  backend_.made = nullptr;
  const std::vector<Entry> one = {{small_graph(), Adam{}, 0}};
  EXPECT_NO_THROW(Trainer::check(backend_, *network, one, small_options(), 8));
  EXPECT_EQ(backend_.checked_options.batch_size, 8);
  EXPECT_THAT(check_with([](auto& entries, auto&) { entries[0].optimizer = Adam{.beta_1 = 2}; }),
              HasSubstr("beta_1 is 2"));
  EXPECT_THAT(check_with([](auto& entries, auto&) {
                entries.push_back(entries.front());
                entries.back().graph = small_graph(layers::Softmax{});
              }),
              HasSubstr("may differ in"));
  EXPECT_THAT(check_with([](auto&, CompileOptions& o) { o.threads = -1; }), HasSubstr("not -1"));
  EXPECT_THAT(check_with([](auto&, CompileOptions& o) { o.metrics.assign(2, o.metrics[0]); }),
              HasSubstr("given twice"));
  EXPECT_EQ(backend_.made, nullptr);
}

TEST_F(TrainerChecks, CompileOptionsOutOfRangeAreRefused) {
  const auto compile_with = [&](auto change, Graph graph = small_graph()) {
    return error_of([&] {
      Entry entry{std::move(graph), Adam{}, 0};
      CompileOptions changed = small_options();
      change(entry, changed);
      Trainer(backend_, {entry}, changed);
    });
  };
  EXPECT_THAT(compile_with([](Entry& entry, auto&) { entry.optimizer = Adam{.beta_1 = 2}; }),
              HasSubstr("beta_1 is 2"));
  EXPECT_THAT(compile_with([](auto&, CompileOptions& o) { o.threads = -1; }),
              HasSubstr("1 to 1024, or 0 for all cores, not -1"));
  EXPECT_THAT(compile_with([](auto&, CompileOptions& o) {
                o.metrics = {metrics::BinaryAccuracy{}, metrics::BinaryAccuracy{}};
              }),
              HasSubstr("binary_accuracy is given twice"));
  Graph single({3});
  single.add(layers::Dense{.units = 1});
  EXPECT_THAT(compile_with(
                  [](auto&, CompileOptions& o) {
                    o.loss = losses::MeanSquaredError{};
                    o.metrics = {metrics::CategoricalAccuracy{}};
                  },
                  single),
              HasSubstr("2 outputs or more"));
  Graph forked = small_graph();
  forked.add_to({0}, layers::Dense{.units = 2});
  EXPECT_THAT(compile_with([](auto&, auto&) {}, forked),
              HasSubstr("dense_1: nothing takes its output"));
}

}  // namespace
}  // namespace saltus::train
