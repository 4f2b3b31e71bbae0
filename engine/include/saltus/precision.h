#pragma once

#include <saltus/export.h>

#include <string_view>

#include <saltus/device.h>

namespace saltus {

/// What the inputs of matrix products are rounded to; weights, moments, sums and losses are always
/// fp32. tf32 exists on GPUs, bf16 on CPUs with AVX-512 BF16 too.
enum class Precision { fp32, tf32, bf16 };

/// "fp32" and so on. Parsing throws InvalidArgument with the known names.
SALTUS_API std::string_view to_string(Precision precision);
SALTUS_API Precision parse_precision(std::string_view name);

/// What a device is best at without giving much away: tf32 on a GPU, fp32 on a CPU.
SALTUS_API Precision default_precision(Device usable);

}  // namespace saltus
