// The text of a formula, read and written.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <saltus/activation.h>

#include "formula/evaluate.h"
#include "formula/graph.h"

namespace saltus::formula {

/// Longest text of a formula, deepest nesting of its parentheses, and most nodes of its graph.
inline constexpr std::size_t kLongest = 1000;
inline constexpr int kDeepest = 50;
inline constexpr int kMostNodes = 400;

/// Names of variables, in the order of their numbers.
using Variables = std::span<const std::string_view>;
inline constexpr std::string_view kActivationVariables[] = {"x"};
/// An output and its target.
inline constexpr std::string_view kLossVariables[] = {"y", "t"};

struct ParameterDefinition {
  std::string name;
  float default_value = 0;
  float low = -1e6F;
  float high = 1e6F;
  Learned learned = Learned::no;
};

/// What training makes of each parameter.
using EachLearned = std::array<Learned, kernels::kMaxParameters>;

/// " learned", " learned channel", or nothing: what the text says behind a value.
std::string_view text_of(Learned learned);

/// What "mine = x * tanh(b * x); b = 1 in [0, 10] learned" says.
struct Definition {
  std::string name;                ///< empty where the text has none
  Graph graph{Style::as_written};  ///< the formula as it was written
  Id root = kNone;
  std::vector<ParameterDefinition> parameters;  ///< in the order of their first use as printed
  Variables variables = kActivationVariables;

  /// The formula alone, so that the same formula has the same text however it was spaced.
  [[nodiscard]] std::string formula() const;
  /// All of it, with these values of the parameters, of which these are learned.
  [[nodiscard]] std::string text(const ParameterValues& values,
                                 const EachLearned& learned = {}) const;
  [[nodiscard]] ParameterValues defaults() const;
  [[nodiscard]] EachLearned learned() const;
};

/// Puts a formula of one variable, which is `x`, with these values of its parameters, into a graph.
Id insert(Graph& graph, const Definition& definition, Id x, const ParameterValues& values);

/// Puts the activation of this name, with these values of its parameters, of `operand` into a
/// graph. Throws InvalidArgument where there is none.
using CallActivation =
    std::function<Id(Graph& graph, std::string_view name,
                     std::span<const std::pair<std::string_view, float>> values, Id operand)>;

/// Reads a formula; `call` is asked for functions that are no operation. Throws InvalidArgument
/// with the text, a mark under what is wrong, and what would be right.
Definition read_definition(std::string_view text, const CallActivation& call,
                           Variables variables = kActivationVariables);

/// Numbers the parameters in the order in which the printed formula uses them, so that it reads
/// back as it is: a > b is kept, and printed, as b < a.
void order_parameters(Definition& definition);

/// Throws InvalidArgument where the definition's name is one of the language's words.
void require_new_name(const Definition& definition);

/// Functions that formulas know, activations left out.
std::vector<std::string_view> function_names();

/// A node as the text of a formula.
std::string text_of(const Graph& graph, Id root, std::span<const ParameterDefinition> parameters,
                    Variables variables = kActivationVariables);

}  // namespace saltus::formula
