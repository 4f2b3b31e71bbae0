#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include <saltus/activation.h>
#include <saltus/error.h>
#include <saltus/kernels/activations.h>
#include <saltus/nearest.h>

#include "core/named_values.h"
#include "core/text.h"
#include "formula/listed.h"
#include "formula/scalar.h"
#include "graph/custom_activation.h"

namespace saltus {
namespace {

using kernels::Parameter;

// How names are compared: "LeakyReLU", "leaky-relu" and "leaky_relu" are one.
std::string folded(std::string_view name) {
  std::string result;
  for (const char c : name)
    if (c != '-' && c != '_') result += lower(c);
  return result;
}

const std::unordered_map<std::string, int>& ids_by_name() {
  static const auto ids = [] {
    std::unordered_map<std::string, int> result;
    int id = 0;
    for (const ActivationInfo& info : activation_list()) {
      result.emplace(folded(info.name), id);
      for (const std::string_view alias : info.aliases) result.emplace(folded(alias), id);
      ++id;
    }
    return result;
  }();
  return ids;
}

// Names that users expect here, and why they are no function of one number.
struct Elsewhere {
  std::string_view name;
  std::string_view reason;
};
constexpr Elsewhere kElsewhere[] = {
    {"softmax",
     "takes all outputs of a sample together and is a layer, Softmax, with which a sweep's network "
     "ends"},
    {"log_softmax", "takes all outputs of a sample together and is a layer, LogSoftmax"},
    {"prelu",
     "learns its slope and is a layer, PReLU: with one slope for each channel it is "
     "leaky_relu:alpha=0.25 learned channel"},
    {"rrelu",
     "draws its slope at random: with the mean of its slopes it is leaky_relu:alpha=0.229"},
    {"crelu", "gives two outputs for each input: activations here give one, as relu does"},
    {"maxout", "takes the largest of several outputs: activations here take one, as relu does"},
    {"glu", "multiplies one half of its inputs by the other: of one input it would be silu"},
    {"swiglu", "multiplies one half of its inputs by the other: of one input there is silu"},
    {"geglu", "multiplies one half of its inputs by the other: of one input there is gelu"},
    {"reglu", "multiplies one half of its inputs by the other: of one input there is relu"},
};

int id_of_name(std::string_view name) {
  if (const auto custom = find_custom_activation(name)) return *custom;
  const auto found = ids_by_name().find(folded(name));
  if (found != ids_by_name().end()) return found->second;
  std::vector<std::string_view> known;
  for (const ActivationInfo& info : activation_list()) {
    known.push_back(info.name);
    known.insert(known.end(), info.aliases.begin(), info.aliases.end());
  }
  for (const Elsewhere& other : kElsewhere) {
    if (folded(other.name) == folded(name)) {
      throw InvalidArgument(
          fmt::format("{} cannot be an activation here, as it {}", other.name, other.reason));
    }
  }
  const std::string near = suggestion(name, known);
  throw InvalidArgument(fmt::format("unknown activation '{}'{}", name,
                                    near.empty() ? ": saltus activations lists all" : near));
}

std::size_t parameter_of_name(const ActivationInfo& info, std::string_view name) {
  std::vector<std::string_view> known;
  for (const Parameter& parameter : info.parameters) {
    if (folded(parameter.name) == folded(name)) return known.size();
    known.push_back(parameter.name);
  }
  if (known.empty())
    throw InvalidArgument(
        fmt::format("activation {} has no parameters, '{}' was given", info.name, name));
  throw InvalidArgument(fmt::format("activation {} has no parameter '{}'{}", info.name, name,
                                    suggestion(name, known)));
}

float legal_value(const ActivationInfo& info, const Parameter& parameter, std::string_view text) {
  float value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value))
    throw InvalidArgument(fmt::format("parameter {} of activation {} must be a number, not '{}'",
                                      parameter.name, info.name, text));
  if (value < parameter.low || value > parameter.high)
    throw InvalidArgument(fmt::format("parameter {} of activation {} must be in [{}, {}], not {}",
                                      parameter.name, info.name, parameter.low, parameter.high,
                                      text));
  return value;
}

