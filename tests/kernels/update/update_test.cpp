#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <saltus/kernels/update/formulas.h>
#include <saltus/kernels/update/update.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

using kernels::Clip;
using kernels::UpdateRule;

constexpr double kHalfUnit = 0x1p-24;
constexpr int kBatches = 2;  // places for sums; the tests' batch is number 1
constexpr int kStepsBefore = 6;
constexpr std::size_t kStatistics = 300;  // more than a block's threads

UpdateRule adam(double learning_rate, Clip clip = Clip::none, double limit = 0) {
  return {.adam = true,
          .clip = clip,
          .limit = limit,
          .learning_rate = learning_rate,
          .beta_1 = 0.9,
          .beta_2 = 0.999,
          .epsilon = 1e-7};
}

UpdateRule sgd(double learning_rate, double momentum, bool nesterov, Clip clip = Clip::none,
               double limit = 0) {
  return {.adam = false,
          .nesterov = nesterov,
          .clip = clip,
          .limit = limit,
          .learning_rate = learning_rate,
          .momentum = momentum};
}

/// All arrays of some trials, one rule each, with weight tensors that are shorter and longer than
/// a piece, and end between two quads.
class Weights {
 public:
  explicit Weights(std::vector<UpdateRule> trial_rules, std::vector<bool> active = {})
      : rules(std::move(trial_rules)),
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
    const DeviceArray<float> device_m(m);
    const DeviceArray<float> device_v(v);
    const DeviceArray<kernels::Bf16> device_copy(std::vector<kernels::Bf16>(w.size()));
    const DeviceArray<float> device_statistics(statistics);
    const DeviceArray<float> device_next(next_statistics);
    const DeviceArray<kernels::BatchSums> device_sums(sums);
    const DeviceArray<kernels::NonFinite> device_non_finite(non_finite);
    const int trials = static_cast<int>(rules.size());
    bool any_norms = false;
    for (const UpdateRule& rule : rules)
      any_norms = any_norms || rule.clip == Clip::norm || rule.clip == Clip::global_norm;
    kernels::update({.weights = device_w.per_trial(trials),
                     .gradients = device_g.per_trial(trials),
                     .moment_1 = device_m.per_trial(trials),
                     .moment_2 = device_v.per_trial(trials),
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
                     .any_norms = any_norms},
                    table_.stage());
    w = device_w.read();
    m = device_m.read();
    v = device_v.read();
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
  std::vector<UpdateRule> rules;
  std::vector<float> w = normal_values(rules.size() * parameters, 1);
  std::vector<float> g = normal_values(rules.size() * parameters, 2);
  std::vector<float> m = normal_values(rules.size() * parameters, 3);
  std::vector<float> v = squares(normal_values(rules.size() * parameters, 4));
  std::vector<float> copy;
  std::vector<float> statistics = normal_values(rules.size() * kStatistics, 5);
  std::vector<float> next_statistics = normal_values(rules.size() * kStatistics, 6);
  std::vector<kernels::BatchSums> sums;
  std::vector<kernels::NonFinite> non_finite;

 private:
  static std::vector<float> squares(std::vector<float> values) {
    for (float& value : values) value *= value;
    return values;
  }
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
        rule_(weights.rules[trial]),
        w(part(weights, weights.w)),
        m(part(weights, weights.m)),
        v(part(weights, weights.v)),
        w_bound(w.size()) {}

  void step(const Weights& weights, int number) {
    auto g = part(weights, weights.g);
    clip(weights, g);
    const double t = number;
    const double rate = rule_.learning_rate * std::sqrt(1 - std::pow(rule_.beta_2, t)) /
                        (1 - std::pow(rule_.beta_1, t));
    weights.for_weights([&](std::size_t i) {
      double change = 0;
      if (rule_.adam) {
        m[i] = rule_.beta_1 * m[i] + (1 - rule_.beta_1) * g[i];
        v[i] = rule_.beta_2 * v[i] + (1 - rule_.beta_2) * g[i] * g[i];
        change = -rate * m[i] / (std::sqrt(v[i]) + rule_.epsilon);
      } else {
        const double slope = rule_.learning_rate * g[i];
        if (rule_.momentum != 0) m[i] = rule_.momentum * m[i] - slope;
        change = rule_.momentum == 0 ? -slope
                 : rule_.nesterov    ? rule_.momentum * m[i] - slope
                                     : m[i];
      }
      w[i] += change;
      // Moments come from differences that may cancel: their error counts by the sizes of their
      // terms, at most 6 here.
      const double factor = rule_.adam ? rate / std::sqrt(v[i]) : 1;
      w_bound[i] += kHalfUnit * (std::abs(w[i]) + 8 * std::abs(change) + 4 * 6 * factor);
    });
  }

