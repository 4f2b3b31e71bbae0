#include "graph/custom_activation.h"

#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/kernels/activations.h>

#include "core/boundary.h"

namespace saltus {
namespace {

struct Custom {
  std::string name;
  Activation::Function function;
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

bool is_name(std::string_view name) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !name.empty() && name.find_first_not_of(kLetters) == std::string_view::npos;
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
  for (std::size_t i = 0; i < known.all.size(); ++i) {
    if (known.all[i].name == name) return kernels::AllActivations::size + static_cast<int>(i);
  }
  return std::nullopt;
}

int add_custom_activation(std::string name, Activation::Function function) {
  if (!is_name(name)) {
    throw InvalidArgument(
        fmt::format("'{}' cannot name an activation; use letters, digits, '_' and '-'", name));
  }
  if (!function) throw InvalidArgument(fmt::format("activation {} has no function", name));
  Registry& known = registry();
  const std::scoped_lock lock(known.mutex);
  for (const Custom& other : known.all) {
    if (other.name == name) throw_taken(name);
  }
  Custom& added = known.all.emplace_back(Custom{std::move(name), std::move(function), {}});
  added.info.name = added.name;
  added.info.formula = "a function of the program's";
  added.info.range = "unknown";
  added.info.shape = ActivationShape::other;
  added.info.initializer = "glorot_uniform";
  return kernels::AllActivations::size + static_cast<int>(known.all.size()) - 1;
}

const ActivationInfo& custom_activation_info(int id) {
  return custom(id).info;
}

void evaluate_custom_activation(int id, const float* x, float* y, float* slope, std::int64_t n) {
  const auto count = static_cast<std::size_t>(n);
  const std::vector<float> inputs(x, x + count);
  const std::span<float> slopes = slope == nullptr ? std::span<float>() : std::span(slope, count);
  call_callers([&] { custom(id).function(inputs, {y, count}, slopes); });
}

}  // namespace saltus
