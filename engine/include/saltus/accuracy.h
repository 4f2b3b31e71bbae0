#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include <saltus/activation.h>

namespace saltus {

/// An error and the input where it occurs. 0 at 0 where there is none.
struct WorstError {
  double size = 0;
  float at = 0;
};

/// The worst errors of one function over the inputs walked. Every input falls in one of three
/// classes by the true value:
///  - tiny: below AccuracyOptions::tiny, by default where results may be flushed to 0;
///  - near a zero: the error is above 4 ulp, and at equal distances on both sides (some relative
///    distance between 2^-22 and 1/2) the function is at least twice as large. Rounding of
///    what cancels there makes any number of ulp;
///  - all others.
struct FunctionAccuracy {
  WorstError ulp;        ///< all others: error in units in the last place of the true value
  WorstError near_zero;  ///< near a zero: error divided by the values around
  WorstError tiny;       ///< tiny: absolute error
};

inline constexpr double kTinyValue = 1e-35;

/// How exact an activation is.
struct ActivationAccuracy {
  Activation activation;
  std::uint64_t inputs = 0;  ///< how many floats were walked
  FunctionAccuracy f, df;
  std::uint64_t nan_disagreements = 0;  ///< results that are NaN where the truth is not, or reverse
};

struct AccuracyOptions {
  /// Every stride-th of the 2^32 floats by bit pattern; 1: all of them.
  std::uint32_t stride = 1;
  int threads = 0;           ///< 0: all cores; the result does not depend on it
  double tiny = kTinyValue;  ///< true values below it count by their absolute error alone
  /// Called now and then, by one thread at a time, with the number of inputs done and of all. What
  /// it throws ends the walk and is passed on.
  std::function<void(std::uint64_t done, std::uint64_t all)> progress = {};
};

/// Walks float inputs of one activation: the code that trains, on this CPU's best
/// instruction set, against the same formulas in double. A formula of the user's is compared with
/// what was written, in 50 digits, which takes about a thousand times as long. Throws
/// InvalidArgument for a stride of 0, a number of threads that is not 0 to 1024, or an activation
/// that is a C++ function.
SALTUS_API ActivationAccuracy measure_accuracy(const Activation& activation,
                                               const AccuracyOptions& options = {});

/// The table of docs/numerics.md, in Markdown: one row for each result.
SALTUS_API std::string accuracy_table(std::span<const ActivationAccuracy> results);

}  // namespace saltus
