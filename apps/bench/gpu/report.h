// What the measurements say, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>

#include "measure.h"

namespace saltus::bench {

/// The device, its driver and this program's CUDA.
nlohmann::json describe_device();

nlohmann::json to_json(const Entry& entry, const std::vector<Result>& results);

/// A line of the table for each contestant of an entry in JSON.
void print_lines(const nlohmann::json& entry);
void print_heading(const nlohmann::json& device);

}  // namespace saltus::bench
