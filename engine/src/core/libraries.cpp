#include <fmt/format.h>

#include <saltus/libraries.h>

#include "core/names.h"

namespace saltus {
namespace {

constexpr Named<Gemm> kGemms[] = {{Gemm::saltus, "saltus"}, {Gemm::cublas, "cublas"}};
constexpr Named<Conv> kConvs[] = {{Conv::saltus, "saltus"}, {Conv::cudnn, "cudnn"}};

}  // namespace

std::string_view to_string(Gemm gemm) {
  return name_in(kGemms, gemm);
}

std::string_view to_string(Conv conv) {
  return name_in(kConvs, conv);
}

std::string to_string(const Libraries& libraries) {
  std::string chosen;
  if (libraries.gemm != Gemm::saltus) chosen += fmt::format("gemm {}", to_string(libraries.gemm));
  if (libraries.conv == Conv::saltus) return chosen;
  return fmt::format("{}{}conv {}", chosen, chosen.empty() ? "" : ", ", to_string(libraries.conv));
}

Gemm parse_gemm(std::string_view name) {
  return parse_in(kGemms, "gemm", name);
}

Conv parse_conv(std::string_view name) {
  return parse_in(kConvs, "conv", name);
}

}  // namespace saltus
