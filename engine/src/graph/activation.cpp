#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include <saltus/activation.h>
#include <saltus/error.h>
#include <saltus/kernels/activations.h>
#include <saltus/nearest.h>

#include "core/named_values.h"
#include "core/text.h"
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
     "learns its slope and is a layer, PReLU: with a slope that stays it is leaky_relu:alpha=0.25"},
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

kernels::ActivationRef with_defaults(int id) {
  kernels::ActivationRef ref{id, {}};
  const auto& parameters = activation_list()[static_cast<std::size_t>(id)].parameters;
  std::ranges::transform(parameters, ref.parameters, &Parameter::default_value);
  return ref;
}

}  // namespace

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

Activation Activation::parse(std::string_view text) {
  if (const auto custom = find_custom_activation(text)) {
    return Activation(kernels::ActivationRef{*custom, {}});
  }
  const NamedValues parts = named_values(text, "elu:alpha=0.2");
  Activation result(with_defaults(id_of_name(parts.name)));
  const ActivationInfo& info = result.info();
  std::array<bool, kernels::kMaxParameters> given{};
  for (const auto& [name, value] : parts.values) {
    const std::size_t i = parameter_of_name(info, name);
    if (given[i])
      throw InvalidArgument(
          fmt::format("parameter {} is given twice in '{}'", info.parameters[i].name, text));
    given[i] = true;
    result.ref_.parameters[i] = legal_value(info, info.parameters[i], value);
  }
  return result;
}

std::string Activation::str() const {
  std::string text(name());
  const auto& parameters = info().parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (ref_.parameters[i] != parameters[i].default_value)
      text += fmt::format(":{}={}", parameters[i].name, ref_.parameters[i]);
  return text;
}

const ActivationInfo& Activation::info() const {
  if (is_custom_activation(ref_.id)) return custom_activation_info(ref_.id);
  return activation_list()[static_cast<std::size_t>(ref_.id)];
}

ActivationShape Activation::shape() const {
  if (is_custom_activation(ref_.id)) return info().shape;
  return of_entry(ref_, []<class Entry>(const auto& p) { return Entry::shape(p); });
}

kernels::Kinks Activation::kinks() const {
  return of_entry(ref_, []<class Entry>(const auto& p) { return Entry::kinks(p); });
}

float Activation::f(float x) const {
  if (is_custom_activation(ref_.id)) {
    float y = 0;
    evaluate_custom_activation(ref_.id, &x, &y, nullptr, 1);
    return y;
  }
  return of_entry(ref_, [x]<class Entry>(const auto& p) { return Entry::f(x, p); });
}

float Activation::df(float x) const {
  if (is_custom_activation(ref_.id)) {
    float y = 0;
    float slope = 0;
    evaluate_custom_activation(ref_.id, &x, &y, &slope, 1);
    return slope;
  }
  return of_entry(ref_, [x]<class Entry>(const auto& p) { return Entry::df(x, p); });
}

bool operator==(const Activation& a, const Activation& b) {
  return a.ref_.id == b.ref_.id && std::ranges::equal(a.ref_.parameters, b.ref_.parameters);
}

}  // namespace saltus
