#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/loss.h>

#include "core/custom.h"
#include "core/entries.h"

namespace saltus {

Loss Loss::custom(std::string name, Function function) {
  std::vector<std::string_view> taken;
  for (const ListedLoss& listed : usual_entries<ListedLoss>()) taken.push_back(entry_name(listed));
  check_custom("loss", name, taken, function != nullptr);
  Loss loss(losses::MeanSquaredError{});
  loss.custom_ = std::make_shared<const Custom>(Custom{std::move(name), std::move(function)});
  return loss;
}

std::string_view Loss::name() const {
  return is_custom() ? std::string_view(custom_->name) : entry_name(listed_);
}

bool Loss::is_categorical() const {
  return !is_custom() && std::visit(
                             [](const auto& loss) {
                               return decltype(kernels::formula_of(loss))::kReduction ==
                                      kernels::Reduction::classes;
                             },
                             listed_);
}

bool Loss::takes_softmax() const {
  const auto takes = [](const auto& loss) {
    const auto formula = kernels::formula_of(loss);
    if constexpr (requires { formula.from_logits; }) {
      if (formula.from_logits) return false;
    }
    return requires(const kernels::LossOutput& out) {
      formula.softmax_slope(out);
    };
  };
  return !is_custom() && std::visit(takes, listed_);
}

bool operator==(const Loss& a, const Loss& b) {
  return a.custom_ == b.custom_ && to_string(a) == to_string(b);
}

std::vector<Loss> loss_list() {
  std::vector<Loss> list;
  for (const ListedLoss& listed : usual_entries<ListedLoss>()) list.emplace_back(listed);
  return list;
}

std::string to_string(const Loss& loss) {
  std::string text(loss.name());
  if (!loss.is_custom()) text += values_of(loss.listed(), ":");
  return text;
}

Loss parse_loss(std::string_view text) {
  Loss loss(parse_entry<ListedLoss>("loss", text, "huber:delta=2"));
  validate(loss);
  return loss;
}

void validate(const Loss& loss) {
  if (!loss.is_custom()) validate_entry(loss.listed());
}

}  // namespace saltus
