#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/loss.h>

#include "core/boundary.h"
#include "core/custom.h"
#include "core/entries.h"
#include "graph/loss_formula.h"

namespace saltus {

namespace {

void check_loss_name(std::string_view name, bool has_function) {
  std::vector<std::string_view> taken;
  for (const ListedLoss& listed : usual_entries<ListedLoss>()) taken.push_back(entry_name(listed));
  check_custom("loss", name, taken, has_function);
}

}  // namespace

Loss Loss::custom(std::string name, Function function) {
  check_loss_name(name, function != nullptr);
  Loss loss(losses::MeanSquaredError{});
  loss.custom_ = std::make_shared<const Custom>(Custom{std::move(name), std::move(function)});
  return loss;
}

Loss Loss::formula(std::string_view text) try {
  Loss loss(losses::MeanSquaredError{});
  loss.formula_ = read_loss_formula(text);
  check_loss_name(loss.formula_->name(), true);
  if (!loss.formula_->has_output()) {
    throw InvalidArgument(
        fmt::format("the loss {} does not depend on y, the output", loss.formula_->text()));
  }
  return loss;
} catch (...) {
  throw_as_promised();
}

std::string_view Loss::name() const {
  if (is_formula()) return formula_->name();
  return is_custom() ? std::string_view(custom_->name) : entry_name(listed_);
}

bool Loss::is_categorical() const {
  return is_listed() && std::visit(
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
  return is_listed() && std::visit(takes, listed_);
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
  if (loss.is_formula()) return loss.definition().text();
  std::string text(loss.name());
  if (loss.is_listed()) text += values_of(loss.listed(), ":");
  return text;
}

Loss parse_loss(std::string_view text) {
  if (looks_like_loss_formula(text)) return Loss::formula(text);
  Loss loss(parse_entry<ListedLoss>("loss", text, "huber:delta=2"));
  validate(loss);
  return loss;
}

void validate(const Loss& loss) {
  if (loss.is_listed()) validate_entry(loss.listed());
}

}  // namespace saltus
