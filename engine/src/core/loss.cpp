#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/loss.h>

#include "core/names.h"

namespace saltus {
namespace {

constexpr Named<Loss::Kind> kLosses[] = {
    {Loss::Kind::categorical_crossentropy, "categorical_crossentropy"},
    {Loss::Kind::sparse_categorical_crossentropy, "sparse_categorical_crossentropy"},
    {Loss::Kind::categorical_crossentropy_from_logits, "categorical_crossentropy_from_logits"},
    {Loss::Kind::binary_crossentropy, "binary_crossentropy"},
    {Loss::Kind::binary_crossentropy_from_logits, "binary_crossentropy_from_logits"},
    {Loss::Kind::mean_squared_error, "mean_squared_error"},
};

constexpr Named<Metric::Kind> kMetrics[] = {
    {Metric::Kind::binary_accuracy, "binary_accuracy"},
    {Metric::Kind::categorical_accuracy, "categorical_accuracy"},
    {Metric::Kind::mean_absolute_error, "mean_absolute_error"},
};

/// Throws unless `name` can be the name of something new in this table.
template <typename Enum, std::size_t count>
void check_custom(const Named<Enum> (&table)[count], std::string_view what, std::string_view name,
                  bool has_function) {
  if (name.empty()) throw InvalidArgument(fmt::format("a custom {} needs a name", what));
  for (const Named<Enum>& entry : table) {
    if (entry.name == name) {
      throw InvalidArgument(
          fmt::format("there is a {} {} already; give yours another name", what, name));
    }
  }
  if (!has_function) throw InvalidArgument(fmt::format("{} {} has no function", what, name));
}

}  // namespace

// Not in the header: whoever includes it would make and end them, in code for whatever CPU that is
// compiled for.
const Loss Loss::categorical_crossentropy{Kind::categorical_crossentropy};
const Loss Loss::sparse_categorical_crossentropy{Kind::sparse_categorical_crossentropy};
const Loss Loss::categorical_crossentropy_from_logits{Kind::categorical_crossentropy_from_logits};
const Loss Loss::binary_crossentropy{Kind::binary_crossentropy};
const Loss Loss::binary_crossentropy_from_logits{Kind::binary_crossentropy_from_logits};
const Loss Loss::mean_squared_error{Kind::mean_squared_error};
const Metric Metric::binary_accuracy{Kind::binary_accuracy};
const Metric Metric::categorical_accuracy{Kind::categorical_accuracy};
const Metric Metric::mean_absolute_error{Kind::mean_absolute_error};

Loss Loss::custom(std::string name, Function function) {
  check_custom(kLosses, "loss", name, function != nullptr);
  Loss loss(Kind::custom);
  loss.custom_ = std::make_shared<const Custom>(Custom{std::move(name), std::move(function)});
  return loss;
}

std::string_view Loss::name() const {
  return kind_ == Kind::custom ? std::string_view(custom_->name) : name_in(kLosses, kind_);
}

Metric Metric::custom(std::string name, Function function) {
  check_custom(kMetrics, "metric", name, function != nullptr);
  for (const std::string_view figure :
       {"loss", "clipped", "learning_rate", "seconds", "images_per_second"}) {
    if (name == figure) {
      throw InvalidArgument(
          fmt::format("logs hold another figure named {}; give your metric another name", name));
    }
  }
  Metric metric(Kind::custom);
  metric.custom_ = std::make_shared<const Custom>(Custom{std::move(name), std::move(function)});
  return metric;
}

std::string_view Metric::name() const {
  return kind_ == Kind::custom ? std::string_view(custom_->name) : name_in(kMetrics, kind_);
}

std::string_view to_string(const Loss& loss) {
  return loss.name();
}
std::string_view to_string(const Metric& metric) {
  return metric.name();
}

Loss parse_loss(std::string_view name) {
  return parse_in(kLosses, "loss", name);
}
Metric parse_metric(std::string_view name) {
  return parse_in(kMetrics, "metric", name);
}

}  // namespace saltus
