// Losses and metrics typed as formulas: against the listed ones that they are, in files, in sweeps,
// and what is refused.
#include "formula/loss_formula.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/model.h>
#include <saltus/sweep.h>

#include "core/file.h"
#include "tests/engine/error_of.h"

namespace saltus {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Lt;

constexpr const char* kSquared = "(y - t)^2";
constexpr const char* kHuber =
    "where(abs(y - t) <= d, 0.5 * (y - t)^2, d * (abs(y - t) - 0.5 * d)); d = 0.3";
// With Keras's clipping to [1e-7, 1 - 1e-7] in float.
constexpr const char* kBinary =
    "-t * log(clip(y, 1.0000000116860974e-07, 0.99999988079071045)) - (1 - t) * "
    "log(1 - clip(y, 1.0000000116860974e-07, 0.99999988079071045))";
constexpr const char* kBinaryOfLogits = "max(y, 0) - y * t + log(1 + exp(-abs(y)))";
constexpr const char* kPoisson = "y - t * log(y + 1.0000000116860974e-07)";

double ulps(double got, double want) {
  if (got == want) return 0;
  const double size = std::max(std::abs(want), std::numeric_limits<double>::min());
  return std::abs(got - want) / (std::nextafter(size, INFINITY) - size);
}

struct Worst {
  double value = 0;
  double slope = 0;
};

/// The worst differences in ulp between a formula and a listed loss, for outputs from `low` on in
/// `count` steps and every target.
template <class L>
Worst compare(const char* text, const L& listed, double low, double step, int count,
              const std::vector<double>& targets) {
  const Loss loss = Loss::formula(text);
  formula::LossLoop loop;
  std::vector<double> y;
  for (int i = 0; i < count; ++i)  // outputs are floats
    y.push_back(static_cast<double>(static_cast<float>(low + step * i)));
  std::vector<double> values(y.size());
  std::vector<double> slopes(y.size());
  Worst worst;
  for (const double target : targets) {
    const std::vector<double> t(y.size(), target);
    loop.run(loss.definition(), y.data(), t.data(), values.data(), slopes.data(), std::ssize(y));
    for (std::size_t i = 0; i < y.size(); ++i) {
      const kernels::LossOutput out{y[i], target, y[i], 1 - y[i]};
      worst.value = std::max(worst.value, ulps(values[i], listed.term(out)));
      worst.slope = std::max(worst.slope, ulps(slopes[i], listed.slope(out)));
    }
    // The value alone has the same bits.
    std::vector<double> alone(y.size());
    loop.run(loss.definition(), y.data(), t.data(), alone.data(), nullptr, std::ssize(y));
    EXPECT_EQ(alone, values) << text;
  }
  return worst;
}

TEST(LossFormula, HasTheValuesOfTheListedOneThatItIs) {
  const std::vector<double> values = {-1, 0, 0.25, 1, 3};
  const std::vector<double> classes = {0, 1};
  const auto expect = [](const char* name, const Worst& worst, double value, double slope) {
    EXPECT_LE(worst.value, value) << name;
    EXPECT_LE(worst.slope, slope) << name << "'";
  };
  expect("mse", compare(kSquared, losses::MeanSquaredError{}, -5, 0.013, 800, values), 0, 0);
  expect("mae", compare("abs(y - t)", losses::MeanAbsoluteError{}, -5, 0.013, 800, values), 0, 0);
  expect("huber", compare(kHuber, losses::Huber{.delta = 0.3}, -5, 0.013, 800, values), 0, 0);
  // The slope is 0 where y is clipped; just at the end of that, where both are right, it is 0 by
  // the formula alone, and none of these outputs is there.
  expect("bce", compare(kBinary, losses::BinaryCrossentropy{}, 0, 1.0 / 4096, 4097, classes), 4, 4);
  expect("bce", compare(kBinary, losses::BinaryCrossentropy{}, 0, 1.01e-9, 1000, classes), 4, 4);
  // The listed slope, sigmoid(y) - t, cancels where y is right, which that of the formula does not:
  // what is left of 1 there is 2^-53 of 1e-5 at the ends of these outputs.
  expect("logits",
         compare(kBinaryOfLogits, losses::BinaryCrossentropy{.from_logits = true}, -12, 0.037, 649,
                 classes),
         4, 0x1p18);
  expect("poisson", compare(kPoisson, losses::Poisson{}, 0.01, 0.013, 500, values), 4, 4);
}

constexpr std::int64_t kCount = 12;
std::vector<float> inputs() {
  std::vector<float> x(kCount * 2);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(std::sin(1.7 * static_cast<double>(i)));
  return x;
}
const std::vector<float> kInputs = inputs();
const std::vector<float> kValues = {1, 0, 0.5F, -1, 2, 1, 0,  0.25F, 1, 1, -2,    0,
                                    3, 1, 0.5F, 0,  1, 0, -1, 1,     2, 1, 0.75F, 0};
const std::vector<float> kZerosAndOnes = {1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0,
                                          0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0};
const std::vector<float> kWeights = {1, 2, 0.5F, 1, 3, 1, 0, 1, 1.5F, 1, 2, 0.25F};

struct Trained {
  Model model;
  History history;
};
Trained train(const Loss& loss, const std::vector<float>& targets, const char* last,
              const std::vector<Metric>& metrics = {}) {
  const Samples samples = {.count = kCount,
                           .inputs = kInputs,
                           .targets = std::span<const float>(targets),
                           .weights = kWeights};
  Trained result{Sequential({2}, {layers::Dense{.units = 6, .activation = "tanh"},
                                  layers::Dense{.units = 2, .activation = last}}),
                 {}};
  result.model.compile({.loss = loss, .metrics = metrics, .device = Device::cpu, .threads = 1});
  result.history =
      result.model.fit(samples, {.epochs = 20, .batch_size = 5, .validation_data = samples});
  return result;
}

TEST(LossFormula, TrainsToTheBitsOfTheListedOneThatItIs) {
  for (const auto& [text, listed] :
       std::vector<std::pair<const char*, Loss>>{{kSquared, losses::MeanSquaredError{}},
                                                 {kHuber, losses::Huber{.delta = 0.3}},
                                                 {"abs(y - t)", losses::MeanAbsoluteError{}}}) {
    const Trained want = train(listed, kValues, "linear");
    const Trained got = train(Loss::formula(text), kValues, "linear");
    for (const Weight& weight : want.model.weights())
      EXPECT_EQ(got.model.get_weights(weight.name), want.model.get_weights(weight.name)) << text;
    EXPECT_EQ(got.history.at("loss"), want.history.at("loss")) << text;
    EXPECT_EQ(got.history.at("val_loss"), want.history.at("val_loss")) << text;
    EXPECT_LT(want.history.at("loss").back(), want.history.at("loss").front()) << text;
  }
}

// Double has 29 digits more than the floats that gradients become: now and then one of them rounds
// to the other side, which 20 epochs of three batches do not make more than a few units of.
TEST(LossFormula, ACrossEntropyTrainsLikeTheListedOne) {
  const Trained want = train(losses::BinaryCrossentropy{}, kZerosAndOnes, "sigmoid");
  const Trained got = train(Loss::formula(kBinary), kZerosAndOnes, "sigmoid");
  for (const Weight& weight : want.model.weights()) {
    const std::vector<float> a = want.model.get_weights(weight.name);
    const std::vector<float> b = got.model.get_weights(weight.name);
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 8 * 0x1p-24F) << weight.name;
  }
  for (std::size_t i = 0; i < want.history.at("loss").size(); ++i)
    EXPECT_NEAR(got.history.at("loss")[i], want.history.at("loss")[i], 8 * 0x1p-24) << i;
}

