#pragma once

#include <saltus/export.h>

#include <string>
#include <string_view>
#include <vector>

#include <saltus/kernels/update/optimizers.h>

namespace saltus {

/// Every optimizer with its defaults, in the order of the list. Names stay; places in it do not.
SALTUS_API const std::vector<Optimizer>& optimizer_list();

/// "adam"
SALTUS_API std::string_view name_of(const Optimizer& optimizer);

/// "adam", "sgd:momentum=0.9:nesterov=true": a name of the list, then values; what is not given has
/// its default. Throws InvalidArgument for what is unknown or not legal.
SALTUS_API Optimizer parse_optimizer(std::string_view text);

/// The text that parse_optimizer() makes such an optimizer of, but for learning rate and clipping.
SALTUS_API std::string text_of(const Optimizer& optimizer);

/// Throws InvalidArgument where a value is out of range or two kinds of clipping are set.
SALTUS_API void validate(const Optimizer& optimizer);

/// The clipping of either kind, and its learning rate.
SALTUS_API const Clipping& clipping_of(const Optimizer& optimizer);
SALTUS_API double learning_rate_of(const Optimizer& optimizer);
SALTUS_API Optimizer with_learning_rate(Optimizer optimizer, double learning_rate);

/// "adam(learning_rate=0.001, clipvalue=0.5)": all that is not usual.
SALTUS_API std::string to_string(const Optimizer& optimizer);

}  // namespace saltus
