// What rounding takes from the arguments of exponentials, as nodes of a graph.
#pragma once

#include <span>
#include <vector>

#include "formula/graph.h"

namespace saltus::formula {

struct Compensated {
  Graph graph{Style::as_written};
  std::vector<Id> roots;  ///< in the order in which they were given; kNone stays what it is
};

/// The graph of a formula and its derivatives for programs in float. An exponential multiplies an
/// error of its argument by the argument, 87 at most: where that is a product, a quotient or a sum,
/// what rounding took from it is computed, too, and goes into the exponential beside it.
Compensated compensated(const Graph& graph, std::span<const Id> roots);

}  // namespace saltus::formula
