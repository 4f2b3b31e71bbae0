// Samples that fit() and evaluate() refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "fake_backend.h"
#include "tests/engine/error_of.h"
#include "train/trainer.h"

namespace saltus::train {
namespace {

using testing::HasSubstr;
using testing_support::Data;
using testing_support::FakeBackend;

const CompileOptions kOptions{.loss = losses::CategoricalCrossentropy{.from_logits = true}};

Graph network() {
  Graph graph({3});
  graph.add(layers::Dense{.units = 2});
  return graph;
}

class SampleChecks : public testing::Test {
 protected:
  FakeBackend backend_;
  Data data_;
  Trainer trainer_{backend_, {{network(), Adam{}, 0}}, kOptions};
};

TEST_F(SampleChecks, SamplesThatDoNotFitAreRefused) {
  const auto refusal_of = [&](auto change) {
    return error_of([&] {
      Samples samples = data_.samples();
      change(samples);
      trainer_.fit(samples, {}, {});
    });
  };
  EXPECT_THAT(refusal_of([](Samples& s) { s.count = 0; }), HasSubstr("no training samples"));
  EXPECT_THAT(refusal_of([](Samples& s) { s.count = 11; }),
              HasSubstr("hold 30 input values, but 11 samples of shape (3,) take 33"));
  EXPECT_THAT(refusal_of([](Samples& s) { s.targets = std::span<const std::uint8_t>(); }),
              HasSubstr("hold 0 targets, but 10 samples take 10 (a class number each)"));
  const std::vector<float> values(10);
  EXPECT_THAT(refusal_of([&](Samples& s) { s.targets = values; }),
              HasSubstr("hold 10 targets, but 10 samples take 20 (one for each output"));
  const std::vector<std::int32_t> classes = {0, 1, 0, 1, 0, -1, 0, 1, 0, 1};
  EXPECT_THAT(refusal_of([&](Samples& s) { s.targets = classes; }),
              HasSubstr("target 5 of the training samples is class -1"));
  data_.classes[3] = 2;
  EXPECT_THAT(refusal_of([](Samples&) {}), HasSubstr("target 3 of the training samples is class 2, "
                                                     "but the network tells classes 0 to 1 apart"));
  data_.classes[3] = 1;
  Data other;
  other.classes[9] = 9;
  EXPECT_THAT(
      error_of([&] { trainer_.fit(data_.samples(), {.validation_data = other.samples()}, {}); }),
      HasSubstr("target 9 of the validation samples"));
  EXPECT_THROW(trainer_.evaluate(other.samples(), 4), InvalidArgument);
  EXPECT_NO_THROW(trainer_.predict(0, {.count = 10, .inputs = data_.inputs, .targets = {}}, 4))
      << "no targets are needed";
}

/// As of images whose Flatten was forgotten: the classes would be numbers of pixels.
TEST_F(SampleChecks, ClassNumbersTakeAnOutputOfOneAxis) {
  const auto fit_with = [&](const Shape& output) {
    Graph graph({3});
    graph.add(layers::Dense{.units = element_count(output)});
    graph.add(layers::Reshape{output});
    Trainer(backend_, {{graph, Adam{}, 0}}, kOptions).fit(data_.samples(), {}, {});
  };
  EXPECT_EQ(error_of([&] {
              fit_with({2, 1, 4});
            }),
            "the targets of the training samples are class numbers, but the network's output of "
            "shape (2, 1, 4) has more than one axis of classes; put a Flatten before its last "
            "Dense");
  EXPECT_THROW(fit_with({4, 1}), InvalidArgument);
  EXPECT_NO_THROW(fit_with({1, 1, 4}));
}

TEST_F(SampleChecks, SparseLossTakesClassNumbersOnly) {
  const CompileOptions sparse{.loss = losses::SparseCategoricalCrossentropy{}};
  Graph graph = network();
  graph.add(layers::Softmax{});
  Trainer trainer(backend_, {{graph, Adam{}, 0}}, sparse);
  const std::vector<float> values(20, 0.5F);
  Samples samples = data_.samples();
  EXPECT_NO_THROW(trainer.fit(samples, {}, {}));
  samples.targets = values;
  EXPECT_THAT(error_of([&] { trainer.fit(samples, {}, {}); }), HasSubstr("takes class numbers"));
}

}  // namespace
}  // namespace saltus::train
