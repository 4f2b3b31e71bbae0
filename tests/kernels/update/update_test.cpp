#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include <gtest/gtest.h>

#include <saltus/kernels/update/update.h>

#include "reference/optimizers.h"
#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

using kernels::UpdateRule;

constexpr double kHalfUnit = 0x1p-24;
constexpr int kBatches = 2;  // places for sums; the tests' batch is number 1
constexpr int kStepsBefore = 6;
constexpr std::size_t kStatistics = 300;  // more than a block's threads

/// A clipping of one kind.
struct Clipped : Clipping {
  Clipped(std::optional<double> Clipping::*kind, double limit) { this->*kind = limit; }
};

Optimizer adam(double learning_rate, const Clipping& clipping = {}) {
  return Adam{.learning_rate = learning_rate, .clipping = clipping};
}

Optimizer sgd(double learning_rate, double momentum, bool nesterov, const Clipping& clipping = {}) {
  return SGD{learning_rate, momentum, nesterov, clipping};
}

using MomentArrays = std::array<std::vector<float>, kernels::kMostMoments>;

/// What kStepsBefore steps by the book leave: the moments that an optimizer can have.
MomentArrays moments_of(const std::vector<Optimizer>& optimizers, std::size_t parameters) {
  MomentArrays arrays;
  for (std::vector<float>& array : arrays) array.resize(optimizers.size() * parameters);
  std::vector<std::vector<float>> gradients;
  for (std::uint32_t i = 0; i < kStepsBefore; ++i)
    gradients.push_back(normal_values(parameters, 30 + i));
  for (std::size_t place = 0; place < arrays[0].size(); ++place) {
    reference::Moments moments;
    double w = 0;
    for (std::uint32_t i = 0; i < kStepsBefore; ++i) {
      const double g = gradients[i][place % parameters];
      std::visit([&](const auto& o) { reference::step(o, i + 1, g, w, moments); },
                 optimizers[place / parameters]);
    }
    arrays[0][place] = static_cast<float>(moments.first);
    arrays[1][place] = static_cast<float>(moments.second);
    arrays[2][place] = static_cast<float>(moments.third);
  }
  return arrays;
}

/// All arrays of some trials, one rule each, with weight tensors that are shorter and longer than
/// a piece, and end between two quads.
class Weights {
 public:
  explicit Weights(std::vector<Optimizer> trial_optimizers, std::vector<bool> active = {})
      : optimizers(std::move(trial_optimizers)),
        rules(optimizers.begin(), optimizers.end()),
        sums(rules.size() * kBatches),
        non_finite(std::vector<kernels::NonFinite>(rules.size())),
        table_({.rows = 1, .batch = {.number = 1}, .states = states_of(rules.size(), active)}),
        device_rules_(rules),
        pieces_(cut.pieces),
        first_of_weight_(cut.first_of_weight),
        workspace_(rules.size() *
                   static_cast<std::size_t>(kernels::update_workspace(
                       static_cast<int>(cut.pieces.size()), static_cast<int>(extents.size())))) {}

