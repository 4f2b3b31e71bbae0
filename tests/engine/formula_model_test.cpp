// Formulas in models, files and sweeps.
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/accuracy.h>
#include <saltus/error.h>
#include <saltus/formula.h>
#include <saltus/model.h>
#include <saltus/sweep.h>

#include "core/file.h"
#include "tests/engine/error_of.h"
#include "tests/engine/striped_images.h"

namespace saltus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Behind a convolution with a max-pool, which asks for the shape, and in a dense layer.
Model network(const Activation& activation) {
  return Sequential({6, 6, 1},
                    {layers::Conv2D{.filters = 4, .activation = activation}, layers::MaxPooling2D{},
                     layers::Flatten{}, layers::Dense{.units = 6, .activation = activation},
                     layers::Dense{.units = 3}, layers::Softmax{}});
}

Model trained(const Activation& activation, int threads) {
  const tests::StripedImages images;
  Model model = network(activation);
  model.compile({.loss = losses::CategoricalCrossentropy{},
                 .optimizer = SGD{.learning_rate = 0.1},
                 .device = Device::cpu,
                 .threads = threads});
  model.fit(images.samples(), {.epochs = 3, .batch_size = 5});
  return model;
}

void expect_equal_weights(const Model& a, const Model& b) {
  for (const Weight& weight : a.weights())
    EXPECT_EQ(a.get_weights(weight.name), b.get_weights(weight.name)) << weight.name;
}

TEST(FormulaModel, ATwinTrainsToTheBitsOfTheListedOne) {
  expect_equal_weights(trained("mish", 1), trained("x * tanh(softplus(x))", 1));
  expect_equal_weights(trained("elu:alpha=0.3", 1),
                       trained("model_elu = where(x > 0, x, a * expm1(x)); a = 0.3", 1));
}

TEST(FormulaModel, ThreadsDoNotChangeBits) {
  expect_equal_weights(trained("x * atan(exp(x))", 1), trained("x * atan(exp(x))", 3));
}

// relu as a sum that nothing recognizes: the same numbers, and the same place of the maximum.
TEST(FormulaModel, TheInterpreterTrainsLikeTheList) {
  const Activation interpreted("0.5 * x + 0.5 * abs(x)");
  EXPECT_THAT(describe_formula(interpreted).twins, ElementsAre());
  expect_equal_weights(trained("relu", 1), trained(interpreted, 1));
}

TEST(FormulaModel, ASavedModelHoldsTheDefinition) {
  const tests::StripedImages images;
  const std::string file = testing::TempDir() + "formula.safetensors";
  Model model = trained("saved_formula = x * atan(exp(b * x)); b = 1.25", 1);
  model.save(file);
  Model loaded = Model::load(file, {.device = Device::cpu});
  const Samples samples = images.samples();
  EXPECT_EQ(loaded.predict(samples), model.predict(samples));
  EXPECT_THAT(read_file(file, 1 << 20),
              HasSubstr("saved_formula = x * atan(exp(b * x)); b = 1.25"));
  std::filesystem::remove(file);
}

TEST(FormulaModel, AccuracyIsMeasuredAgainstWhatWasWritten) {
  const auto worst = [](const char* text) {
    return measure_accuracy(text, {.stride = (1U << 20) + 7}).f.ulp.size;
  };
  EXPECT_LT(worst("x * atan(exp(x))"), 4);
  EXPECT_LT(worst("log(1 + exp(x))"), 4);  // as softplus
  // Far left an error of the exponent's last digit is many of the result's, which is next to 0.
  EXPECT_GT(worst("exp(-sqrt(x^2 + 1))"), 45);
  const AccuracyOptions larger = {.stride = (1U << 20) + 7, .tiny = 1e-9};
  EXPECT_LT(measure_accuracy("exp(-sqrt(x^2 + 1))", larger).f.ulp.size, 40);
  // log(x^2 + 1.5) - log(1.5) loses all digits near 0.
  EXPECT_GT(worst("log(x^2 + 1.5) - log(1.5)"), 1000);
}

TEST(FormulaModel, SweepsTellDefinitionsApart) {
  SweepConfig config;
  config.activations = {Activation("in_sweep = x * atan(exp(x))"),
                        Activation("in_sweep = x * atan(exp(2 * x))")};
  EXPECT_EQ(error_of([&] { validate(config); }),
            "two activations are called in_sweep: in_sweep = x * atan(exp(x)) and in_sweep = x * "
            "atan(exp(2 * x)); rename one");
  config.activations.pop_back();
  EXPECT_NO_THROW(validate(config));
}

TEST(FormulaModel, IsDescribed) {
  const FormulaInfo mine = describe_formula("x * sigmoid(2 * x)");
  EXPECT_EQ(Activation("x * sigmoid(2 * x)").info().derivative,
            "sigmoid(2 * x) + 2 * (x * sigmoid_slope(2 * x))");
  EXPECT_EQ(mine.f_left, 0);
  EXPECT_EQ(mine.f_right, std::numeric_limits<double>::infinity());
  EXPECT_EQ(mine.df_right, 1);
  EXPECT_EQ(mine.f_operations, 3);
  EXPECT_THAT(mine.twins, testing::Contains("0.5 * silu(2 * x)"));
  // sqrt(2) for relu; 1 for the identity.
  EXPECT_NEAR(describe_formula("0.5 * x + 0.5 * abs(x)").gain, 1.41421356, 1e-6);
  EXPECT_NEAR(describe_formula("x").gain, 1, 1e-6);
  EXPECT_EQ(error_of([] { describe_formula("relu"); }), "activation relu is no formula");
}

}  // namespace
}  // namespace saltus
