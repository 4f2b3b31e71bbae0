#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <saltus/nearest.h>

#include "core/text.h"

namespace saltus {
namespace {

// Optimal string alignment; only three rows of the table are needed at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1]))
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string initials(std::string_view name) {
  std::string letters;
  char before = '_';
  for (const char c : name) {
    if (before == '_' || before == '-') letters += c;
    before = c;
  }
  return letters;
}

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

// How far a candidate is from what was written; `limit` where it is just near enough.
std::size_t distance(std::string_view name, std::string_view candidate, std::size_t limit) {
  constexpr std::size_t kFewestLetters = 2;
  const std::size_t edits = edit_distance(name, candidate);
  if (edits <= limit || name.size() < kFewestLetters) return edits;
  const bool begins = name.size() > kFewestLetters && same(name, candidate.substr(0, name.size()));
  return begins || same(name, initials(candidate)) ? limit : edits;
}

}  // namespace

std::string either(std::span<const std::string_view> names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

std::vector<std::string_view> nearest_names(std::string_view name,
                                            std::span<const std::string_view> known) {
  const std::size_t limit = name.size() < 2 ? 0 : std::clamp<std::size_t>(name.size() / 3, 1, 3);
  std::vector<std::pair<std::size_t, std::string_view>> ranked;
  for (const std::string_view candidate : known) {
    const std::size_t far = distance(name, candidate, limit);
    if (far <= limit) ranked.emplace_back(far, candidate);
  }
  std::ranges::stable_sort(ranked, {}, [](const auto& entry) { return entry.first; });
  constexpr std::size_t kMost = 3;
  ranked.resize(std::min(kMost, ranked.size()));
  std::vector<std::string_view> names;
  for (const auto& entry : ranked) names.push_back(entry.second);
  return names;
}

std::string suggestion(std::string_view name, std::span<const std::string_view> known) {
  constexpr std::size_t kShortList = 8;
  if (const auto near = nearest_names(name, known); !near.empty()) {
    return ": did you mean " + either(near) + "?";
  }
  return known.size() <= kShortList ? ": choose " + either(known) : "";
}

}  // namespace saltus