  /// A step with what the arrays hold now.
  void step(bool check_finite) {
    const DeviceArray<float> device_w(w);
    const DeviceArray<float> device_g(g);
    const DeviceArray<float> device_moments[] = {DeviceArray<float>(moments[0]),
                                                 DeviceArray<float>(moments[1]),
                                                 DeviceArray<float>(moments[2])};
    const DeviceArray<kernels::Bf16> device_copy(std::vector<kernels::Bf16>(w.size()));
    const DeviceArray<float> device_statistics(statistics);
    const DeviceArray<float> device_next(next_statistics);
    const DeviceArray<kernels::BatchSums> device_sums(sums);
    const DeviceArray<kernels::NonFinite> device_non_finite(non_finite);
    const int trials = static_cast<int>(rules.size());
    bool any_norms = false;
    std::uint32_t used = 0;
    for (const UpdateRule& rule : rules) {
      any_norms = any_norms || rule.clips_by_norm();
      used |= rule.bit();
    }
    kernels::update(
        {.weights = device_w.per_trial(trials),
         .gradients = device_g.per_trial(trials),
         .moments = {device_moments[0].per_trial(trials), device_moments[1].per_trial(trials),
                     device_moments[2].per_trial(trials)},
         .copy = device_copy.per_trial(trials),
         .statistics = device_statistics.per_trial(trials),
         .next_statistics = device_next.per_trial(trials),
         .rules = device_rules_.data(),
         .pieces = pieces_.data(),
         .first_of_weight = first_of_weight_.data(),
         .piece_count = static_cast<int>(pieces_.size()),
         .weight_count = static_cast<int>(extents.size()),
         .statistic_count = static_cast<int>(kStatistics),
         .sums = device_sums.per_trial(trials),
         .non_finite = device_non_finite.data(),
         .workspace = workspace_.per_trial(trials),
         .check_finite = check_finite,
         .any_norms = any_norms,
         .optimizers = used},
        table_.context());
    w = device_w.read();
    for (std::size_t k = 0; k < moments.size(); ++k) moments[k] = device_moments[k].read();
    copy = to_float(device_copy.read());
    statistics = device_statistics.read();
    sums = device_sums.read();
    non_finite = device_non_finite.read();
  }

  std::vector<kernels::TrialState> states() const { return table_.states(); }
  unsigned long long clipped(std::size_t trial) const { return sums[trial * kBatches + 1].clipped; }
  kernels::BatchSums& sums_of(std::size_t trial) { return sums[trial * kBatches + 1]; }

  /// Calls visit(i) for each place of a trial's flat arrays that a tensor takes.
  template <class Visit>
  void for_weights(Visit visit) const {
    for (const kernels::WeightExtent& extent : extents)
      for (std::int64_t i = 0; i < extent.count; ++i)
        visit(static_cast<std::size_t>(extent.first + i));
  }

  const std::vector<kernels::WeightExtent> extents = {
      {0, 5}, {8, 4096}, {4104, 9003}, {13108, 1}, {13112, 2}};
  const kernels::UpdatePieces cut = kernels::cut_weights(extents);
  const std::size_t parameters = 13116;
  std::vector<Optimizer> optimizers;
  std::vector<UpdateRule> rules;
  std::vector<float> w = normal_values(rules.size() * parameters, 1);
  std::vector<float> g = normal_values(rules.size() * parameters, 2);
  MomentArrays moments = moments_of(optimizers, parameters);
  std::vector<float> copy;
  std::vector<float> statistics = normal_values(rules.size() * kStatistics, 5);
  std::vector<float> next_statistics = normal_values(rules.size() * kStatistics, 6);
  std::vector<kernels::BatchSums> sums;
  std::vector<kernels::NonFinite> non_finite;

 private:
  static std::vector<kernels::TrialState> states_of(std::size_t count,
                                                    const std::vector<bool>& active) {
    std::vector<kernels::TrialState> states(count, {.step = kStepsBefore});
    for (std::size_t i = 0; i < active.size(); ++i) states[i].active = active[i] ? 1 : 0;
    return states;
  }

  TrialTable table_;
  DeviceArray<UpdateRule> device_rules_;
  DeviceArray<kernels::UpdatePiece> pieces_;
  DeviceArray<int> first_of_weight_;
  DeviceArray<double> workspace_;
};

/// Steps of one trial in double.
class Oracle {
 public:
  Oracle(const Weights& weights, std::size_t trial)
      : trial_(trial),
        optimizer_(weights.optimizers[trial]),
        w(part(weights, weights.w)),
        w_bound(w.size()),
        moments_(w.size()),
        errors_(w.size()) {
    const auto first = part(weights, weights.moments[0]);
    const auto second = part(weights, weights.moments[1]);
    const auto third = part(weights, weights.moments[2]);
    for (std::size_t i = 0; i < w.size(); ++i) moments_[i] = {first[i], second[i], third[i]};
  }