  unsigned long long clipped = 0;

 private:
  std::vector<double> part(const Weights& weights, const std::vector<float>& all) const {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(trial_ * weights.parameters);
    return {begin, begin + static_cast<std::ptrdiff_t>(weights.parameters)};
  }

  void clip(const Weights& weights, std::vector<double>& g) {
    if (rule_.clip == Clip::value) {
      weights.for_weights([&](std::size_t i) {
        clipped += std::abs(g[i]) > rule_.limit ? 1 : 0;
        g[i] = std::min(std::max(g[i], -rule_.limit), rule_.limit);
      });
    }
    if (rule_.clip != Clip::norm && rule_.clip != Clip::global_norm) return;
    double all = 0;
    weights.for_weights([&](std::size_t i) { all += g[i] * g[i]; });
    for (const kernels::WeightExtent& extent : weights.extents) {
      const auto first = g.begin() + extent.first;
      double own = 0;
      for (auto place = first; place != first + extent.count; ++place) own += *place * *place;
      const double norm = std::sqrt(rule_.clip == Clip::norm ? own : all);
      if (norm <= rule_.limit) continue;
      ++clipped;
      for (auto place = first; place != first + extent.count; ++place) *place *= rule_.limit / norm;
    }
  }

  std::size_t trial_;
  UpdateRule rule_;

 public:
  std::vector<double> w, m, v, w_bound;
};

