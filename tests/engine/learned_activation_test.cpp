// Activations whose parameters are learned.
#include "graph/learned_activation.h"

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/kernels/activations.h>
#include <saltus/model.h>

#include "tests/engine/cpu_loops_support.h"
#include "tests/engine/error_of.h"
#include "tests/engine/formula_list.h"
#include "tests/engine/striped_images.h"

namespace saltus {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;
using testing::Key;
using testing::UnorderedElementsAre;

TEST(LearnedText, ComesBackAsItWas) {
  for (const char* text :
       {"swish:beta=learned", "swish:beta=2 learned", "swish:beta=0.5 learned channel",
        "pelu:a=learned channel:b=0.25", "learned_text = x * tanh(softplus(b * x)); b = 1 learned",
        "learned_text_2 = c * x + b * x^2; c = 1 in [0, 10] learned channel; b = 2"}) {
    const Activation activation(text);
    EXPECT_TRUE(activation.is_learned()) << text;
    EXPECT_EQ(activation.str(), text);
    EXPECT_EQ(Activation(activation.str()), activation) << text;
  }
  EXPECT_FALSE(Activation("swish:beta=2").is_learned());
  EXPECT_EQ(Activation("swish:beta=1 learned").str(), "swish:beta=learned");
  const Activation pelu("pelu:b=learned channel");
  EXPECT_EQ(pelu.learned(0), Learned::no);
  EXPECT_EQ(pelu.learned(1), Learned::channel);
  EXPECT_EQ(Activation("learned_text:b=3 learned").label(), "learned_text:b=3 learned");
}

TEST(LearnedText, DiffersFromWhatStays) {
  EXPECT_NE(Activation("swish:beta=learned"), Activation("swish"));
  EXPECT_NE(Activation("swish:beta=learned"), Activation("swish:beta=learned channel"));
}

TEST(LearnedText, SaysWhatIsWrong) {
  const auto error = [](const char* text) { return error_of([&] { (void)Activation(text); }); };
  EXPECT_THAT(error("swish:beta=learnt"), HasSubstr("must be a number, not 'learnt'"));
  EXPECT_THAT(error("pelu:a=-1 learned"), HasSubstr("must be in [1e-06, 1000000], not -1"));
  EXPECT_THAT(error("binary_step:window=learned"), HasSubstr("nothing can be learned"));
  EXPECT_THAT(error("b * x; b = 1 learned twice"), HasSubstr("at column"));
}

// f, f' and the derivatives by all parameters, against differences of what the list says of f.
TEST(LearnedFormula, HasTheListsValuesAndDerivatives) {
  std::mt19937_64 random(5);
  int parameters_seen = 0;
  for (int id = 0; id < kernels::AllActivations::size; ++id) {
    const ActivationInfo& info = activation_list()[static_cast<std::size_t>(id)];
    if (info.parameters.size() == 0 || info.name == "binary_step") continue;
    SCOPED_TRACE(std::string(info.name));
    const Activation activation(tests::all_learned(info));
    const formula::LearnedFormula formula = learned_formula(activation);
    parameters_seen += static_cast<int>(info.parameters.size());
    for (int round = 0; round < 200; ++round) {
      formula::ParameterValues values{};
      kernels::Parameters<long double> exact{};
      for (std::size_t p = 0; p < info.parameters.size(); ++p) {
        const float usual = activation.ref().parameters[p];
        const float spread = 0.25F * std::max(std::abs(usual), 0.5F);
        values[p] = std::uniform_real_distribution<float>(usual - spread, usual + spread)(random);
        exact.values[p] = values[p];
      }
      const float x = std::uniform_real_distribution<float>(-6, 6)(random);
      const formula::LearnedPoint point = formula::learned_point(formula, x, values);
      const auto f = [&](long double at, const kernels::Parameters<long double>& with) {
        long double y = 0;
        kernels::dispatch(id, [&]<class Entry>() { y = Entry::f(at, with); });
        return y;
      };
      // At a kink within the step there is no derivative: both sides of it tell.
      constexpr long double kStep = 1e-5L;
      const auto expect_slope = [&](float slope, auto moved, const std::string& what) {
        const long double middle = f(x, exact);
        const long double left = (middle - moved(-kStep)) / kStep;
        const long double right = (moved(kStep) - middle) / kStep;
        if (std::abs(right - left) > 1e-3L * (1 + std::abs(left))) return;
        // The difference's own error, and the rounding of the result.
        const double bound = 1e-5 * std::max(1.0, std::abs(static_cast<double>(left)));
        EXPECT_NEAR(slope, static_cast<double>((left + right) / 2), bound) << what << " at " << x;
      };
      EXPECT_NEAR(point.value, static_cast<double>(f(x, exact)),
                  1e-6 * std::max(1.0, std::abs(static_cast<double>(f(x, exact)))));
      expect_slope(
          point.slope, [&](long double h) { return f(x + h, exact); }, "slope");
      for (std::size_t p = 0; p < info.parameters.size(); ++p) {
        expect_slope(
            point.by_parameter[p],
            [&](long double h) {
              auto shifted = exact;
              shifted.values[p] += h;
              return f(x, shifted);
            },
            std::string(info.parameters[p].name));
      }
    }
  }
  EXPECT_GT(parameters_seen, 40);
}

/// An activation that has parameters of both kinds, of so many channels, with data.
struct Layer {
  std::int64_t channels;
  Activation activation{"acon_c:p1=learned channel:p2=learned:beta=learned channel"};
  formula::LearnedFormula formula = learned_formula(activation);
  std::vector<float> p1, p2, beta, x, dy;

