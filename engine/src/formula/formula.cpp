#include "formula/formula.h"

#include <array>
#include <atomic>
#include <map>
#include <utility>

#include "formula/compensate.h"

namespace saltus::formula {
namespace {

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

Id simplified_root(Graph& graph, const Definition& definition) {
  std::map<Id, Id> taken;
  return graph.take(definition.graph, definition.root, taken);
}

Program program_of(const Graph& graph, Id value, Id slope, bool with_slope) {
  const Compensated exact = compensated(graph, std::array{value, slope});
  return Program(exact.graph, exact.roots[0], exact.roots[1], with_slope);
}

}  // namespace

Formula::Formula(Definition definition)
    : number_(next_number()),
      definition_(std::move(definition)),
      value_(simplified_root(graph_, definition_)),
      slope_(derivative(graph_, value_, graph_.variable())),
      value_program_(program_of(graph_, value_, slope_, false)),
      program_(program_of(graph_, value_, slope_, true)) {}

}  // namespace saltus::formula
