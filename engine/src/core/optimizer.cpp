#include <string>
#include <string_view>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/optimizer.h>

#include "core/entries.h"

namespace saltus {
namespace {

/// The parameter that texts leave out: it has an option of its own.
constexpr std::string_view kLearningRate = "learning_rate";

void require(const kernels::Interval& legal, std::string_view name, double value) {
  if (legal.contains(value)) return;
  throw InvalidArgument(fmt::format("{} is {}, but must be {}", name, value, legal.words));
}

struct NamedClip {
  std::string_view name;
  std::optional<double> value;
};

}  // namespace

const std::vector<Optimizer>& optimizer_list() {
  static const std::vector<Optimizer> list = usual_entries<Optimizer>();
  return list;
}

std::string_view name_of(const Optimizer& optimizer) {
  return entry_name(optimizer);
}

Optimizer parse_optimizer(std::string_view text) {
  const auto optimizer = parse_entry<Optimizer>("optimizer", text, "sgd:momentum=0.9");
  validate(optimizer);
  return optimizer;
}

std::string text_of(const Optimizer& optimizer) {
  return std::string(name_of(optimizer)) + values_of(optimizer, ":", kLearningRate);
}

void validate(const Optimizer& optimizer) {
  validate_entry(optimizer);
  const Clipping& clipping = clipping_of(optimizer);
  std::string_view set;
  for (const auto& [name, value] :
       {NamedClip{"clipvalue", clipping.clipvalue}, NamedClip{"clipnorm", clipping.clipnorm},
        NamedClip{"global_clipnorm", clipping.global_clipnorm}}) {
    if (!value) continue;
    require(kernels::kPositive, name, *value);
    if (!set.empty()) {
      throw InvalidArgument(fmt::format("{} and {} are both set; clip one way", set, name));
    }
    set = name;
  }
}

const Clipping& clipping_of(const Optimizer& optimizer) {
  return std::visit([](const auto& o) -> const Clipping& { return o.clipping; }, optimizer);
}

double learning_rate_of(const Optimizer& optimizer) {
  return std::visit([](const auto& o) { return o.learning_rate; }, optimizer);
}

Optimizer with_learning_rate(Optimizer optimizer, double learning_rate) {
  std::visit([=](auto& o) { o.learning_rate = learning_rate; }, optimizer);
  return optimizer;
}

std::string to_string(const Optimizer& optimizer) {
  std::string text =
      fmt::format("{}(learning_rate={}", name_of(optimizer), learning_rate_of(optimizer));
  text += values_of(optimizer, ", ", kLearningRate);
  const Clipping& clipping = clipping_of(optimizer);
  if (clipping.clipvalue) text += fmt::format(", clipvalue={}", *clipping.clipvalue);
  if (clipping.clipnorm) text += fmt::format(", clipnorm={}", *clipping.clipnorm);
  if (clipping.global_clipnorm) {
    text += fmt::format(", global_clipnorm={}", *clipping.global_clipnorm);
  }
  return text + ")";
}

}  // namespace saltus