TEST(LossFormula, AMetricIsTheMeanOverOutputsAndSamples) {
  const Trained trained =
      train(losses::MeanSquaredError{}, kValues, "linear",
            {metrics::MeanAbsoluteError{}, Metric::formula("far = abs(y - t)"),
             Metric::formula("abs(y - t) < 0.5"),
             Metric::custom("first", [](auto y, auto) { return static_cast<double>(y[0]); })});
  EXPECT_EQ(trained.history.at("far"), trained.history.at("mean_absolute_error"));
  EXPECT_EQ(trained.history.at("val_far"), trained.history.at("val_mean_absolute_error"));
  // A share of 24 outputs.
  for (const double share : trained.history.at("val_abs(y - t) < 0.5"))
    EXPECT_NEAR(24 * share, std::round(24 * share), 1e-12);
  EXPECT_THAT(trained.history.at("val_abs(y - t) < 0.5"), Each(Lt(1)));
}

TEST(LossFormula, ClassNumbersAreOneHotRows) {
  const std::vector<std::int32_t> classes = {0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0};
  const Samples samples = {
      .count = kCount, .inputs = kInputs, .targets = std::span<const std::int32_t>(classes)};
  Model model = Sequential({2}, {layers::Dense{.units = 2}});
  const auto loss_of = [&](const Loss& loss) {
    model.compile({.loss = loss, .device = Device::cpu});
    return model.evaluate(samples).at("loss");
  };
  EXPECT_EQ(loss_of(Loss::formula(kSquared)), loss_of(losses::MeanSquaredError{}));
}

