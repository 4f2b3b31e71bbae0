// Places in an order.
#pragma once

#include <vector>

namespace saltus {

/// 1 for the highest; equal ones share the mean of theirs.
std::vector<double> mean_ranks(const std::vector<double>& values);

}  // namespace saltus
