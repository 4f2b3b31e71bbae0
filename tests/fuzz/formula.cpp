// Formulas, as they are typed.
#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>

#include "formula/scalar.h"
#include "formula/shape.h"
#include "tests/fuzz/target.h"

namespace {

using namespace saltus;

/// Without the registry, which keeps formulas for good.
formula::Id refuse_calls(formula::Graph&, std::string_view,
                         std::span<const std::pair<std::string_view, float>>, formula::Id) {
  throw InvalidArgument("unknown activation");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    formula::Definition definition = formula::read_definition(text, refuse_calls);
    // What is read can be written, and read again.
    const formula::ParameterValues values = definition.defaults();
    const std::string canonical = definition.text(values);
    if (canonical.size() <= formula::kLongest) {
      const formula::Definition again = formula::read_definition(canonical, refuse_calls);
      fuzz::require(again.text(again.defaults()) == canonical);
    }
    const formula::Formula formula(std::move(definition));
    formula::course_of(formula, values);
    const formula::Ready ready = formula::ready(formula, values.data());
    for (const float x : {-1e30F, -1.F, 0.F, 2.F, 1e30F}) formula::evaluate(ready, x);
  } catch (const InvalidArgument&) {
  }
  return 0;
}

/// A word of the language in place of a part, or the bytes' own mutations.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  static constexpr auto kWords =
      std::to_array<std::string_view>({"x",     "(",      ")",
                                       "+",     "-",      "*",
                                       "/",     "^",      "^2",
                                       ",",     "<",      ">=",
                                       "==",    "=",      ";",
                                       "b",     "b = 1",  "; b = 1 in [0, 2]",
                                       "exp(",  "log(",   "where(x > 0, ",
                                       "max(",  "clip(",  "tanh(x)",
                                       "1e9",   "sqrt(",  "x^x",
                                       "1 + ",  "- 1",    "softplus(",
                                       "erfc(", "floor(", "1 / (1 + exp(-x))"});
  std::minstd_rand random(seed);
  if (random() % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t place = random() % (text.size() + 1);
  const std::size_t taken = random() % 3 == 0 ? random() % 8 : 0;
  text.replace(place, taken, kWords[random() % kWords.size()]);
  const std::size_t length = std::min(text.size(), max_size);
  std::copy_n(text.begin(), length, data);
  return length;
}
