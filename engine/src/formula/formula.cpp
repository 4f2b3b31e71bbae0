#include "formula/formula.h"

#include <atomic>
#include <map>
#include <utility>

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

}  // namespace

Formula::Formula(Definition definition)
    : number_(next_number()),
      definition_(std::move(definition)),
      value_(simplified_root(graph_, definition_)),
      slope_(derivative(graph_, value_, graph_.variable())),
      value_program_(graph_, value_, slope_, false),
      program_(graph_, value_, slope_, true) {}

}  // namespace saltus::formula