  void step(const Weights& weights, std::uint32_t number) {
    auto g = part(weights, weights.g);
    clip(weights, g);
    /// The weight behind a step.
    const auto step = [&](double gradient, double weight, reference::Moments& moments) {
      std::visit([&](const auto& o) { reference::step(o, number, gradient, weight, moments); },
                 optimizer_);
      return weight;
    };
    weights.for_weights([&](std::size_t i) {
      const double before = w[i];
      const reference::Moments had = moments_[i];
      w[i] = step(g[i], before, moments_[i]);
      // A weight that moves without a gradient, too, is rounded twice.
      reference::Moments none;
      const double roundings = step(0, before, none) == before ? 1 : 2;
      w_bound[i] += kHalfUnit * (roundings * std::abs(w[i]) + 8 * std::abs(w[i] - before));
      // What an error of the gradient, which a norm clip scaled, and of each moment changes.
      const auto add_effect = [&](double error, const auto& perturb) {
        double effect = 0;
        for (const double signed_error : {-error, error}) {
          double gradient = g[i];
          reference::Moments moments = had;
          perturb(gradient, moments) += signed_error;
          effect = std::max(effect, std::abs(step(gradient, before, moments) - w[i]));
        }
        w_bound[i] += effect;
      };
      add_effect(8 * kHalfUnit * std::abs(g[i]),
                 [](double& gradient, auto& /*moments*/) -> double& { return gradient; });
      for (const auto moment :
           {&reference::Moments::first, &reference::Moments::second, &reference::Moments::third}) {
        // Six roundings of numbers as large as the moment before or behind; those before fade.
        double& error = errors_[i].*moment;
        error += 6 * kHalfUnit * (std::abs(had.*moment) + std::abs(moments_[i].*moment));
        add_effect(error, [&](double& /*gradient*/, auto& m) -> double& { return m.*moment; });
      }
    });
  }

  unsigned long long clipped = 0;

 private:
  std::vector<double> part(const Weights& weights, const std::vector<float>& all) const {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(trial_ * weights.parameters);
    return {begin, begin + static_cast<std::ptrdiff_t>(weights.parameters)};
  }

  void clip(const Weights& weights, std::vector<double>& g) {
    const Clipping& clipping = clipping_of(optimizer_);
    if (clipping.clipvalue) {
      const double limit = *clipping.clipvalue;
      weights.for_weights([&](std::size_t i) {
        clipped += std::abs(g[i]) > limit ? 1 : 0;
        g[i] = std::min(std::max(g[i], -limit), limit);
      });
    }
    if (!clipping.clipnorm && !clipping.global_clipnorm) return;
    const double limit = clipping.clipnorm ? *clipping.clipnorm : *clipping.global_clipnorm;
    double all = 0;
    weights.for_weights([&](std::size_t i) { all += g[i] * g[i]; });
    for (const kernels::WeightExtent& extent : weights.extents) {
      const auto first = g.begin() + extent.first;
      double own = 0;
      for (auto place = first; place != first + extent.count; ++place) own += *place * *place;
      const double norm = std::sqrt(clipping.clipnorm ? own : all);
      if (norm <= limit) continue;
      ++clipped;
      for (auto place = first; place != first + extent.count; ++place) *place *= limit / norm;
    }
  }

  std::size_t trial_;
  Optimizer optimizer_;

 public:
  std::vector<double> w, w_bound;

 private:
  std::vector<reference::Moments> moments_, errors_;
};

/// These, and each optimizer of the list with its defaults.
std::vector<Optimizer> and_all(std::vector<Optimizer> some) {
  some.insert(some.end(), optimizer_list().begin(), optimizer_list().end());
  return some;
}