TEST(UpdateTest, EveryRuleIsTheFormulasForSomeSteps) {
  Weights weights({adam(0.01), adam(0.002, Clip::value, 0.5), adam(0.01, Clip::norm, 10),
                   adam(0.01, Clip::global_norm, 20), sgd(0.1, 0, false),
                   sgd(0.1, 0.9, false, Clip::norm, 50), sgd(0.1, 0.5, true, Clip::value, 1)});
  const std::size_t trials = weights.rules.size();
  std::vector<Oracle> oracles;
  for (std::size_t trial = 0; trial < trials; ++trial) oracles.emplace_back(weights, trial);
  for (int i = 1; i <= 3; ++i) {
    weights.g = normal_values(weights.w.size(), 10U + static_cast<std::uint32_t>(i));
    for (Oracle& oracle : oracles) oracle.step(weights, kStepsBefore + i);
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
  Weights weights({adam(0.01), adam(0.002, Clip::value, 0.5), sgd(0.1, 0, false),
                   sgd(0.1, 0.9, false), sgd(0.1, 0.5, true, Clip::value, 1)});
  std::vector<float> w = weights.w;
  std::vector<float> m = weights.m;
  std::vector<float> v = weights.v;
  for (std::size_t trial = 0; trial < weights.rules.size(); ++trial) {
    const UpdateRule& rule = weights.rules[trial];
    const float clip = rule.clip == Clip::value ? static_cast<float>(rule.limit) : kInfinity;
    const double rate =
        kernels::adam_rate(rule.learning_rate, rule.beta_1, rule.beta_2, kStepsBefore + 1);
    const kernels::AdamStep adam_step = {static_cast<float>(rate),
                                         static_cast<float>(1 - rule.beta_1),
                                         static_cast<float>(1 - rule.beta_2),
                                         static_cast<float>(rule.epsilon),
                                         clip,
                                         1};
    const kernels::SgdStep sgd_step = {static_cast<float>(rule.learning_rate),
                                       static_cast<float>(rule.momentum), rule.nesterov, clip, 1};
    weights.for_weights([&](std::size_t place) {
      const std::size_t i = trial * weights.parameters + place;
      const float gradient = kernels::clip_gradient(weights.g[i], 1, clip).value;
      if (rule.adam)
        kernels::adam_element(adam_step, gradient, w[i], m[i], v[i]);
      else if (rule.momentum == 0)
        kernels::sgd_element(sgd_step, gradient, w[i]);
      else
        kernels::sgd_element(sgd_step, gradient, w[i], m[i]);
    });
  }
  weights.step(false);
  EXPECT_EQ(weights.w, w);
  EXPECT_EQ(weights.m, m);
  EXPECT_EQ(weights.v, v);
}

TEST(UpdateTest, ArraysThatBeginBetweenQuadsAreRefused) {
  EXPECT_THROW(kernels::cut_weights(std::vector<kernels::WeightExtent>{{0, 5}, {5, 4}}),
               std::invalid_argument);
  const TrialTable table({});
  kernels::Update update;
  update.weights = {reinterpret_cast<float*>(4), 0};
  EXPECT_THROW(kernels::update(update, table.stage()), std::invalid_argument);
}

TEST(UpdateTest, SgdOnIntegersIsExact) {
  Weights weights({sgd(0.5, 0, false, Clip::value, 4), sgd(0.25, 0.5, false)});
  weights.w = small_integers(weights.w.size(), 100, 1);
  weights.m = small_integers(weights.w.size(), 100, 2);
  weights.g = small_integers(weights.w.size(), 8, 3);
  std::vector<double> want(weights.w.begin(), weights.w.end());
  weights.for_weights([&](std::size_t i) {
    want[i] -= 0.5 * std::min(std::max(weights.g[i], -4.0F), 4.0F);
    const std::size_t other = weights.parameters + i;
    want[other] += 0.5 * weights.m[other] - 0.25 * weights.g[other];
  });
  weights.step(false);
  expect_equal(weights.w, want);
}

TEST(UpdateTest, MomentsThatSinkAreForgotten) {
  UpdateRule halving = adam(0.01);
  halving.beta_1 = halving.beta_2 = 0.5;
  Weights weights({halving, sgd(0.25, 0.5, false)});
  std::fill(weights.g.begin(), weights.g.end(), 0.0F);
  constexpr float kSunk[] = {1.5e-30F, 2.5e-30F, -1.5e-30F, -2.5e-30F, 0x1p-140F};
  for (std::size_t i = 0; i < weights.m.size(); ++i) {
    weights.m[i] = kSunk[i % 5];
    weights.v[i] = i % 2 == 0 ? 1.5e-30F : 2.5e-30F;
  }
  std::vector<double> m(weights.m.begin(), weights.m.end());
  std::vector<double> v(weights.v.begin(), weights.v.end());
  const auto halve = [](double& moment) { moment = std::abs(moment) > 2e-30 ? moment / 2 : 0; };
  weights.for_weights([&](std::size_t i) {
    halve(m[i]);
    halve(m[weights.parameters + i]);
    v[i] = m[i] == 0 && v[i] < 2e-30 ? 0 : v[i] / 2;
  });
  weights.step(false);
  expect_equal(weights.m, m);
  expect_equal(weights.v, v);
}

TEST(UpdateTest, LeavesInactiveTrialsAlone) {
  Weights weights({adam(0.1, Clip::norm, 0.1), adam(0.1)}, {false, true});
  const Weights before({adam(0.1), adam(0.1)});
  weights.step(true);
  const auto first = static_cast<std::ptrdiff_t>(weights.parameters);
  EXPECT_TRUE(std::equal(before.w.begin(), before.w.begin() + first, weights.w.begin()));
  EXPECT_FALSE(std::equal(before.w.begin() + first, before.w.end(), weights.w.begin() + first));
  EXPECT_TRUE(std::equal(before.m.begin(), before.m.begin() + first, weights.m.begin()));
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
  const std::vector<UpdateRule> rules = {adam(0.1, Clip::norm, 1), adam(0.1), sgd(0.1, 0.9, false)};
  Weights weights(rules);
  for (std::size_t trial = 1; trial < 3; ++trial) {
    if (bad.where == BadNumber::Place::loss)
      weights.sums_of(trial).loss = double{bad.value};
    else if (bad.where == BadNumber::Place::gradient)
      weights.g[trial * weights.parameters + bad.element] = bad.value;
    else
      weights.next_statistics[trial * kStatistics + bad.element] = bad.value;
  }
  const Weights before(rules);
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
    EXPECT_EQ(same(weights.m, before.m), stopped);
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
  Weights weights({adam(0.1, Clip::value, 1)});
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
