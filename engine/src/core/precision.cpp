#include <saltus/precision.h>

#include "core/names.h"

namespace saltus {
namespace {

constexpr Named<Precision> kNames[] = {
    {Precision::fp32, "fp32"}, {Precision::tf32, "tf32"}, {Precision::bf16, "bf16"}};

}  // namespace

std::string_view to_string(Precision precision) {
  return name_in(kNames, precision);
}

Precision parse_precision(std::string_view name) {
  return parse_in(kNames, "precision", name);
}

Precision default_precision(Device usable) {
  return usable == Device::cuda ? Precision::tf32 : Precision::fp32;
}

}  // namespace saltus
