#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/verdict.h>

#include "core/boundary.h"
#include "core/number.h"

namespace saltus {
namespace {

/// A difference without its unit.
std::string number(double difference, const Score& score) {
  return score.is_error ? significant(difference, 3) : fmt::format("{:.2f}", 100 * difference);
}

/// "0.31 points"; of an error without a word, as its unit is that of the target.
std::string points(double difference, const Score& score) {
  return number(difference, score) + (score.is_error ? "" : " points");
}

/// "a", "a and b", "a, b and c".
std::string enumerated(const std::vector<std::string>& names) {
  if (names.size() == 1) return names.front();
  const auto last = names.end() - 1;
  return fmt::format("{} and {}", fmt::join(names.begin(), last, ", "), *last);
}

std::vector<std::string> those_who(const Verdict& verdict, std::span<const std::string> labels,
                                   Standing standing) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (verdict.settings[i].standing == standing) names.push_back(labels[i]);
  }
  return names;
}

/// The setting that is not equal to the leader and comes next.
const VerdictEntry* next_of(const Verdict& verdict, Standing standing) {
  const VerdictEntry* next = nullptr;
  for (const VerdictEntry& entry : verdict.settings) {
    if (entry.standing != standing || !entry.interval) continue;
    if (next == nullptr || entry.difference < next->difference) next = &entry;
  }
  return next;
}

std::string with_interval(const VerdictEntry& entry, const Score& score) {
  return fmt::format("{} ({} to {})", points(entry.difference, score),
                     number(entry.interval->low, score), number(entry.interval->high, score));
}

std::string label_of(const Verdict& verdict, std::span<const std::string> labels,
                     const VerdictEntry& entry) {
  return labels[static_cast<std::size_t>(&entry - verdict.settings.data())];
}

/// Which is best, and what it beats or equals.
std::string statement(const Verdict& verdict, std::span<const std::string> labels,
                      const Score& score) {
  const std::string& leader = labels[*verdict.leader];
  const std::vector<std::string> equal = those_who(verdict, labels, Standing::equal);
  std::string text;
  if (verdict.decided && equal.empty()) {
    text = fmt::format("{} is best", leader);
    if (score.is_error) text += fmt::format(" by {}", score.name);
  } else if (verdict.decided) {
    text = fmt::format("{} is best, and {} {} practically equal to it (within {})", leader,
                       enumerated(equal), equal.size() == 1 ? "is" : "are",
                       points(verdict.epsilon, score));
  } else {
    const std::vector<std::string> open = those_who(verdict, labels, Standing::open);
    text = fmt::format("not decided: {} leads, and {} may be better", leader, enumerated(open));
    if (!equal.empty()) {
      text += fmt::format("; {} {} practically equal to it (within {})", enumerated(equal),
                          equal.size() == 1 ? "is" : "are", points(verdict.epsilon, score));
    }
  }
  if (const VerdictEntry* next = next_of(verdict, Standing::open)) {
    text += fmt::format("; its lead over {}, {}, is not certain", label_of(verdict, labels, *next),
                        with_interval(*next, score));
  }
  if (const VerdictEntry* next = next_of(verdict, Standing::beaten)) {
    const std::size_t others = those_who(verdict, labels, Standing::beaten).size() - 1;
    text += fmt::format("; it is {} ahead of {}", with_interval(*next, score),
                        label_of(verdict, labels, *next));
    if (others > 0) {
      text += fmt::format(", the next, and further ahead of {} other{}", others,
                          others == 1 ? "" : "s");
    }
  }
  return text;
}

}  // namespace

std::string text_of(const Verdict& verdict, std::span<const std::string> labels,
                    const Score& score) try {
  if (!verdict.leader) return "every setting diverged: none is best.";
  std::string text = statement(verdict, labels, score) + ". ";
  if (!verdict.decided) {
    text += verdict.seeds_missing
                ? fmt::format(
                      "About {} more seeds would decide, if the differences are as they "
                      "seem. ",
                      *verdict.seeds_missing)
                : "More than 10,000 seeds would be needed to decide. ";
  }
  text += fmt::format(
      "{} trials; the chance that any of this is wrong is at most {:g} %. "
      "Were the seeds drawn again, {} would be first in {:.0f} % of cases",
      verdict.trials, 100 * verdict.error, labels[*verdict.leader],
      100 * verdict.settings[*verdict.leader].p_first);
  if (verdict.tau) {
    text += fmt::format(
        "; the rankings of single seeds agree with this one by {:.2f} (Kendall's "
        "tau)",
        *verdict.tau);
  }
  return text + '.';
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
