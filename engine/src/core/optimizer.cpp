#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/optimizer.h>

namespace saltus {
namespace {

/// Throws unless `holds`; a NaN never does.
void require(bool holds, std::string_view name, double value, std::string_view range) {
  if (!holds) throw InvalidArgument(fmt::format("{} is {}, but must be {}", name, value, range));
}

void require_positive(std::string_view name, double value) {
  require(value > 0 && std::isfinite(value), name, value, "positive and finite");
}

void require_share(std::string_view name, double value) {
  require(value >= 0 && value < 1, name, value, "at least 0 and less than 1");
}

void validate_values(const Adam& adam) {
  require_share("beta_1", adam.beta_1);
  require_share("beta_2", adam.beta_2);
  require_positive("epsilon", adam.epsilon);
}

void validate_values(const SGD& sgd) {
  require_share("momentum", sgd.momentum);
  if (sgd.nesterov && sgd.momentum == 0) {
    throw InvalidArgument("nesterov needs a momentum above 0");
  }
}

struct NamedClip {
  std::string_view name;
  std::optional<double> value;
};

std::string values_of(const Adam& adam) {
  const Adam usual;
  std::string text;
  if (adam.beta_1 != usual.beta_1) text += fmt::format(", beta_1={}", adam.beta_1);
  if (adam.beta_2 != usual.beta_2) text += fmt::format(", beta_2={}", adam.beta_2);
  if (adam.epsilon != usual.epsilon) text += fmt::format(", epsilon={}", adam.epsilon);
  return text;
}

std::string values_of(const SGD& sgd) {
  std::string text;
  if (sgd.momentum != 0) text += fmt::format(", momentum={}", sgd.momentum);
  if (sgd.nesterov) text += ", nesterov=true";
  return text;
}

}  // namespace

void validate(const Optimizer& optimizer) {
  const double learning_rate = learning_rate_of(optimizer);
  require(learning_rate >= 0 && std::isfinite(learning_rate), "learning_rate", learning_rate,
          "finite and not negative");
  std::visit([](const auto& o) { validate_values(o); }, optimizer);
  const Clipping& clipping = clipping_of(optimizer);
  std::string_view set;
  for (const auto& [name, value] :
       {NamedClip{"clipvalue", clipping.clipvalue}, NamedClip{"clipnorm", clipping.clipnorm},
        NamedClip{"global_clipnorm", clipping.global_clipnorm}}) {
    if (!value) continue;
    require_positive(name, *value);
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
  const Clipping& clipping = clipping_of(optimizer);
  std::string text =
      fmt::format("{}(learning_rate={}", std::holds_alternative<Adam>(optimizer) ? "adam" : "sgd",
                  learning_rate_of(optimizer));
  text += std::visit([](const auto& o) { return values_of(o); }, optimizer);
  if (clipping.clipvalue) text += fmt::format(", clipvalue={}", *clipping.clipvalue);
  if (clipping.clipnorm) text += fmt::format(", clipnorm={}", *clipping.clipnorm);
  if (clipping.global_clipnorm) {
    text += fmt::format(", global_clipnorm={}", *clipping.global_clipnorm);
  }
  return text + ")";
}

}  // namespace saltus