TEST(UpdateTest, EveryRuleIsTheFormulasForSomeSteps) {
  Weights weights(
      and_all({adam(0.01), adam(0.002, Clipped(&Clipping::clipvalue, 0.5)),
               adam(0.01, Clipped(&Clipping::clipnorm, 10)),
               adam(0.01, Clipped(&Clipping::global_clipnorm, 20)), sgd(0.1, 0, false),
               sgd(0.1, 0.9, false, Clipped(&Clipping::clipnorm, 50)),
               sgd(0.1, 0.5, true, Clipped(&Clipping::clipvalue, 1)), RMSprop{.momentum = 0.9},
               RMSprop{.centered = true}, RMSprop{.momentum = 0.9, .centered = true}}));
  const std::size_t trials = weights.optimizers.size();
  std::vector<Oracle> oracles;
  for (std::size_t trial = 0; trial < trials; ++trial) oracles.emplace_back(weights, trial);
  for (int i = 1; i <= 3; ++i) {
    weights.g = normal_values(weights.w.size(), 10U + static_cast<std::uint32_t>(i));
    for (Oracle& oracle : oracles)
      oracle.step(weights, kStepsBefore + static_cast<std::uint32_t>(i));
    weights.step(i == 2);
  }
  std::vector<double> want;
  std::vector<double> bound;
  for (std::size_t trial = 0; trial < trials; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const Oracle& oracle = oracles[trial];
    want.insert(want.end(), oracle.w.begin(), oracle.w.end());
    bound.insert(bound.end(), oracle.w_bound.begin(), oracle.w_bound.end());
    EXPECT_EQ(weights.clipped(trial), oracle.clipped);
    EXPECT_EQ(weights.states()[trial].step, kStepsBefore + 3U);
    EXPECT_EQ(weights.sums[trial * kBatches].clipped, 0U) << "of another batch";
    EXPECT_EQ(weights.non_finite[trial].weight, kernels::NonFinite::kNone);
  }
  EXPECT_EQ(weights.statistics, weights.next_statistics);
  EXPECT_GT(weights.clipped(1), 0U);
  EXPECT_EQ(weights.clipped(2), 2U * 3U) << "the two long tensors, three times";
  EXPECT_EQ(weights.clipped(3), weights.extents.size() * 3U);
  expect_within(weights.w, want, [&](std::size_t i) { return bound[i]; });
  const std::vector<float> rounded = to_float(to_bf16(weights.w));
  std::vector<double> want_copy(weights.copy.size());  // zero between tensors, as before
  weights.for_weights([&](std::size_t i) {
    for (std::size_t place = i; place < rounded.size(); place += weights.parameters)
      want_copy[place] = double{rounded[place]};
  });
  expect_equal(weights.copy, want_copy);
}

TEST(UpdateTest, GivesTheBitsOfTheFormulas) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Weights weights(
      and_all({adam(0.01), adam(0.002, Clipped(&Clipping::clipvalue, 0.5)), sgd(0.1, 0, false),
               sgd(0.1, 0.9, false), sgd(0.1, 0.5, true, Clipped(&Clipping::clipvalue, 1)),
               RMSprop{.momentum = 0.9}, RMSprop{.centered = true},
               RMSprop{.momentum = 0.9, .centered = true}}));
  std::vector<float> w = weights.w;
  MomentArrays moments = weights.moments;
  for (std::size_t trial = 0; trial < weights.optimizers.size(); ++trial) {
    const std::optional<double> limit = clipping_of(weights.optimizers[trial]).clipvalue;
    const float clip = limit ? static_cast<float>(*limit) : kInfinity;
    std::visit(
        [&]<class O>(const O& optimizer) {
          const auto step = optimizer.step(kStepsBefore + 1);
          kernels::with_moments(
              optimizer, [&]<std::size_t n>(std::integral_constant<std::size_t, n> /*moments*/) {
                weights.for_weights([&](std::size_t place) {
                  const std::size_t i = trial * weights.parameters + place;
                  const float gradient = kernels::clip_gradient(weights.g[i], 1, clip).value;
                  kernels::change_element<O, n>(step, gradient, w[i], moments[0][i], moments[1][i],
                                                moments[2][i]);
                });
              });
        },
        weights.optimizers[trial]);
  }
  weights.step(false);
  EXPECT_EQ(weights.w, w);
  EXPECT_EQ(weights.moments, moments);
}

TEST(UpdateTest, ArraysThatBeginBetweenQuadsAreRefused) {
  EXPECT_THROW(kernels::cut_weights(std::vector<kernels::WeightExtent>{{0, 5}, {5, 4}}),
               std::invalid_argument);
  const TrialTable table({});
  kernels::Update update;
  update.weights = {reinterpret_cast<float*>(4), 0};
  EXPECT_THROW(kernels::update(update, table.context()), std::invalid_argument);
}