  Layer(std::int64_t channels_, std::int64_t rows) : channels(channels_) {
    std::mt19937 random(3);
    std::normal_distribution<float> draw;
    const auto fill = [&](std::vector<float>& values, std::int64_t n, float middle) {
      for (std::int64_t i = 0; i < n; ++i) values.push_back(middle + 0.3F * draw(random));
    };
    fill(p1, channels, 1);
    fill(p2, 1, 0.25F);
    fill(beta, channels, 1);
    fill(x, rows * channels, 0);
    fill(dy, rows * channels, 0);
  }

  formula::LearnedRun run(const formula::Program& program) const {
    return {.formula = &formula,
            .program = program.view(),
            .parameters = {p1.data(), p2.data(), beta.data(), nullptr},
            .is_learned = {true, true, true, false},
            .by_channel = {true, false, true, false},
            .channels = channels};
  }
  formula::LearnedPoint point(std::size_t i) const {
    return formula::learned_point(run(formula.value_program()), x[i],
                                  static_cast<std::int64_t>(i) % channels);
  }
};

/// What a set of loops makes of it: y, dx and the sums.
struct Found {
  std::vector<float> y, dx;
  std::vector<double> p1, p2, beta;
  bool operator==(const Found&) const = default;
};

Found run(const cpu::Loops& loops, const Layer& layer) {
  using plan::DType;
  const auto n = static_cast<std::int64_t>(layer.x.size());
  Found found;
  found.y.resize(layer.x.size());
  found.dx.resize(layer.x.size());
  found.p1.resize(layer.p1.size());
  found.p2.resize(1);
  found.beta.resize(layer.beta.size());
  loops.activate_learned(layer.run(layer.formula.value_program()), {layer.x.data(), DType::f32},
                         {found.y.data(), DType::f32}, n);
  double* const sums[] = {found.p1.data(), found.p2.data(), found.beta.data(), nullptr};
  loops.activate_learned_backward(layer.run(layer.formula.derivative_program()),
                                  {layer.x.data(), DType::f32}, {layer.dy.data(), DType::f32},
                                  {found.dx.data(), DType::f32}, sums, n);
  return found;
}

TEST(LearnedLoops, AreRightForAnyNumberOfChannels) {
  for (const std::int64_t channels : {1, 3, 255, 256, 257, 600}) {
    SCOPED_TRACE(channels);
    const Layer layer(channels, channels > 10 ? 5 : 700);
    const Found found = run(cpu::loops(), layer);
    Found want = found;
    for (auto* sums : {&want.p1, &want.p2, &want.beta}) std::fill(sums->begin(), sums->end(), 0.0);
    for (std::size_t i = 0; i < layer.x.size(); ++i) {
      const formula::LearnedPoint point = layer.point(i);
      // A dozen roundings of numbers of some units.
      EXPECT_NEAR(found.y[i], point.value, 1e-5);
      EXPECT_NEAR(found.dx[i], layer.dy[i] * point.slope, 1e-5);
      const std::size_t channel = i % static_cast<std::size_t>(channels);
      want.p1[channel] += double{layer.dy[i]} * point.by_parameter[0];
      want.p2[0] += double{layer.dy[i]} * point.by_parameter[1];
      want.beta[channel] += double{layer.dy[i]} * point.by_parameter[2];
    }
    for (std::size_t c = 0; c < want.p1.size(); ++c) {
      EXPECT_NEAR(found.p1[c], want.p1[c], 1e-4) << c;
      EXPECT_NEAR(found.beta[c], want.beta[c], 1e-4) << c;
    }
    EXPECT_NEAR(found.p2[0], want.p2[0], 1e-3);
  }
}

TEST(LearnedLoops, GiveTheSameBitsOnAllInstructionSets) {
  for (const std::int64_t channels : {3, 300}) {
    const Layer layer(channels, 50);
    const Found baseline = run(*cpu::loops_for("baseline"), layer);
    for (const char* set : {"avx2", "avx512"}) {
      const cpu::Loops* loops = cpu::loops_for(set);
      if (loops == nullptr) continue;
      EXPECT_TRUE(run(*loops, layer) == baseline) << set << ", " << channels << " channels";
    }
  }
}

// exp(exp(x)) is beyond floats where x * exp(-exp(x)) is 0.
TEST(LearnedLoops, MendWhatOverflowsOnTheWay) {
  Model model = Sequential(
      {1}, {Activation("x / (b + exp(exp(x))); b = 1 learned"), layers::Dense{.units = 1}});
  model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cpu});
  model.set_weights("dense/kernel", std::vector<float>{1});
  const std::vector<float> inputs = {5, 20, 300};
  const std::vector<float> outputs = model.predict(Samples{3, std::span<const float>(inputs), {}});
  EXPECT_NEAR(outputs[0], 5 / (1 + std::exp(std::exp(5.0))), 1e-30);
  EXPECT_THAT(outputs[1], Eq(0));
}

