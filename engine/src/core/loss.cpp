#include <saltus/loss.h>

#include "core/names.h"

namespace saltus {
namespace {

constexpr Named<Loss> kLosses[] = {
    {Loss::categorical_crossentropy, "categorical_crossentropy"},
    {Loss::sparse_categorical_crossentropy, "sparse_categorical_crossentropy"},
    {Loss::categorical_crossentropy_from_logits, "categorical_crossentropy_from_logits"},
    {Loss::binary_crossentropy, "binary_crossentropy"},
    {Loss::binary_crossentropy_from_logits, "binary_crossentropy_from_logits"},
    {Loss::mean_squared_error, "mean_squared_error"},
};

constexpr Named<Metric> kMetrics[] = {
    {Metric::binary_accuracy, "binary_accuracy"},
    {Metric::categorical_accuracy, "categorical_accuracy"},
    {Metric::mean_absolute_error, "mean_absolute_error"},
};

}  // namespace

std::string_view to_string(Loss loss) {
  return name_in(kLosses, loss);
}
std::string_view to_string(Metric metric) {
  return name_in(kMetrics, metric);
}

Loss parse_loss(std::string_view name) {
  return parse_in(kLosses, "loss", name);
}
Metric parse_metric(std::string_view name) {
  return parse_in(kMetrics, "metric", name);
}

}  // namespace saltus