TEST(UpdateTest, SgdOnIntegersIsExact) {
  Weights weights({sgd(0.5, 0, false, Clipped(&Clipping::clipvalue, 4)), sgd(0.25, 0.5, false)});
  weights.w = small_integers(weights.w.size(), 100, 1);
  weights.moments[0] = small_integers(weights.w.size(), 100, 2);
  weights.g = small_integers(weights.w.size(), 8, 3);
  std::vector<double> want(weights.w.begin(), weights.w.end());
  weights.for_weights([&](std::size_t i) {
    want[i] -= 0.5 * std::min(std::max(weights.g[i], -4.0F), 4.0F);
    const std::size_t other = weights.parameters + i;
    want[other] += 0.5 * weights.moments[0][other] - 0.25 * weights.g[other];
  });
  weights.step(false);
  expect_equal(weights.w, want);
}

TEST(UpdateTest, MomentsThatSinkAreForgotten) {
  const Adam halving = {.learning_rate = 0.01, .beta_1 = 0.5, .beta_2 = 0.5};
  Weights weights({halving, sgd(0.25, 0.5, false)});
  std::fill(weights.g.begin(), weights.g.end(), 0.0F);
  constexpr float kSunk[] = {1.5e-30F, 2.5e-30F, -1.5e-30F, -2.5e-30F, 0x1p-140F};
  for (std::size_t i = 0; i < weights.w.size(); ++i) {
    weights.moments[0][i] = kSunk[i % 5];
    weights.moments[1][i] = i % 2 == 0 ? 1.5e-30F : 2.5e-30F;
  }
  std::vector<double> m(weights.moments[0].begin(), weights.moments[0].end());
  std::vector<double> v(weights.moments[1].begin(), weights.moments[1].end());
  const auto halve = [](double& moment) { moment = std::abs(moment) > 2e-30 ? moment / 2 : 0; };
  weights.for_weights([&](std::size_t i) {
    halve(m[i]);
    halve(m[weights.parameters + i]);
    v[i] = m[i] == 0 && v[i] < 2e-30 ? 0 : v[i] / 2;
  });
  weights.step(false);
  expect_equal(weights.moments[0], m);
  expect_equal(weights.moments[1], v);
}

TEST(UpdateTest, LeavesInactiveTrialsAlone) {
  Weights weights({adam(0.1, Clipped(&Clipping::clipnorm, 0.1)), adam(0.1)}, {false, true});
  const Weights before({adam(0.1), adam(0.1)});
  weights.step(true);
  const auto first = static_cast<std::ptrdiff_t>(weights.parameters);
  EXPECT_TRUE(std::equal(before.w.begin(), before.w.begin() + first, weights.w.begin()));
  EXPECT_FALSE(std::equal(before.w.begin() + first, before.w.end(), weights.w.begin() + first));
  EXPECT_TRUE(std::equal(before.moments[0].begin(), before.moments[0].begin() + first,
                         weights.moments[0].begin()));
  EXPECT_EQ(weights.states()[0].step, static_cast<std::uint32_t>(kStepsBefore));
  EXPECT_EQ(weights.clipped(0), 0U);
  EXPECT_TRUE(std::equal(before.statistics.begin(), before.statistics.begin() + kStatistics,
                         weights.statistics.begin()));
  EXPECT_TRUE(std::equal(weights.next_statistics.begin() + kStatistics,
                         weights.next_statistics.end(), weights.statistics.begin() + kStatistics));
}

