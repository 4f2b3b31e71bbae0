#include "formula/builder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <map>
#include <numbers>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>
#include <saltus/nearest.h>

namespace saltus::formula {
namespace {

/// Operations by the names that formulas call them.
const std::map<std::string_view, int>& operations() {
  static const auto all = []<class... Op>(op::OperationTypes<Op...>) {
    std::map<std::string_view, int> result;
    (result.emplace(Op::kName, op::kCode<Op>), ...);
    result.erase("");
    result.emplace("ln", op::kCode<op::Log>);
    result.emplace("pow", op::kCode<op::Power>);
    return result;
  }(op::Operations{});
  return all;
}

std::size_t arity_of(int code) {
  std::size_t arity = 0;
  op::dispatch(code, [&]<class Op>() { arity = Op::kArity; });
  return arity;
}

void require(std::string_view function, const std::vector<Argument>& arguments, std::size_t count) {
  for (const Argument& argument : arguments) {
    if (!argument.name.empty())
      throw Fault{argument.text.data(), fmt::format("{} has no parameters", function)};
  }
  if (arguments.size() == count) return;
  throw Fault{function.data(), fmt::format("{} takes {} argument{}, not {}", function, count,
                                           count == 1 ? "" : "s", arguments.size())};
}

}  // namespace

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names = {"clip"};
  for (const auto& [name, code] : operations()) names.push_back(name);
  return names;
}

double Builder::number_of(std::string_view text) {
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || std::abs(value) > kernels::math::kLargest)
    throw Fault{text.data(), fmt::format("{} is beyond the numbers of single precision", text)};
  return value;
}

Id Builder::name(std::string_view name) {
  const Variables variables = definition_.variables;
  const auto variable = std::ranges::find(variables, name);
  if (variable != variables.end())
    return bounded(definition_.graph.variable(static_cast<int>(variable - variables.begin())));
  if (name == "x") {
    throw Fault{name.data(),
                fmt::format("there is no x here; use {}", fmt::join(variables, " and "))};
  }
  if (name == "pi") return definition_.graph.constant(std::numbers::pi);
  if (name == "e") return definition_.graph.constant(std::numbers::e);
  if (operations().contains(name) || name == "clip")
    throw Fault{name.data(),
                fmt::format("{0} is a function; call it, as in {0}({1})", name, variables[0])};
  std::vector<ParameterDefinition>& parameters = definition_.parameters;
  const auto known = std::ranges::find(parameters, name, &ParameterDefinition::name);
  const auto place = known - parameters.begin();
  if (known == parameters.end()) {
    if (parameters.size() == kernels::kMaxParameters) {
      throw Fault{name.data(), fmt::format("unknown name {}, and the formula has {} parameters "
                                           "already, which is the most",
                                           name, kernels::kMaxParameters)};
    }
    parameters.push_back({.name = std::string(name)});
    first_use_.push_back(name.data());
    is_given_.push_back(false);
  }
  return bounded(definition_.graph.parameter(static_cast<int>(place)));
}

Id Builder::call(std::string_view function, const std::vector<Argument>& arguments) {
  if (function == "clip") {
    require(function, arguments, 3);
    return make<op::Minimum>(make<op::Maximum>(arguments[0].value, arguments[1].value),
                             arguments[2].value);
  }
  const auto operation = operations().find(function);
  if (operation == operations().end()) return call_activation(function, arguments);
  require(function, arguments, arity_of(operation->second));
  std::array<Id, 3> operands = {kNone, kNone, kNone};
  std::ranges::transform(arguments, operands.begin(), &Argument::value);
  return bounded(definition_.graph.operation(operation->second, operands));
}

void Builder::parameter(std::string_view name, double value, const LegalValues& legal,
                        Learned learned) {
  std::vector<ParameterDefinition>& parameters = definition_.parameters;
  const auto known = std::ranges::find(parameters, name, &ParameterDefinition::name);
  if (known == parameters.end())
    throw Fault{name.data(), fmt::format("the formula has no {}", name)};
  const auto place = static_cast<std::size_t>(known - parameters.begin());
  if (is_given_[place]) throw Fault{name.data(), fmt::format("{} is given twice", name)};
  is_given_[place] = true;
  const auto [low, high] = legal;
  const LegalValues widest;
  if (!(low < high) || low < widest.low || high > widest.high)
    throw Fault{name.data(), "an interval is [low, high] with low below high, within a million"};
  if (value < low || value > high) {
    throw Fault{name.data(),
                fmt::format("{} must be in [{}, {}], and is {}", name, low, high, value)};
  }
  known->default_value = static_cast<float>(value);
  known->low = static_cast<float>(low);
  known->high = static_cast<float>(high);
  known->learned = learned;
}

void Builder::finish() const {
  const auto missing = std::ranges::find(is_given_, false);
  if (missing == is_given_.end()) return;
  const auto place = static_cast<std::size_t>(missing - is_given_.begin());
  const std::string_view name = definition_.parameters[place].name;
  const std::vector<std::string_view> names = function_names();
  const auto near = name.size() < 3 ? std::vector<std::string_view>() : nearest_names(name, names);
  throw Fault{first_use_[place],
              fmt::format("unknown name {0}; if it is a parameter, give it a value: ; {0} = 1{1}",
                          name, near.empty() ? "" : fmt::format(" (or is it {}?)", near.front()))};
}

Id Builder::bounded(Id id) const {
  if (definition_.graph.size() <= kMostNodes) return id;
  throw InvalidArgument(
      fmt::format("the formula has more than {} parts; make it shorter", kMostNodes));
}

Id Builder::call_activation(std::string_view name, const std::vector<Argument>& arguments) {
  std::vector<std::pair<std::string_view, float>> values;
  for (const Argument& argument : arguments) {
    const bool is_first = &argument == &arguments.front();
    if (is_first != argument.name.empty()) {
      throw Fault{argument.text.data(),
                  "an activation takes one number and then parameters by name, as in "
                  "elu(x, alpha=0.2)"};
    }
    if (!is_first) values.emplace_back(argument.name, constant_of(argument));
  }
  try {
    return bounded(call_(definition_.graph, name, values, arguments.front().value));
  } catch (const InvalidArgument& error) {
    const std::vector<std::string_view> names = function_names();
    const auto near = nearest_names(name, names);
    const bool is_unknown = std::string_view(error.what()).starts_with("unknown activation");
    throw Fault{name.data(),
                is_unknown && !near.empty()
                    ? fmt::format("unknown function {}; did you mean {}?", name, near.front())
                    : error.what()};
  }
}

float Builder::constant_of(const Argument& argument) const {
  const Graph& graph = definition_.graph;
  const std::array<Id, 1> roots = {argument.value};
  for (const Id id : graph.needed(roots)) {
    const Kind kind = graph[id].kind;
    if (kind == Kind::constant || kind == Kind::operation) continue;
    throw Fault{
        argument.text.data(),
        fmt::format("{} must be a number here: it is a parameter of an activation", argument.name)};
  }
  Evaluator<double> evaluator(graph, roots);
  evaluator.run(0, {});
  return static_cast<float>(evaluator[argument.value]);
}

}  // namespace saltus::formula