// Where a derivative is NaN in floats, that element alone is computed in double.
TEST(LearnedLoops, MendAnElementWithoutItsNeighbours) {
  const auto dx_of = [](float last) {
    Layer layer(1, 100);
    layer.activation = Activation("x / (b + exp(exp(x))); b = 1 learned");
    layer.formula = learned_formula(layer.activation);
    layer.x.back() = last;
    std::vector<float> dx(layer.x.size());
    double sum = 0;
    double* const sums[] = {&sum, nullptr, nullptr, nullptr};
    formula::LearnedRun run = layer.run(layer.formula.derivative_program());
    std::ranges::fill(run.is_learned, false);
    std::ranges::fill(run.by_channel, false);
    run.is_learned[0] = true;
    using plan::DType;
    cpu::loops().activate_learned_backward(run, {layer.x.data(), DType::f32},
                                           {layer.dy.data(), DType::f32}, {dx.data(), DType::f32},
                                           sums, std::ssize(layer.x));
    return dx;
  };
  std::vector<float> beside_nan = dx_of(5);
  EXPECT_EQ(beside_nan.back(), 0);
  std::vector<float> beside_another = dx_of(1);
  beside_nan.pop_back();
  beside_another.pop_back();
  EXPECT_EQ(beside_nan, beside_another);
}

Model network(const Activation& activation, const Optimizer& optimizer, int threads = 1) {
  Model model =
      Sequential({6, 6, 1}, {layers::Conv2D{.filters = 4, .activation = activation},
                             layers::MaxPooling2D{}, layers::Flatten{}, layers::Dense{.units = 6},
                             activation, layers::Dense{.units = 3}, layers::Softmax{}});
  model.compile({.loss = losses::CategoricalCrossentropy{},
                 .optimizer = optimizer,
                 .device = Device::cpu,
                 .threads = threads});
  return model;
}

const Optimizer kDescent = SGD{.learning_rate = 0.1};

