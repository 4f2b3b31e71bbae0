#include "reference/compare.h"

#include <cmath>
#include <cstdio>

#include <gtest/gtest.h>

namespace saltus::reference {
namespace {

/// What comparing one result showed.
struct Verdict {
  std::int64_t wrong = 0;
  std::int64_t worst_index = 0;
  double worst_error = -1;
};

Verdict compare(const Values& got, const Values& want, double bound) {
  Verdict verdict;
  for (std::int64_t i = 0; i < std::ssize(want); ++i) {
    const double error = std::abs(got[i] - want[i]);
    // Negated, so that NaN counts as wrong and as the worst.
    if (!(error <= bound)) ++verdict.wrong;
    if (!(error <= verdict.worst_error)) {
      verdict.worst_error = error;
      verdict.worst_index = i;
    }
  }
  return verdict;
}

}  // namespace

void compare(const Results& got, const Results& want, const Bounds& bounds) {
  double worst_ratio = 0;
  std::string worst_name = "-";
  EXPECT_FALSE(want.empty()) << "nothing was compared";
  EXPECT_EQ(got.size(), want.size()) << "not the same results";
  for (const auto& [name, expected] : want) {
    const auto found = got.find(name);
    if (found == got.end() || found->second.size() != expected.size() || expected.empty()) {
      ADD_FAILURE() << name << ": missing, empty or of another size than " << expected.size();
      continue;
    }
    const double bound = bounds.at(name);
    EXPECT_TRUE(std::isfinite(bound)) << name << " has no bound";
    const Verdict verdict = compare(found->second, expected, bound);
    EXPECT_EQ(verdict.wrong, 0) << name << ": of " << expected.size() << " elements; the worst is ["
                                << verdict.worst_index << "], "
                                << found->second[verdict.worst_index] << " instead of "
                                << expected[verdict.worst_index] << ", off by "
                                << verdict.worst_error << " where " << bound << " is allowed";
    if (bound > 0 && !(verdict.worst_error / bound <= worst_ratio)) {
      worst_ratio = verdict.worst_error / bound;
      worst_name = name;
    }
  }
  std::printf("             worst error / bound: %.3f (%s)\n", worst_ratio, worst_name.c_str());
}

Bounds exactly(const Results& want) {
  Bounds bounds;
  for (const auto& [name, values] : want) bounds[name] = 0;
  return bounds;
}

}  // namespace saltus::reference
