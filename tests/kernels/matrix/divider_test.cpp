#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/kernels/matrix/divider.h>

namespace saltus::test {
namespace {

TEST(Divider, DividesLikeTheMachine) {
  constexpr int kLargest = std::numeric_limits<int>::max();
  std::vector<int> divisors = {kLargest, kLargest - 1, 1 << 30, (1 << 30) + 1, (1 << 30) - 1};
  for (int d = 1; d < 3000; ++d) divisors.push_back(d);
  for (const int d : divisors) {
    const kernels::Divider divider(d);
    ASSERT_EQ(divider.divisor(), d);
    // both sides of multiples, where a quotient changes, small and as large as they come
    const int last = kLargest / d;
    for (const int multiple : {1, 2, 3, last / 2, last - 1, last}) {
      if (multiple < 1 || multiple > last) continue;
      const int n = multiple * d;
      ASSERT_EQ(divider.quotient(n), n / d) << n << " / " << d;
      ASSERT_EQ(divider.quotient(n - 1), (n - 1) / d) << n - 1 << " / " << d;
    }
    ASSERT_EQ(divider.quotient(kLargest), last) << d;
  }
}

}  // namespace
}  // namespace saltus::test