/// Where a number is not finite, and what is said of it.
struct BadNumber {
  enum class Place { loss, gradient, statistic } where;
  std::size_t element;
  float value;
  int weight;
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class UpdateNonFiniteTest : public testing::TestWithParam<BadNumber> {};

TEST_P(UpdateNonFiniteTest, StopsTheTrialBeforeAnythingChanges) {
  const BadNumber bad = GetParam();
  const std::vector<Optimizer> optimizers = {adam(0.1, Clipped(&Clipping::clipnorm, 1)), adam(0.1),
                                             sgd(0.1, 0.9, false)};
  Weights weights(optimizers);
  for (std::size_t trial = 1; trial < 3; ++trial) {
    if (bad.where == BadNumber::Place::loss)
      weights.sums_of(trial).loss = double{bad.value};
    else if (bad.where == BadNumber::Place::gradient)
      weights.g[trial * weights.parameters + bad.element] = bad.value;
    else
      weights.next_statistics[trial * kStatistics + bad.element] = bad.value;
  }
  const Weights before(optimizers);
  weights.step(true);
  for (std::size_t trial = 0; trial < 3; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const bool stopped = trial != 0;
    const auto begin = static_cast<std::ptrdiff_t>(trial * weights.parameters);
    const auto end = begin + static_cast<std::ptrdiff_t>(weights.parameters);
    const auto same = [&](const std::vector<float>& a, const std::vector<float>& b) {
      return std::equal(a.begin() + begin, a.begin() + end, b.begin() + begin);
    };
    EXPECT_EQ(same(weights.w, before.w), stopped);
    EXPECT_EQ(same(weights.moments[0], before.moments[0]), stopped);
    const auto first = static_cast<std::ptrdiff_t>(trial * kStatistics);
    EXPECT_EQ(std::equal(weights.statistics.begin() + first,
                         weights.statistics.begin() + first + kStatistics,
                         before.statistics.begin() + first),
              stopped);
    EXPECT_EQ(weights.states()[trial].active, stopped ? 0U : 1U);
    EXPECT_EQ(weights.states()[trial].step, kStepsBefore + (stopped ? 0U : 1U));
    EXPECT_EQ(weights.non_finite[trial].weight, stopped ? bad.weight : kernels::NonFinite::kNone);
    if (stopped) {
      EXPECT_EQ(weights.non_finite[trial].step, static_cast<std::uint32_t>(kStepsBefore));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, UpdateNonFiniteTest,
    testing::Values(BadNumber{BadNumber::Place::gradient, 0, std::nanf(""), 0},
                    BadNumber{BadNumber::Place::gradient, 4103, kInfinity, 1},
                    BadNumber{BadNumber::Place::gradient, 13106, -kInfinity, 2},
                    BadNumber{BadNumber::Place::gradient, 13108, std::nanf(""), 3},
                    BadNumber{BadNumber::Place::loss, 0, std::nanf(""), kernels::NonFinite::kLoss},
                    BadNumber{BadNumber::Place::loss, 0, kInfinity, kernels::NonFinite::kLoss},
                    BadNumber{BadNumber::Place::statistic, 0, std::nanf(""), 5},
                    BadNumber{BadNumber::Place::statistic, 299, kInfinity, 5 + 299}));

TEST(UpdateTest, LargeGradientsAreFinite) {
  Weights weights({sgd(1e-38, 0, false)});
  for (float& value : weights.g) value = std::numeric_limits<float>::max();
  weights.step(true);
  EXPECT_EQ(weights.states()[0].active, 1U);
}

TEST(UpdateTest, WithoutACheckNaNGoesWhereItGoes) {
  Weights weights({adam(0.1, Clipped(&Clipping::clipvalue, 1))});
  weights.g[9] = std::nanf("");
  weights.step(false);
  EXPECT_TRUE(std::isnan(weights.w[9]));
  EXPECT_FALSE(std::isnan(weights.w[10]));
  EXPECT_EQ(weights.states()[0].active, 1U);
}

TEST(UpdateTest, PiecesCoverTheWeightsInOrder) {
  const auto cut =
      kernels::cut_weights(std::vector<kernels::WeightExtent>{{0, 4096}, {5000, 4097}});
  ASSERT_EQ(cut.pieces.size(), 3U);
  EXPECT_EQ(cut.first_of_weight, (std::vector<int>{0, 1, 3}));
  EXPECT_EQ(cut.pieces[2].weight, 1);
  EXPECT_EQ(cut.pieces[2].first, 9096);
  EXPECT_EQ(cut.pieces[2].count, 1);
}

}  // namespace
}  // namespace saltus::test
