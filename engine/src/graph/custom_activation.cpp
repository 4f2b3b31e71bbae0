#include "graph/custom_activation.h"

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/kernels/activations.h>

#include "core/boundary.h"
#include "formula/describe.h"
#include "formula/listed.h"

namespace saltus {
namespace {

struct Custom {
  std::string name;
  Activation::Function function;              ///< or:
  std::unique_ptr<formula::Formula> formula;  ///< with what is known of it
  std::string text;                           ///< its definition, whatever the defaults
  std::optional<formula::Twin> twin;
  formula::Description description;
  ActivationInfo info;
};

/// They never go, so that whoever has an id needs no lock to use what it stands for.
struct Registry {
  std::mutex mutex;
  std::deque<Custom> all;
};

Registry& registry() {
  static Registry registry;
  return registry;
}

const Custom& custom(int id) {
  Registry& known = registry();
  const std::scoped_lock lock(known.mutex);
  return known.all.at(static_cast<std::size_t>(id - kernels::AllActivations::size));
}

int last_id(const Registry& known) {
  return kernels::AllActivations::size + static_cast<int>(known.all.size()) - 1;
}

bool is_name(std::string_view name) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !name.empty() && name.find_first_not_of(kLetters) == std::string_view::npos;
}

template <std::size_t most, class T, std::size_t... i>
kernels::ShortList<T, most> list_of(const std::vector<T>& items, std::index_sequence<i...>) {
  return {items[i]...};
}
/// The first of them, as many as there is room for.
template <std::size_t most, class T>
kernels::ShortList<T, most> list_of(const std::vector<T>& items) {
  switch (std::min(most, items.size())) {
    case 0:
      return {};
    case 1:
      return list_of<most>(items, std::make_index_sequence<1>());
    case 2:
      return list_of<most>(items, std::make_index_sequence<2>());
    case 3:
      return list_of<most>(items, std::make_index_sequence<3>());
    default:
      return list_of<most>(items, std::make_index_sequence<4>());
  }
}

/// What the list would say of a formula. Its texts are those of `custom`.
ActivationInfo info_of(const Custom& custom) {
  std::vector<kernels::Parameter> parameters;
  for (const formula::ParameterDefinition& parameter : custom.formula->definition().parameters) {
    parameters.push_back({parameter.name, parameter.default_value, parameter.low, parameter.high});
  }
  return {.name = custom.name,
          .parameters = list_of<kernels::kMaxParameters>(parameters),
          .formula = custom.description.formula,
          .derivative = custom.description.derivative,
          .range = custom.description.range,
          .shape = custom.description.course.shape,
          .saturation = custom.description.saturation,
          .kinks = {.at = list_of<4>(custom.description.course.kinks)},
          .initializer = "glorot_uniform"};
}

}  // namespace

void throw_taken(std::string_view name) {
  throw InvalidArgument(
      fmt::format("there is an activation {} already; give yours another name", name));
}

bool is_custom_activation(int id) {
  return id >= kernels::AllActivations::size;
}

std::optional<int> find_custom_activation(std::string_view name) {
  Registry& known = registry();
  const std::scoped_lock lock(known.mutex);
  const auto found = std::ranges::find(known.all.rbegin(), known.all.rend(), name, &Custom::name);
  if (found == known.all.rend()) return std::nullopt;
  return last_id(known) - static_cast<int>(found - known.all.rbegin());
}

int add_custom_activation(std::string name, Activation::Function function) {
  if (!is_name(name)) {
    throw InvalidArgument(
        fmt::format("'{}' cannot name an activation; use letters, digits, '_' and '-'", name));
  }
  if (!function) throw InvalidArgument(fmt::format("activation {} has no function", name));
  Registry& known = registry();
  const std::scoped_lock lock(known.mutex);
  if (std::ranges::find(known.all, name, &Custom::name) != known.all.end()) throw_taken(name);
  Custom& added = known.all.emplace_back();
  added.name = std::move(name);
  added.function = std::move(function);
  added.info.name = added.name;
  added.info.formula = "a function of the program's";
  added.info.derivative = "a function of the program's";
  added.info.range = "unknown";
  added.info.shape = ActivationShape::other;
  added.info.initializer = "glorot_uniform";
  return last_id(known);
}

int add_formula(formula::Definition definition) {
  const std::string text = definition.text({});
  Registry& known = registry();
  const std::scoped_lock lock(known.mutex);
  const auto equal = std::ranges::find(known.all, text, &Custom::text);
  if (equal != known.all.end())
    return kernels::AllActivations::size + static_cast<int>(equal - known.all.begin());
  Custom added;
  added.name = definition.name.empty() ? definition.formula() : definition.name;
  const bool is_function = std::ranges::any_of(known.all, [&](const Custom& other) {
    return other.name == added.name && other.function != nullptr;
  });
  if (is_function) throw_taken(added.name);
  added.text = text;
  added.twin = formula::find_twin(definition);
  added.formula = std::make_unique<formula::Formula>(std::move(definition));
  added.description = formula::describe(*added.formula, added.formula->definition().defaults());
  Custom& kept = known.all.emplace_back(std::move(added));
  kept.info = info_of(kept);
  return last_id(known);
}

const formula::Formula* find_formula(int id) {
  return is_custom_activation(id) ? custom(id).formula.get() : nullptr;
}

const ActivationInfo& custom_activation_info(int id) {
  return custom(id).info;
}

ActivationShape custom_activation_shape(const kernels::ActivationRef& ref) {
  const Custom& found = custom(ref.id);
  if (found.formula == nullptr) return ActivationShape::other;
  const formula::ParameterValues values = values_of(ref);
  if (values == found.formula->definition().defaults()) return found.info.shape;
  // A pool asks for every batch.
  constexpr std::size_t kMost = 64;
  thread_local std::map<std::pair<int, formula::ParameterValues>, ActivationShape> known;
  const auto place = known.find({ref.id, values});
  if (place != known.end()) return place->second;
  if (known.size() >= kMost) known.clear();
  const ActivationShape shape = formula::course_of(*found.formula, values).shape;
  known.emplace(std::pair(ref.id, values), shape);
  return shape;
}

kernels::Kinks custom_activation_kinks(const kernels::ActivationRef& ref) {
  const formula::Formula* formula = find_formula(ref.id);
  if (formula == nullptr) return {};
  return {.at = list_of<4>(formula::course_of(*formula, values_of(ref)).kinks)};
}

kernels::ActivationRef runnable(const kernels::ActivationRef& ref) {
  if (!is_custom_activation(ref.id)) return ref;
  const std::optional<formula::Twin>& twin = custom(ref.id).twin;
  return twin ? twin->with(values_of(ref)).value_or(ref) : ref;
}

formula::ParameterValues values_of(const kernels::ActivationRef& ref) {
  return std::to_array(ref.parameters);
}

void evaluate_custom_activation(int id, const float* x, float* y, float* slope, std::int64_t n) {
  const auto count = static_cast<std::size_t>(n);
  const std::vector<float> inputs(x, x + count);
  const std::span<float> slopes = slope == nullptr ? std::span<float>() : std::span(slope, count);
  call_callers([&] { custom(id).function(inputs, {y, count}, slopes); });
}

}  // namespace saltus
