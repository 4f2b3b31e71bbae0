// Activations that are not of the list: formulas, and functions of the user's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <saltus/activation.h>

#include "formula/formula.h"

namespace saltus {

/// Refuses a name that another activation has.
[[noreturn]] void throw_taken(std::string_view name);

/// Whether an id is that of one.
bool is_custom_activation(int id);

/// The id of the one of that name; of several formulas the one that came last.
std::optional<int> find_custom_activation(std::string_view name);

/// Keeps one for good and gives it an id. Throws InvalidArgument as Activation::custom().
int add_custom_activation(std::string name, Activation::Function function);

/// What formulas call: an activation of the list, or a formula defined before, written out.
formula::Id call_activation(formula::Graph& graph, std::string_view name,
                            std::span<const std::pair<std::string_view, float>> values,
                            formula::Id operand);

/// The id of a formula: that of one before it from which only the defaults differ, if there is
/// one, whose defaults stay.
int add_formula(formula::Definition definition);

/// The formula with that id; null if the id is not that of one.
const formula::Formula* find_formula(int id);

const ActivationInfo& custom_activation_info(int id);

/// Its shape and its kinks with these parameters.
ActivationShape custom_activation_shape(const kernels::ActivationRef& ref);
kernels::Kinks custom_activation_kinks(const kernels::ActivationRef& ref);

/// What kernels are to run: for a formula that is an activation of the list in other words, that
/// one.
kernels::ActivationRef runnable(const kernels::ActivationRef& ref);

/// The values of the parameters of `ref`, as formulas take them.
formula::ParameterValues values_of(const kernels::ActivationRef& ref);

/// y[i] = f(x[i]), and slope[i] = f'(x[i]) where there is one, of a function of the user's; y may
/// be x.
void evaluate_custom_activation(int id, const float* x, float* y, float* slope, std::int64_t n);

}  // namespace saltus
