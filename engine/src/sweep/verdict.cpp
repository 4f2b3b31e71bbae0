#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/verdict.h>

#include "core/boundary.h"
#include "core/names.h"
#include "sweep/race.h"

namespace saltus {
namespace {

constexpr Named<Standing> kStandings[] = {
    {Standing::leads, "leads"}, {Standing::equal, "equal"},       {Standing::beaten, "beaten"},
    {Standing::open, "open"},   {Standing::diverged, "diverged"},
};

using Values = std::span<const std::vector<double>>;

/// A mean that no setting has.
constexpr double kNone = -std::numeric_limits<double>::infinity();

/// Of errors the negative, so that larger is better.
std::vector<std::vector<double>> merits_of(Values values, const Score& score) {
  std::vector<std::vector<double>> merits(values.begin(), values.end());
  if (!score.is_error) return merits;
  for (std::vector<double>& one : merits) {
    for (double& value : one) value = -value;
  }
  return merits;
}

/// a minus b over their common seeds.
std::vector<double> differences_of(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> differences(std::min(a.size(), b.size()));
  for (std::size_t i = 0; i < differences.size(); ++i) differences[i] = a[i] - b[i];
  return differences;
}

/// Judges pairs of settings, each with its share of the error.
class Pairs {
 public:
  Pairs(Values values, double least_sd, double error)
      : values_(values),
        error_(2 * error / static_cast<double>(values.size() * (values.size() - 1))),
        least_sd_(least_sd) {}

  std::optional<Interval> interval(std::size_t a, std::size_t b) const {
    return anytime_interval(differences_of(values_[a], values_[b]), error_, least_sd_);
  }

  /// The fewest common seeds that decide between two in four of five cases, were their difference
  /// and its deviation as they seem.
  std::optional<std::size_t> seeds_needed(std::size_t a, std::size_t b, double epsilon) const {
    constexpr std::size_t kMost = 10'000;
    const Summary seen = summarize(differences_of(values_[a], values_[b]));
    const double distance = std::abs(seen.mean);
    const double sd = std::max(seen.sd, least_sd_);
    constexpr double kEightyPercent = 0.8416;  // of normal values are below so many deviations
    const auto decides = [&](std::size_t count) {
      const auto half = anytime_half_width(count, sd, error_);
      if (!half) return false;
      const double needed = *half + kEightyPercent * sd / std::sqrt(static_cast<double>(count));
      return needed < distance || distance + needed <= epsilon;
    };
    if (!decides(kMost)) return std::nullopt;
    std::size_t too_few = seen.count;
    std::size_t enough = kMost;
    while (enough - too_few > 1) {
      const std::size_t middle = std::midpoint(too_few, enough);
      (decides(middle) ? enough : too_few) = middle;
    }
    return enough;
  }

 private:
  Values values_;
  double error_;  ///< of one pair
  double least_sd_;
};

/// The chance of each setting to have the highest mean when its seeds are drawn again; ties share.
std::vector<double> chances_to_be_first(Values values, const std::vector<bool>& diverged) {
  constexpr int kSamples = 10'000;
  std::mt19937_64 words(0);  // its numbers are the same everywhere
  const auto draw = [&](std::size_t count) {
    return static_cast<std::size_t>((words() >> 11) % count);
  };
  std::vector<double> chances(values.size());
  std::vector<double> means(values.size());
  for (int sample = 0; sample < kSamples; ++sample) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      means[i] = kNone;
      if (diverged[i]) continue;
      double sum = 0;
      for (std::size_t n = 0; n < values[i].size(); ++n) sum += values[i][draw(values[i].size())];
      means[i] = sum / static_cast<double>(values[i].size());
    }
    const double best = *std::ranges::max_element(means);
    const double share = 1.0 / static_cast<double>(std::ranges::count(means, best));
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (means[i] == best && !diverged[i]) chances[i] += share;
    }
  }
  for (double& chance : chances) chance /= kSamples;
  return chances;
}

/// Kendall's tau-b of two rankings; none where one of them has ties only.
std::optional<double> kendall(std::span<const double> a, std::span<const double> b) {
  double agreement = 0;
  double pairs_of_a = 0;
  double pairs_of_b = 0;
  const auto order = [](double x, double y) { return x < y ? -1 : x > y ? 1 : 0; };
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const int of_a = order(a[i], a[j]);
      const int of_b = order(b[i], b[j]);
      agreement += of_a * of_b;
      pairs_of_a += of_a * of_a;
      pairs_of_b += of_b * of_b;
    }
  }
  if (pairs_of_a == 0 || pairs_of_b == 0) return std::nullopt;
  return agreement / std::sqrt(pairs_of_a * pairs_of_b);
}

