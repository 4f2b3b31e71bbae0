// Small problems from end to end on the CPU: the four kinds of output layer, and what training
// promises (the same bits again, going on, saying where it broke).
#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/kernels/random.h>
#include <saltus/model.h>

#include "train/trainer.h"

namespace saltus {
namespace {

using testing::HasSubstr;

/// A number from 0 to 1 for each place of a test's data; the same everywhere.
double uniform(std::uint32_t stream, std::size_t place) {
  const auto words = kernels::philox(stream, {static_cast<std::uint32_t>(place), 0, 0, 0});
  return (words.w0 + 0.5) * 0x1p-32;
}

constexpr std::size_t kCount = 400;

/// Points of the square from -1 to 1, and targets that the test makes of them.
struct Points {
  std::vector<float> inputs;
  std::vector<float> values;
  std::vector<std::int32_t> classes;

  Points() : inputs(2 * kCount) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      inputs[i] = static_cast<float>(2 * uniform(1, i) - 1);
    }
  }
  double x(std::size_t i) const { return inputs[2 * i]; }
  double y(std::size_t i) const { return inputs[2 * i + 1]; }
  Samples with_values() const {
    return {.count = kCount, .inputs = inputs, .targets = std::span(values)};
  }
  Samples with_classes() const {
    return {.count = kCount, .inputs = inputs, .targets = std::span(classes)};
  }
};

/// A hidden layer of tanh and an output layer with a function behind it.
Graph network(std::int64_t outputs, Layer end) {
  Graph graph({2});
  graph.add(layers::Dense{.units = 32});
  graph.add(Activation("tanh"));
  graph.add(layers::Dense{.units = outputs});
  graph.add(std::move(end));
  return graph;
}

CompileOptions options_for(const Loss& loss, std::vector<Metric> metrics) {
  return {.loss = loss,
          .optimizer = Adam{.learning_rate = 0.02},
          .metrics = std::move(metrics),
          .device = Device::cpu,
          .threads = 1,  // so little work is soonest done by one
          .seed = 5};
}

/// Trains on the first three quarters; the figures after the last epoch.
Logs learn(Model& model, const Samples& samples) {
  const History history =
      model.fit(samples, {.epochs = 60, .batch_size = 32, .validation_split = 0.25});
  Logs last;
  for (const auto& [name, values] : history.history) last[name] = values.back();
  return last;
}

// The bounds below leave 1.5 to 3 times the largest error of six seeds.

TEST(Model, LearnsRegression) {
  Points points;
  for (std::size_t i = 0; i < kCount; ++i) {
    points.values.push_back(static_cast<float>(points.x(i) * points.y(i)));
  }
  Model model(network(1, Activation()));
  model.compile(options_for(losses::MeanSquaredError{}, {metrics::MeanAbsoluteError{}}));
  const Logs logs = learn(model, points.with_values());
  EXPECT_LT(logs.at("val_loss"), 0.003) << "the mean alone has 0.11";
  EXPECT_LT(logs.at("val_mean_absolute_error"), 0.04);
}

TEST(Model, LearnsTwoClassesWithOneSigmoid) {
  Points points;
  for (std::size_t i = 0; i < kCount; ++i) {
    points.classes.push_back(points.x(i) * points.y(i) > 0 ? 1 : 0);
  }
  Model model(network(1, Activation("sigmoid")));
  model.compile(options_for(losses::BinaryCrossentropy{}, {metrics::BinaryAccuracy{}}));
  const Logs logs = learn(model, points.with_classes());
  EXPECT_GT(logs.at("val_binary_accuracy"), 0.92) << "no straight line does better than 0.6";
}

std::int32_t third_of_the_circle(double x, double y) {
  return static_cast<std::int32_t>((std::atan2(y, x) / M_PI + 1) * 1.4999);
}

TEST(Model, LearnsManyClassesWithSoftmax) {
  Points points;
  for (std::size_t i = 0; i < kCount; ++i) {
    points.classes.push_back(third_of_the_circle(points.x(i), points.y(i)));
  }
  Model model(network(3, layers::Softmax{}));
  model.compile(options_for(losses::CategoricalCrossentropy{}, {metrics::CategoricalAccuracy{}}));
  const Logs logs = learn(model, points.with_classes());
  EXPECT_GT(logs.at("val_categorical_accuracy"), 0.97);
}

