// The short way to a network: Sequential, activations inside of layers, image sets as samples.
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/image_set.h>
#include <saltus/model.h>

#include "ops/choices.h"
#include "tests/engine/error_of.h"

// Both at once, as in a program of a few lines: no name means two things.
using namespace saltus;
using namespace saltus::layers;

namespace {

ImageSet images() {
  ImageSet set{.count = 12, .height = 6, .width = 6};
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 12 * 36; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 37));
  set.pixels = std::move(pixels);
  for (int i = 0; i < 12; ++i) set.labels.push_back(i % 3);
  return set;
}

const CompileOptions kOptions = {.loss = losses::BinaryCrossentropy{}, .threads = 1, .seed = 3};

TEST(Sequential, TrainsAsTheGraphThatItIsShortFor) {
  Model model = Sequential(
      {6, 6, 1},
      {Conv2D{.filters = 4, .activation = "gelu"}, MaxPooling2D{}, AlphaDropout{0.25}, Flatten{},
       Dense{.units = 5, .activation = "elu:alpha=0.5"}, Dense{.units = 3}, Softmax{}});
  Graph graph({6, 6, 1});
  graph.add(Conv2D{.filters = 4});
  graph.add(Activation("gelu"));
  graph.add(MaxPooling2D{});
  graph.add(AlphaDropout{0.25});
  graph.add(Flatten{});
  graph.add(Dense{.units = 5});
  graph.add(Activation("elu:alpha=0.5"));
  graph.add(Dense{.units = 3});
  graph.add(Softmax{});
  Model spelled_out(graph);

  const ImageSet set = images();
  for (Model* each : {&model, &spelled_out}) {
    each->compile(kOptions);
    each->fit(set, {.epochs = 2, .batch_size = 5, .validation_data = set});
  }
  ASSERT_EQ(model.weights().size(), spelled_out.weights().size());
  for (const Weight& weight : model.weights()) {
    EXPECT_EQ(model.get_weights(weight.name), spelled_out.get_weights(weight.name)) << weight.name;
  }
  EXPECT_EQ(model.predict(set), spelled_out.predict(set));
}

TEST(Sequential, NamesLayersAsKerasDoes) {
  const Sequential model({4}, {Dense{.units = 3, .activation = "relu"}, Dense{.units = 2}});
  std::vector<std::string> names;
  for (const Weight& weight : model.weights()) names.push_back(weight.name);
  EXPECT_EQ(names, (std::vector<std::string>{"dense/kernel", "dense/bias", "dense_1/kernel",
                                             "dense_1/bias"}));
}

TEST(Sequential, RefusesWhatTheGraphRefuses) {
  EXPECT_EQ(error_of([] { Sequential({4}, {Conv2D{.filters = 2}}); }),
            "conv2d: input of shape (4,) is not an image (height, width, channels); put a Reshape "
            "before it");
  EXPECT_EQ(error_of([] { Dense({.units = 2, .activation = "rleu"}); }),
            "unknown activation 'rleu': did you mean relu?");
}

TEST(Sequential, TrainsBesideOthersWhoseActivationsDiffer) {
  const auto graph = [](const Activation& activation) {
    return Sequential({4}, {Dense{.units = 3, .activation = activation}, Dense{.units = 2}})
        .graph();
  };
  EXPECT_TRUE(ops::have_one_structure(graph("relu"), graph("elu:alpha=0.5")));
  EXPECT_FALSE(ops::have_one_structure(graph("relu"), graph({}))) << "one has a step less";
}

TEST(Sequential, FitHasDefaults) {
  const ImageSet set = images();
  Sequential model({6, 6, 1}, {Flatten{}, Dense{.units = 3}, Softmax{}});
  model.compile(kOptions);
  EXPECT_EQ(model.fit(set).epoch, std::vector<int>{0});
}

TEST(Model, SaysThatItWasMovedFrom) {
  Model model = Sequential({4}, {Dense{.units = 2}});
  Model other = std::move(model);
  const std::string message = "this Model was moved from; use the one that it was moved to";
  const Samples none;
  EXPECT_EQ(error_of([&] { model.summary(); }), message);    // NOLINT
  EXPECT_EQ(error_of([&] { model.graph(); }), message);      // NOLINT
  EXPECT_EQ(error_of([&] { model.weights(); }), message);    // NOLINT
  EXPECT_EQ(error_of([&] { model.compile({}); }), message);  // NOLINT
  EXPECT_EQ(error_of([&] { model.fit(none); }), message);
  EXPECT_EQ(error_of([&] { model.evaluate(none); }), message);
  EXPECT_EQ(error_of([&] { model.predict(none); }), message);
  EXPECT_EQ(error_of([&] { model.divergence(); }), message);
  EXPECT_EQ(error_of([&] { model.get_weights("dense/bias"); }), message);
  EXPECT_EQ(error_of([&] { model.set_weights("dense/bias", {}); }), message);
  model = std::move(other);
  EXPECT_EQ(model.weights().size(), 2U);
}

}  // namespace