TEST(LossFormula, ASavedModelHoldsTheDefinition) {
  const std::string file = testing::TempDir() + "loss_formula.safetensors";
  Trained trained = train(Loss::formula(std::string("mine = ") + kHuber), kValues, "linear",
                          {Metric::formula("near=abs(y-t)<a;a=0.25")});
  trained.model.save(file);
  EXPECT_THAT(read_file(file, 1 << 20), HasSubstr("near = abs(y - t) < a; a = 0.25"));
  EXPECT_THAT(read_file(file, 1 << 20),
              HasSubstr("mine = where(abs(y - t) <= d, 0.5 * (y - t)^2, d * (abs(y - t) - 0.5 * "
                        "d)); d = 0.3"));
  Model loaded = Model::load(file, {.device = Device::cpu});
  const Samples samples = {
      .count = kCount, .inputs = kInputs, .targets = std::span<const float>(kValues)};
  EXPECT_EQ(loaded.evaluate(samples), trained.model.evaluate(samples));
  EXPECT_TRUE(loaded.evaluate(samples).contains("near"));
  std::filesystem::remove(file);
}

TEST(LossFormula, IsTheSameHoweverItIsSpaced) {
  const Loss loss = parse_loss("mine=(y-t)^2*b;b=2");
  EXPECT_EQ(to_string(loss), "mine = (y - t)^2 * b; b = 2");
  EXPECT_EQ(loss.name(), "mine");
  EXPECT_EQ(parse_loss(to_string(loss)), loss);
  EXPECT_NE(parse_loss("mine = (y - t)^2 * b; b = 3"), loss);
  EXPECT_EQ(parse_loss("y-t").name(), "y - t");
  EXPECT_EQ(parse_loss("softplus(-y*t)").name(), "softplus(-y * t)");
  EXPECT_EQ(parse_loss("elu(y - t, alpha=0.3)^2").name(), "elu(y - t, alpha=0.3)^2");
  EXPECT_FALSE(loss.is_custom());
  EXPECT_FALSE(loss.is_listed());
  EXPECT_EQ(loss.as<losses::MeanSquaredError>(), nullptr);
  EXPECT_TRUE(parse_loss("huber:delta=2").is_listed());
  const Metric metric = parse_metric("close=abs(y-t)<0.5");
  EXPECT_EQ(to_string(metric), "close = abs(y - t) < 0.5");
  EXPECT_EQ(metric.name(), "close");
  EXPECT_EQ(parse_metric(to_string(metric)), metric);
  EXPECT_NE(parse_metric("close = abs(y - t) < 0.25"), metric);
}

