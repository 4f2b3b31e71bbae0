#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace saltus {

/// What multiplies the matrices of dense layers on a GPU: our own kernels, or cuBLASLt.
enum class Gemm : std::uint8_t { saltus, cublas };

/// What computes convolutions on a GPU: our own kernels, or cuDNN.
enum class Conv : std::uint8_t { saltus, cudnn };

/// "saltus", "cublas" and so on. Parsing throws InvalidArgument with the known names.
SALTUS_API std::string_view to_string(Gemm gemm);
SALTUS_API std::string_view to_string(Conv conv);
SALTUS_API Gemm parse_gemm(std::string_view name);
SALTUS_API Conv parse_conv(std::string_view name);

/// The products that a model is trained with. Sums are added in another order by each, so the last
/// bits of results depend on it. Libraries are loaded when a model is compiled that asks for them,
/// and exist on GPUs only.
struct Libraries {
  Gemm gemm = Gemm::saltus;
  Conv conv = Conv::saltus;

  bool operator==(const Libraries&) const = default;
};

/// "gemm cublas, conv cudnn": what is chosen beside the default; empty where nothing is.
SALTUS_API std::string to_string(const Libraries& libraries);

}  // namespace saltus
