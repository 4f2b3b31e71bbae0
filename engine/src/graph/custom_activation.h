// Activations that are functions of the user's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <saltus/activation.h>

namespace saltus {

/// Refuses a name that another activation has.
[[noreturn]] void throw_taken(std::string_view name);

/// Whether an id is that of one.
bool is_custom_activation(int id);

/// The id of the one of that name.
std::optional<int> find_custom_activation(std::string_view name);

/// Keeps one for good and gives it an id. Throws InvalidArgument as Activation::custom().
int add_custom_activation(std::string name, Activation::Function function);

const ActivationInfo& custom_activation_info(int id);

/// y[i] = f(x[i]), and slope[i] = f'(x[i]) where there is one; y may be x.
void evaluate_custom_activation(int id, const float* x, float* y, float* slope, std::int64_t n);

}  // namespace saltus