TEST(LossFormula, TheDerivativeIsByTheOutput) {
  const auto slope = [](const char* text) { return Loss::formula(text).definition().slope_text(); };
  EXPECT_EQ(slope(kSquared), "2 * (y - t)");
  EXPECT_EQ(slope("t * y + exp(t)"), "t");
  EXPECT_EQ(slope("-t * log(y)"), "-(t / y)");
}

TEST(LossFormula, ErrorsMarkWhatIsWrong) {
  struct Case {
    const char* text;
    const char* what;
    int column;
  };
  for (const auto& [text, what, column] : std::vector<Case>{
           {"(x - t)^2", "there is no x here; use y and t", 2},
           {"(y - )^2", "expected a number, y, t, or a function", 5},
           {"abss(y - t)", "unknown function abss; did you mean abs?", 1},
           {"(y - t)^2 * k", "unknown name k; if it is a parameter, give it a value: ; k = 1", 13},
           {"y + sin", "sin is a function; call it, as in sin(y)", 5},
           {"(y - t)^2 t", "expected an operator, or the end", 11},
           {"(y - t)^2; y = 1", "the formula has no y", 12}}) {
    const std::string mark = std::string(static_cast<std::size_t>(column) + 1, ' ') + "^";
    const std::string error = "in the formula, at column " + std::to_string(column) + ": " + what +
                              "\n  " + text + "\n" + mark;
    EXPECT_EQ(error_of([&] { parse_loss(text); }), error) << text;
    EXPECT_EQ(error_of([&] { parse_metric(text); }), error) << text;
  }
}

TEST(LossFormula, NamesOfOthersAreRefused) {
  EXPECT_EQ(error_of([] { parse_loss("huber = (y - t)^2"); }),
            "there is a loss huber already; give yours another name");
  EXPECT_EQ(error_of([] { parse_metric("binary_accuracy = y"); }),
            "there is a metric binary_accuracy already; give yours another name");
  EXPECT_THAT(error_of([] { parse_metric("loss = y * t"); }),
              HasSubstr("logs hold another figure named loss"));
  EXPECT_EQ(error_of([] { parse_loss("abs = (y - t)^2"); }),
            "abs has a meaning in formulas already; give yours another name");
  EXPECT_EQ(error_of([] { parse_loss("far = t + 0 * y"); }),
            "the loss far = t + 0 * y does not depend on y, the output");
  EXPECT_EQ(error_of([] { parse_loss("abs(y - t) / s + log(s); s = 1 learned"); }),
            "s of abs(y - t) / s + log(s) cannot be learned: only parameters of activations can");
  // Names that are typed wrongly are no formulas.
  EXPECT_THAT(error_of([] { parse_loss("mean squared error"); }),
              HasSubstr("unknown loss 'mean squared error'"));
  EXPECT_THAT(error_of([] { parse_loss("mse"); }), HasSubstr("unknown loss 'mse'"));
  EXPECT_EQ(error_of([] {
              train(losses::MeanSquaredError{}, kValues, "linear",
                    {Metric::formula("twice = y"), Metric::formula("twice = t")});
            }),
            "metric twice is given twice");
}

TEST(LossFormula, ASweepTakesOne) {
  SweepConfig config;
  config.loss = Loss::formula("(y - t)^2");
  EXPECT_NO_THROW(validate(config));
  config.loss = Loss::custom("mine", [](auto, auto, auto) { return 0.0; });
  EXPECT_THAT(error_of([&] { validate(config); }),
              HasSubstr("a sweep's loss is one of the list or a formula, not the custom mine"));
}

}  // namespace
}  // namespace saltus
