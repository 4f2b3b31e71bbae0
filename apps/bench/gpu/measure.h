// Times of a contest's computations.
#pragma once

#include "contest.h"

namespace saltus::bench {

struct Protocol {
  int rounds = 9;
  double seconds_of_graph = 2e-3;  ///< at least: the launch of a graph is lost in it
};

/// What came of one contestant.
struct Result {
  std::string name;
  std::string note;
  int repeats = 0;              ///< computations in its graph
  std::vector<double> seconds;  ///< of a computation, in each round; empty: it was left out

  [[nodiscard]] double median() const;
};

/// Each contestant's computation is captured in a graph that repeats it, over its sets of data in
/// turn; then the graphs run in rounds, each round beginning with another one. Events before and
/// behind a graph take its time.
std::vector<Result> measure(const Contest& contest, const Protocol& protocol);

}  // namespace saltus::bench