TEST(Model, LearnsManyLabelsWithSigmoids) {
  Points points;
  for (std::size_t i = 0; i < kCount; ++i) {
    const bool labels[] = {points.x(i) > 0, points.y(i) > points.x(i),
                           points.x(i) * points.x(i) + points.y(i) * points.y(i) < 0.6};
    for (const bool label : labels) points.values.push_back(label ? 1.0F : 0.0F);
  }
  Model model(network(3, Activation("sigmoid")));
  model.compile(options_for(losses::BinaryCrossentropy{}, {metrics::BinaryAccuracy{}}));
  const Logs logs = learn(model, points.with_values());
  EXPECT_GT(logs.at("val_binary_accuracy"), 0.95);
}

/// Images of 8 x 8 bytes whose class is the quadrant of a bright square.
struct Images {
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> classes;

  explicit Images(std::size_t count) : pixels(64 * count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto quadrant = static_cast<std::size_t>(4 * uniform(2, i));
      const std::size_t top = quadrant / 2 * 4 + static_cast<std::size_t>(2 * uniform(3, i));
      const std::size_t left = quadrant % 2 * 4 + static_cast<std::size_t>(2 * uniform(4, i));
      for (std::size_t place = 0; place < 64; ++place) {
        const bool bright = place / 8 - top < 3 && place % 8 - left < 3;
        pixels[64 * i + place] =
            static_cast<std::uint8_t>((bright ? 150 : 0) + 100 * uniform(5, 64 * i + place));
      }
      classes.push_back(static_cast<std::uint8_t>(quadrant));
    }
  }
  Samples samples() const {
    return {.count = static_cast<std::int64_t>(classes.size()),
            .inputs = std::span(pixels),
            .targets = std::span(classes)};
  }
};

/// Two branches that meet, with batch normalisation, PReLU and dropout: most kinds of step.
Graph residual_network() {
  Graph graph({8, 8, 1});
  const NodeId trunk = graph.add(layers::Conv2D{.filters = 8, .padding = layers::Padding::same});
  graph.add(layers::BatchNormalization{.momentum = 0.9});
  graph.add(Activation("relu"));
  graph.add(layers::Conv2D{.filters = 8, .padding = layers::Padding::same});
  const NodeId branch = graph.add(layers::BatchNormalization{.momentum = 0.9});
  graph.add_to({trunk, branch}, layers::Add{});
  graph.add(layers::PReLU{.shared_axes = {1, 2}});
  graph.add(layers::MaxPooling2D{});
  graph.add(layers::Dropout{0.1});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 4});
  graph.add(layers::Softmax{});
  return graph;
}

Model residual_model(int threads = 1, std::uint64_t seed = 1) {
  Model model(residual_network());
  model.compile({.loss = losses::SparseCategoricalCrossentropy{},
                 .metrics = {metrics::CategoricalAccuracy{}},
                 .device = Device::cpu,
                 .threads = threads,
                 .seed = seed});
  return model;
}

std::vector<std::vector<float>> weights_of(const Model& model) {
  std::vector<std::vector<float>> weights;
  for (const Weight& weight : model.weights()) weights.push_back(model.get_weights(weight.name));
  return weights;
}

TEST(Model, AResidualNetworkLearns) {
  const Images images(300);
  const Images others(100);
  Model model = residual_model();
  const auto before = weights_of(model);
  model.fit(images.samples(), {.epochs = 8, .batch_size = 32});
  const auto after = weights_of(model);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_NE(before[i], after[i]) << model.weights()[i].name << " was not trained";
  }
  const Logs logs = model.evaluate(others.samples());
  EXPECT_GT(logs.at("categorical_accuracy"), 0.95);
}

TEST(Model, TheSameSeedGivesTheSameBits) {
  const Images images(150);
  const auto train = [&](int threads, std::uint64_t seed) {
    Model model = residual_model(threads, seed);
    const History history = model.fit(images.samples(), {.epochs = 2, .batch_size = 64});
    return std::pair(weights_of(model), history.at("loss"));
  };
  const auto first = train(1, 1);
  EXPECT_EQ(first, train(1, 1));
  EXPECT_EQ(first, train(2, 1)) << "nor does it depend on the number of threads";
  EXPECT_NE(first, train(1, 2));
}

