#pragma once

#include <cstdint>

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// sums = the sums of x over all vectors of the batch: the gradient of a bias, where no product of
/// ours adds it up on its way.
struct ColumnSums {
  AnyInput x;                 ///< [rows][vectors][columns]
  PerTrial<float> sums;       ///< [columns]
  PerTrial<float> workspace;  ///< column_sums_workspace() floats
  int vectors = 1;            ///< of a row; with the batch's rows an int
  int columns = 0;
};

/// Both throw std::invalid_argument where all rows' vectors are not countable by an int.
void column_sums(const ColumnSums& arguments, const LaunchContext& context);

/// Floats of workspace for each trial.
std::int64_t column_sums_workspace(int vectors, int columns, int max_rows);

}  // namespace saltus::kernels
