#pragma once

#include <cstdint>

#include <saltus/kernels/portable.h>

namespace saltus::kernels {

/// Divides by a number that is known before a launch: a multiplication and a shift.
///
/// With s = ceil(log2 d) and m = ceil(2^(31+s) / d), which fits 32 bits, m d exceeds 2^(31+s) by
/// less than d <= 2^s, so floor(n m / 2^(31+s)) = floor(n / d) for all 0 <= n < 2^31.
class Divider {
 public:
  Divider() : Divider(1) {}
  explicit Divider(int divisor) : divisor_(divisor), shift_(31) {
    while ((std::int64_t{1} << (shift_ - 31)) < divisor) ++shift_;
    const std::uint64_t power = std::uint64_t{1} << shift_;
    const auto d = static_cast<std::uint64_t>(divisor);
    factor_ = static_cast<std::uint32_t>((power + d - 1) / d);
  }

  SALTUS_HD int divisor() const { return divisor_; }
  /// floor(n / divisor) for n >= 0.
  SALTUS_HD int quotient(int n) const {
    return static_cast<int>((std::uint64_t{static_cast<std::uint32_t>(n)} * factor_) >> shift_);
  }

 private:
  int divisor_;
  int shift_;
  std::uint32_t factor_;
};

}  // namespace saltus::kernels
