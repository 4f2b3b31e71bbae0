// Formulas, as they are typed.
#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>

#include "formula/loss_formula.h"
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

/// What is read can be written, and read again.
formula::Definition read(std::string_view text, formula::Variables variables) {
  formula::Definition definition = formula::read_definition(text, refuse_calls, variables);
  const std::string canonical = definition.text(definition.defaults());
  if (canonical.size() <= formula::kLongest) {
    bool is_same = false;
    try {
      const formula::Definition again =
          formula::read_definition(canonical, refuse_calls, variables);
      is_same = again.text(again.defaults()) == canonical;
    } catch (const InvalidArgument&) {
    }
    fuzz::require(is_same);
  }
  return definition;
}

void read_activation(std::string_view text) {
  formula::Definition definition = read(text, formula::kActivationVariables);
  const formula::ParameterValues values = definition.defaults();
  const formula::Formula formula(std::move(definition));
  formula::course_of(formula, values);
  const formula::Ready ready = formula::ready(formula, values.data());
  for (const float x : {-1e30F, -1.F, 0.F, 2.F, 1e30F}) formula::evaluate(ready, x);
}

void read_loss(std::string_view text) {
  const formula::LossFormula loss(read(text, formula::kLossVariables));
  constexpr std::array<double, 4> kOutputs = {-1e30, 0, 0.5, 2};
  constexpr std::array<double, 4> kTargets = {1, 0, -3, 1e30};
  std::array<double, 4> values{};
  std::array<double, 4> slopes{};
  formula::LossLoop().run(loss, kOutputs.data(), kTargets.data(), values.data(), slopes.data(),
                          std::ssize(values));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& take : {read_activation, read_loss}) {
    try {
      take(text);
    } catch (const InvalidArgument&) {
    }
  }
  return 0;
}

/// A word of the language in place of a part, or the bytes' own mutations.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  static constexpr auto kWords =
      std::to_array<std::string_view>({"x",     "y",      "t",
                                       "(",     ")",      "(y - t)^2",
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