/// A network that differs between trials in all that may differ.
train::Entry entry_with(const char* activation, Initializer initializer, Layer dropout,
                        Optimizer optimizer, std::uint64_t seed) {
  Graph graph({8, 8, 1});
  graph.add(layers::Conv2D{.filters = 4, .kernel_initializer = initializer});
  graph.add(Activation(activation));
  graph.add(layers::MaxPooling2D{});
  graph.add(std::move(dropout));
  graph.add(layers::Flatten{});
  graph.add(layers::BatchNormalization{});
  graph.add(layers::Dense{.units = 4});
  graph.add(layers::Softmax{});
  return {std::move(graph), optimizer, seed};
}

TEST(Trainer, ATrialGivesTheSameBitsAloneAndBesideOthers) {
  const std::vector<train::Entry> entries = {
      entry_with("relu", initializers::GlorotUniform{}, layers::Dropout{0.25}, Adam{}, 1),
      entry_with("selu", initializers::LecunNormal{}, layers::AlphaDropout{0.1}, Adam{}, 2),
      entry_with("tanh", initializers::HeNormal{}, layers::Dropout{0.5},
                 SGD{.learning_rate = 0.05, .momentum = 0.9}, 1)};
  const CompileOptions options = {.metrics = {metrics::CategoricalAccuracy{}},
                                  .device = Device::cpu};
  const Images images(130);
  const FitOptions fit = {.epochs = 2, .batch_size = 32, .validation_split = 0.2};
  train::Trainer together(entries, options);
  const auto histories = together.fit(images.samples(), fit, {});
  for (int trial = 0; trial < 3; ++trial) {
    const auto place = static_cast<std::size_t>(trial);
    train::Trainer alone({entries[place]}, options);
    const History history = alone.fit(images.samples(), fit, {}).front();
    for (const std::string figure : {"loss", "val_loss", "categorical_accuracy"}) {
      EXPECT_EQ(history.at(figure), histories[place].at(figure)) << trial;
    }
    for (std::size_t i = 0; i < alone.weights().size(); ++i) {
      EXPECT_EQ(alone.get_weight(0, i), together.get_weight(trial, i))
          << alone.weights()[i].name << " of trial " << trial;
    }
  }
  EXPECT_NE(histories[0].at("loss"), histories[2].at("loss"));
}

TEST(Model, FitGoesOnWhereItEnded) {
  const Images images(100);
  Model whole = residual_model();
  whole.fit(images.samples(), {.epochs = 4});
  Model parts = residual_model();
  parts.fit(images.samples(), {.epochs = 1});
  parts.fit(images.samples(), {.epochs = 4, .initial_epoch = 1});
  EXPECT_EQ(weights_of(whole), weights_of(parts)) << "weights, moments, steps and orders go on";
  Model counted_anew = residual_model();
  counted_anew.fit(images.samples(), {.epochs = 1});
  counted_anew.fit(images.samples(), {.epochs = 3});
  EXPECT_EQ(weights_of(whole), weights_of(counted_anew));
}

TEST(Model, LargerBatchesThanBeforeAreTaken) {
  const Images images(600);
  Model model = residual_model();
  const std::vector<float> small = model.predict(images.samples(), 7);
  const std::vector<float> large = model.predict(images.samples(), 600);
  ASSERT_EQ(small.size(), 2400U);
  for (std::size_t i = 0; i < small.size(); ++i) {
    // A probability of about 1/4 in floats, through four layers of at most 128 summands.
    EXPECT_NEAR(small[i], large[i], 1e-5);
  }
  model.fit(images.samples(), {.batch_size = 16});
  EXPECT_EQ(model.fit(images.samples(), {.batch_size = 300}).epoch.size(), 1U);
}