std::optional<double> agreement_of_seeds(Values values, const std::vector<bool>& diverged) {
  std::vector<double> ranking;
  std::size_t common = std::numeric_limits<std::size_t>::max();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (diverged[i]) continue;
    ranking.push_back(summarize(values[i]).mean);
    common = std::min(common, values[i].size());
  }
  std::vector<double> taus;
  for (std::size_t seed = 0; ranking.size() > 1 && seed < common; ++seed) {
    std::vector<double> of_seed;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!diverged[i]) of_seed.push_back(values[i][seed]);
    }
    if (const auto tau = kendall(of_seed, ranking)) taus.push_back(*tau);
  }
  if (taus.empty()) return std::nullopt;
  return summarize(taus).mean;
}

/// What is beaten, by whomever. All intervals hold together, so nothing that is beaten is best.
std::vector<bool> beaten_of(const Pairs& pairs, const std::vector<bool>& diverged) {
  std::vector<bool> beaten(diverged.size());
  for (std::size_t i = 0; i < diverged.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (diverged[i] || diverged[j]) continue;
      const auto interval = pairs.interval(i, j);
      if (!interval) continue;
      if (interval->low > 0) beaten[j] = true;
      if (interval->high < 0) beaten[i] = true;
    }
  }
  return beaten;
}

/// The least deviation of a difference. A share of n images has steps of 1 / n, by which each of
/// two is off as much as rounding is; a float of an error likewise.
double least_deviation(double mean, std::size_t images, const Score& score) {
  const double step = score.is_error ? std::abs(mean) * std::numeric_limits<float>::epsilon()
                                     : 1 / static_cast<double>(images);
  return step / std::sqrt(6.0);
}

/// See UntilDecided::epsilon.
double usual_epsilon(double mean, std::size_t images, const Score& score) {
  if (score.is_error) return std::abs(mean) / 100;
  const double share = std::clamp(mean, 0.0, 1.0);
  return std::sqrt(share * (1 - share) / static_cast<double>(images));
}

Standing standing_of(const Interval& difference, double epsilon) {
  return -epsilon <= difference.low && difference.high <= epsilon ? Standing::equal
                                                                  : Standing::open;
}

}  // namespace

std::string_view to_string(Standing standing) {
  return name_in(kStandings, standing);
}

Verdict standings(Values figures, const std::vector<bool>& diverged, std::size_t images,
                  const UntilDecided& rules, const Score& score) {
  if (figures.size() < 2) {
    throw InvalidArgument("a verdict needs two settings or more; name another activation");
  }
  const std::vector<std::vector<double>> values = merits_of(figures, score);
  std::vector<double> means;
  Verdict verdict{.settings = std::vector<VerdictEntry>(values.size()), .error = rules.error};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!diverged[i] && values[i].size() < 2) {
      throw InvalidArgument("a verdict needs two seeds of each setting, or more");
    }
    means.push_back(diverged[i] ? kNone : summarize(values[i]).mean);
    verdict.trials += values[i].size();
  }
  const double best = *std::ranges::max_element(means);
  const Pairs pairs(values, least_deviation(best, images, score), rules.error);
  const std::vector<bool> beaten = beaten_of(pairs, diverged);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (diverged[i] || beaten[i]) continue;
    if (!verdict.leader || means[i] > means[*verdict.leader]) verdict.leader = i;
  }
  verdict.decided = true;
  if (!verdict.leader) {
    for (VerdictEntry& entry : verdict.settings) entry.standing = Standing::diverged;
    return verdict;
  }
  const std::size_t leader = *verdict.leader;
  verdict.epsilon = rules.epsilon.value_or(usual_epsilon(means[leader], images, score));
  std::size_t missing = 0;
  bool foreseen = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    VerdictEntry& entry = verdict.settings[i];
    if (i == leader || diverged[i]) {
      entry.standing = i == leader ? Standing::leads : Standing::diverged;
      continue;
    }
    entry.difference = summarize(differences_of(values[leader], values[i])).mean;
    entry.interval = pairs.interval(leader, i);
    entry.standing = beaten[i]        ? Standing::beaten
                     : entry.interval ? standing_of(*entry.interval, verdict.epsilon)
                                      : Standing::open;
    if (entry.standing != Standing::open) continue;
    verdict.decided = false;
    const auto needed = pairs.seeds_needed(leader, i, verdict.epsilon);
    foreseen = foreseen && needed;
    if (needed) missing = std::max(missing, *needed - values[i].size());
  }
  if (!verdict.decided && foreseen) verdict.seeds_missing = missing;
  return verdict;
}

Verdict judge(Values figures, const std::vector<bool>& diverged, std::size_t images,
              const UntilDecided& rules, const Score& score) try {
  Verdict verdict = standings(figures, diverged, images, rules, score);
  if (!verdict.leader) return verdict;
  const std::vector<std::vector<double>> values = merits_of(figures, score);
  const std::vector<double> chances = chances_to_be_first(values, diverged);
  for (std::size_t i = 0; i < values.size(); ++i) verdict.settings[i].p_first = chances[i];
  verdict.tau = agreement_of_seeds(values, diverged);
  return verdict;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