/// "0.2", "learned", "0.2 learned channel": what a parameter is given.
struct Given {
  float value;
  Learned learned = Learned::no;
};

Given given_value(const ActivationInfo& info, const Parameter& parameter, std::string_view text) {
  Given given{parameter.default_value};
  for (const Learned learned : {Learned::channel, Learned::layer}) {
    const std::string_view words = formula::text_of(learned).substr(1);
    if (!text.ends_with(words)) continue;
    given.learned = learned;
    text.remove_suffix(words.size());
    break;
  }
  const auto last = text.find_last_not_of(' ');
  text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
  if (given.learned == Learned::no || !text.empty())
    given.value = legal_value(info, parameter, text);
  return given;
}

// What `get`, called with an entry and its parameters, gives for the entry of `ref`.
template <class Get>
auto of_entry(const kernels::ActivationRef& ref, Get get) {
  decltype(get.template operator()<kernels::Linear>(kernels::Parameters<float>{})) result{};
  kernels::dispatch(ref.id, [&]<class Entry>() {
    result = get.template operator()<Entry>(kernels::parameters_of<float>(ref));
  });
  return result;
}

// What an entry states, and the kinks that its defaults give it.
template <class Entry>
ActivationInfo with_kinks() {
  ActivationInfo info = Entry::traits;
  info.kinks = Entry::kinks(kernels::defaults<float>(Entry::traits));
  return info;
}

const ActivationInfo& info_of(int id) {
  if (is_custom_activation(id)) return custom_activation_info(id);
  return activation_list()[static_cast<std::size_t>(id)];
}

/// Whether a text is a formula: what has parameters like the list's, "elu:alpha=0.2", and what is a
/// name alone, is none.
bool looks_like_formula(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return false;
  constexpr std::string_view kOfNames =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. ";
  if (text.find_first_not_of(kOfNames) != std::string_view::npos) return true;
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return false;
  const std::string_view trimmed = text.substr(first, text.find_last_not_of(' ') + 1 - first);
  if (find_custom_activation(trimmed)) return false;
  const auto starts = [&](std::string_view beginning) { return trimmed.starts_with(beginning); };
  return trimmed == "x" || starts("x-") || starts("x ") || trimmed.ends_with("-x") ||
         trimmed.ends_with(" x");
}

/// Parameters are learned by the derivatives of a formula.
void require_closed_form(const Activation& activation) {
  if (activation.is_formula() || formula::has_closed_form(activation.ref().id)) return;
  throw InvalidArgument(fmt::format(
      "parameter {} of activation {} changes nothing in its values, so that nothing can be learned",
      activation.info().parameters[0].name, activation.name()));
}

std::pair<kernels::ActivationRef, formula::EachLearned> define_formula(std::string_view text) {
  formula::Definition definition = formula::read_definition(text, call_activation);
  if (ids_by_name().contains(folded(definition.name))) throw_taken(definition.name);
  formula::require_new_name(definition);
  const formula::ParameterValues values = definition.defaults();
  const formula::EachLearned learned = definition.learned();
  kernels::ActivationRef ref{add_formula(std::move(definition)), {}};
  std::ranges::copy(values, ref.parameters);
  return {ref, learned};
}

/// f and f' at x by the code that trains.
formula::Point evaluate(const kernels::ActivationRef& ref, float x) {
  const kernels::ActivationRef runs = runnable(ref);
  if (const formula::Formula* formula = find_formula(runs.id))
    return formula::evaluate(formula::ready(*formula, runs.parameters), x);
  if (is_custom_activation(runs.id)) {
    formula::Point result;
    evaluate_custom_activation(runs.id, &x, &result.value, &result.slope, 1);
    return result;
  }
  return of_entry(runs, [x]<class Entry>(const auto& p) {
    return formula::Point{Entry::f(x, p), Entry::df(x, p)};
  });
}

}  // namespace

