// What rounding takes from the arguments of exponentials, as nodes of a graph.
#pragma once

#include "formula/graph.h"

namespace saltus::formula {

struct Compensated {
  Graph graph{Style::as_written};
  Id value = kNone;
  Id slope = kNone;
};

/// The graph of a formula and its derivative for programs in float. An exponential multiplies an
/// error of its argument by the argument, 87 at most: where that is a product, a quotient or a sum,
/// what rounding took from it is computed, too, and goes into the exponential beside it.
Compensated compensated(const Graph& graph, Id value, Id slope);

}  // namespace saltus::formula
