// What callbacks that watch a figure have in common.
#pragma once

#include <string>
#include <string_view>

#include <saltus/callbacks.h>

namespace saltus::train {

/// Whether the figure that is watched should rise.
bool should_rise(Direction direction, std::string_view monitor);

/// Throws InvalidArgument, in the name of the callback, unless the training gives the figure.
void require_figure(const FitInfo& info, const std::string& monitor, std::string_view callback);

}  // namespace saltus::train