TEST(Model, EvaluateAgreesWithPredict) {
  const Images images(100);
  Model model = residual_model();
  model.fit(images.samples(), {.epochs = 2});
  const std::vector<float> outputs = model.predict(images.samples());
  double loss = 0;
  double hits = 0;
  for (std::size_t i = 0; i < images.classes.size(); ++i) {
    const float* row = outputs.data() + 4 * i;
    loss -= std::log(double{row[images.classes[i]]}) / 100;
    hits += std::max_element(row, row + 4) - row == images.classes[i] ? 1 : 0;
  }
  const Logs logs = model.evaluate(images.samples());
  EXPECT_NEAR(logs.at("loss"), loss, 1e-5) << "the logarithm of floats of about 0.5";
  EXPECT_EQ(logs.at("categorical_accuracy"), hits / 100);
}

TEST(Model, WeightsGoInAndOutByName) {
  Model model = residual_model();
  std::vector<float> kernel(72);
  for (std::size_t i = 0; i < kernel.size(); ++i) kernel[i] = static_cast<float>(i);
  model.set_weights("conv2d/kernel", kernel);
  EXPECT_EQ(model.get_weights("conv2d/kernel"), kernel);
  EXPECT_EQ(model.get_weights("batch_normalization/moving_variance"), std::vector<float>(8, 1.0F));
  EXPECT_THROW(model.set_weights("conv2d/kernel", std::vector<float>(71)), InvalidArgument);
  try {
    model.get_weights("conv2d/kernal");
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("no weight 'conv2d/kernal': did you mean conv2d/kernel"));
  }
}

TEST(Model, DivergenceNamesStepAndTensorAndLeavesTheWeights) {
  Points points;
  points.values.assign(kCount, 0.0F);
  Model model(network(1, Activation()));
  CompileOptions options = options_for(losses::MeanSquaredError{}, {});
  options.terminate_on_nan = true;
  model.compile(options);
  model.fit(points.with_values(), {.batch_size = 100});
  EXPECT_FALSE(model.divergence());
  const auto before = weights_of(model);

  points.inputs[3] = std::numeric_limits<float>::quiet_NaN();
  const History history = model.fit(points.with_values(), {.batch_size = kCount, .shuffle = false});
  EXPECT_TRUE(history.epoch.empty());
  ASSERT_TRUE(model.divergence());
  EXPECT_EQ(model.divergence()->step, 4);
  EXPECT_EQ(model.divergence()->tensor, "loss");
  EXPECT_EQ(weights_of(model), before);

  points.inputs[3] = 0;
  EXPECT_EQ(model.fit(points.with_values(), {}).epoch.size(), 1U);
  EXPECT_FALSE(model.divergence());
}

TEST(Model, DivergenceNamesTheWeightWhoseGradientOverflows) {
  Points points;
  points.values.assign(kCount, 0.0F);
  Graph graph({2});
  graph.add(layers::Dense{.units = 1}, "first");
  graph.add(layers::Dense{.units = 1}, "second");
  Model model(std::move(graph));
  CompileOptions options = options_for(losses::MeanSquaredError{}, {});
  options.terminate_on_nan = true;
  model.compile(options);
  // y = 1e-37 * 3e38 = 30: the loss is 900, but its gradient by second/kernel is 60 * 3e38.
  model.set_weights("first/kernel", std::vector<float>{0, 0});
  model.set_weights("first/bias", std::vector<float>{3e38F});
  model.set_weights("second/kernel", std::vector<float>{1e-37F});
  model.fit(points.with_values(), {.batch_size = kCount});
  ASSERT_TRUE(model.divergence());
  EXPECT_EQ(model.divergence()->step, 0);
  EXPECT_EQ(model.divergence()->tensor, "second/kernel");
}

TEST(Model, SaysWhatIsMissingOrCannotBe) {
  const Images images(4);
  Model model(residual_network());
  EXPECT_THROW(model.fit(images.samples(), {}), InvalidArgument) << "not compiled";
  EXPECT_FALSE(model.divergence());
  EXPECT_THROW(model.compile({.device = Device::cpu, .precision = Precision::tf32}),
               InvalidArgument);
  EXPECT_THAT(model.summary(), HasSubstr("add (Add)"));
  EXPECT_EQ(parse_device("auto"), Device::automatic);
  EXPECT_EQ(to_string(Device::cuda), "cuda");
  EXPECT_THROW(parse_device("gpu"), InvalidArgument);
}

}  // namespace
}  // namespace saltus