TEST(LearnedModel, HasTheParametersAmongItsWeights) {
  const Model model = network("pelu:a=learned channel:b=0.5 learned", kDescent);
  std::vector<std::string> names;
  for (const Weight& weight : model.weights()) names.push_back(weight.name);
  EXPECT_THAT(names, ElementsAre("conv2d/kernel", "conv2d/bias", "conv2d/a", "conv2d/b",
                                 "dense/kernel", "dense/bias", "activation/a", "activation/b",
                                 "dense_1/kernel", "dense_1/bias"));
  EXPECT_THAT(model.get_weights("conv2d/a"), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(model.get_weights("activation/b"), ElementsAre(0.5F));
}

TEST(LearnedModel, DrawsTheSameWeightsAsWithoutLearning) {
  const Model plain = network("swish", kDescent);
  const Model learned = network("swish:beta=learned", kDescent);
  for (const Weight& weight : plain.weights())
    EXPECT_EQ(learned.get_weights(weight.name), plain.get_weights(weight.name)) << weight.name;
}

TEST(LearnedModel, TrainsToTheSameBitsOnAnyNumberOfThreads) {
  const tests::StripedImages images;
  const auto trained = [&](int threads) {
    Model model = network("swish:beta=learned channel", kDescent, threads);
    model.fit(images.samples(), {.epochs = 3, .batch_size = 5});
    return model;
  };
  const Model one = trained(1);
  EXPECT_NE(one.get_weights("conv2d/beta"), std::vector<float>(4, 1.0F));
  for (const int threads : {2, 5}) {
    const Model other = trained(threads);
    for (const Weight& weight : one.weights())
      EXPECT_EQ(other.get_weights(weight.name), one.get_weights(weight.name)) << weight.name;
  }
}

TEST(LearnedModel, TellsTheCourseOfItsParameters) {
  const tests::StripedImages images;
  Model model = network("swish:beta=learned channel", kDescent);
  const History history = model.fit(images.samples(), {.epochs = 2, .batch_size = 5});
  double sum = 0;
  for (const float beta : model.get_weights("conv2d/beta")) sum += beta;
  EXPECT_EQ(history.at("conv2d/beta").back(), sum / 4);
  EXPECT_EQ(history.at("activation/beta").size(), 2U);
}

TEST(LearnedModel, StaysWithinLegalValues) {
  const tests::StripedImages images;
  // A rate that throws the parameter out of [0.9, 1.1] at once.
  Model model = network("learned_bounded = x * sigmoid(b * x); b = 1 in [0.9, 1.1] learned",
                        SGD{.learning_rate = 5});
  const History history = model.fit(images.samples(), {.epochs = 8, .batch_size = 5});
  bool at_end = false;
  for (const double b : history.at("activation/b")) {
    EXPECT_GE(b, 0.9F);
    EXPECT_LE(b, 1.1F);
    at_end = at_end || b == 0.9F || b == 1.1F;
  }
  EXPECT_TRUE(at_end);
}

TEST(LearnedModel, DoesNotDecayParameters) {
  const tests::StripedImages images;
  Model model = network("swish:beta=learned",
                        AdamW{.learning_rate = 1e-6, .weight_decay = 1e5});  // 10 % a step
  const float before = model.get_weights("dense/kernel")[0];
  model.fit(images.samples(), {.epochs = 1, .batch_size = 100});
  EXPECT_NEAR(model.get_weights("dense/kernel")[0], 0.9 * before, 1e-4);
  EXPECT_NEAR(model.get_weights("activation/beta")[0], 1, 1e-4);
}

TEST(LearnedModel, IsSavedAndContinuesToTheSameBits) {
  const tests::StripedImages images;
  const std::string file = testing::TempDir() + "learned.safetensors";
  const std::string text = "learned_saved = x * atan(exp(b * x)); b = 1.25 learned channel";
  const Optimizer adam = Adam{.learning_rate = 0.01};
  Model whole = network(text, adam);
  whole.fit(images.samples(), {.epochs = 4, .batch_size = 5});
  Model first = network(text, adam);
  first.fit(images.samples(), {.epochs = 2, .batch_size = 5});
  first.save(file);
  Model second = Model::load(file, {.device = Device::cpu});
  EXPECT_EQ(second.predict(images.samples()), first.predict(images.samples()));
  second.fit(images.samples(), {.epochs = 4, .initial_epoch = 2, .batch_size = 5});
  for (const Weight& weight : whole.weights())
    EXPECT_EQ(second.get_weights(weight.name), whole.get_weights(weight.name)) << weight.name;
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace saltus