formula::Id call_activation(formula::Graph& graph, std::string_view name,
                            std::span<const std::pair<std::string_view, float>> values,
                            formula::Id operand) {
  std::string text(name);
  for (const auto& [parameter, value] : values) text += fmt::format(":{}={}", parameter, value);
  const Activation called = Activation::parse(text);
  const formula::Formula* formula = find_formula(called.ref().id);
  if (formula == nullptr) {
    if (is_custom_activation(called.ref().id)) {
      throw InvalidArgument(
          fmt::format("activation {} is a C++ function, which a formula cannot call", name));
    }
    return graph.listed(called.ref(), operand);
  }
  return formula::insert(graph, formula->definition(), operand, values_of(called.ref()));
}

const std::vector<ActivationInfo>& activation_list() {
  static const auto list = []<class... A>(kernels::ActivationTypes<A...>) {
    return std::vector<ActivationInfo>{with_kinks<A>()...};
  }(kernels::AllActivations{});
  return list;
}

Activation::Activation() : ref_{kernels::kActivationId<kernels::Linear>, {}} {}

Activation Activation::custom(std::string name, Function function) {
  if (ids_by_name().contains(folded(name))) throw_taken(name);
  return Activation(
      kernels::ActivationRef{add_custom_activation(std::move(name), std::move(function)), {}});
}

Activation Activation::define(std::string_view name, std::string_view formula) {
  const auto [ref, learned] = define_formula(fmt::format("{} = {}", name, formula));
  return Activation(ref, learned);
}

Activation Activation::parse(std::string_view text) {
  if (looks_like_formula(text)) {
    const auto [ref, learned] = define_formula(text);
    return Activation(ref, learned);
  }
  const NamedValues parts = named_values(text, "elu:alpha=0.2");
  const int id = id_of_name(parts.name);
  const formula::Formula* formula = find_formula(id);
  Activation result(formula::with_defaults(id, info_of(id)),
                    formula == nullptr ? formula::EachLearned() : formula->definition().learned());
  const ActivationInfo& info = result.info();
  std::array<bool, kernels::kMaxParameters> given{};
  for (const auto& [name, value] : parts.values) {
    const std::size_t i = parameter_of_name(info, name);
    if (given[i])
      throw InvalidArgument(
          fmt::format("parameter {} is given twice in '{}'", info.parameters[i].name, text));
    given[i] = true;
    const auto [number, learned] = given_value(info, info.parameters[i], value);
    result.ref_.parameters[i] = number;
    result.learned_[i] = learned;
  }
  if (result.is_learned()) require_closed_form(result);
  return result;
}

std::string Activation::str() const {
  const formula::Formula* formula = find_formula(ref_.id);
  return formula == nullptr ? label() : formula->definition().text(values_of(ref_), learned_);
}

std::string Activation::label() const {
  return formula::label_of(ref_, learned_, info());
}

bool Activation::is_formula() const {
  return find_formula(ref_.id) != nullptr;
}

const ActivationInfo& Activation::info() const {
  return info_of(ref_.id);
}

ActivationShape Activation::shape() const {
  if (is_custom_activation(ref_.id)) return custom_activation_shape(ref_);
  return of_entry(ref_, []<class Entry>(const auto& p) { return Entry::shape(p); });
}

kernels::Kinks Activation::kinks() const {
  if (is_custom_activation(ref_.id)) return custom_activation_kinks(ref_);
  return of_entry(ref_, []<class Entry>(const auto& p) { return Entry::kinks(p); });
}

float Activation::f(float x) const {
  return evaluate(ref_, x).value;
}

float Activation::df(float x) const {
  return evaluate(ref_, x).slope;
}

bool operator==(const Activation& a, const Activation& b) {
  return a.ref_.id == b.ref_.id && a.learned_ == b.learned_ &&
         std::ranges::equal(a.ref_.parameters, b.ref_.parameters);
}

}  // namespace saltus
