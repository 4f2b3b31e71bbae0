// How results are compared with the oracle's.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "reference/batch.h"

namespace saltus::reference {

/// Everything that came out of a computation, by name.
using Results = std::map<std::string, Values>;

/// For each result, how far any of its elements may be off.
using Bounds = std::map<std::string, double>;

/// Compares element by element; a failure of the running test for every result that is missing, of
/// another size, empty, NaN or off by more than its bound. Prints the worst ratio of error and
/// bound among the results whose bound is not zero.
void compare(const Results& got, const Results& want, const Bounds& bounds);

/// Bounds of zero: the results must be equal.
Bounds exactly(const Results& want);

}  // namespace saltus::reference
