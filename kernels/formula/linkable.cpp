#include <cstdint>
#include <cstring>

#include <saltus/kernels/formula/linkable.h>

#define SALTUS_LABEL(label) ".globl " label "\n.hidden " label "\n" label ":\n"

// A file as data, from saltus_NAME to saltus_NAME_end.
#define SALTUS_HOLD(name, path)                                                               \
  asm(".pushsection .rodata\n.balign 16\n" SALTUS_LABEL(                                      \
      "saltus_" #name) ".incbin \"" path                                                      \
                       "\"\n" SALTUS_LABEL("saltus_" #name "_end") ".byte 0\n.popsection\n"); \
  extern "C" __attribute__((visibility("hidden"))) const char saltus_##name[];                \
  extern "C" __attribute__((visibility("hidden"))) const char saltus_##name##_end[];

SALTUS_HOLD(linkable_code, SALTUS_LINKABLE_CODE)
SALTUS_HOLD(portable, SALTUS_KERNELS_FOLDER "/portable.h")
SALTUS_HOLD(math_basic, SALTUS_KERNELS_FOLDER "/math/basic.h")
SALTUS_HOLD(math_exponential, SALTUS_KERNELS_FOLDER "/math/exponential.h")
SALTUS_HOLD(math_logarithm, SALTUS_KERNELS_FOLDER "/math/logarithm.h")
SALTUS_HOLD(math_normal, SALTUS_KERNELS_FOLDER "/math/normal.h")
SALTUS_HOLD(math_sums, SALTUS_KERNELS_FOLDER "/math/sums.h")
SALTUS_HOLD(math_trigonometric, SALTUS_KERNELS_FOLDER "/math/trigonometric.h")
SALTUS_HOLD(math, SALTUS_KERNELS_FOLDER "/math.h")
SALTUS_HOLD(operations, SALTUS_KERNELS_FOLDER "/formula/operations.h")
SALTUS_HOLD(programs, SALTUS_KERNELS_FOLDER "/formula/programs.h")
SALTUS_HOLD(linked, SALTUS_KERNELS_FOLDER "/formula/linked.h")
SALTUS_HOLD(mend, SALTUS_KERNELS_FOLDER "/formula/mend.h")
SALTUS_HOLD(run, SALTUS_KERNELS_FOLDER "/formula/run.h")

namespace saltus::kernels::formula {
namespace {

#define SALTUS_HELD(name) \
  std::string_view(saltus_##name, static_cast<std::size_t>(saltus_##name##_end - saltus_##name))

/// The compiler at run time has no standard library; this is what our headers take from it.
constexpr std::string_view kStandard = R"(#pragma once
namespace std {
using int32_t = int;
using uint32_t = unsigned;
using int64_t = long long;
using uint64_t = unsigned long long;
using size_t = decltype(sizeof(0));

template <class A, class B>
constexpr bool is_same_v = false;
template <class A>
constexpr bool is_same_v<A, A> = true;
template <class A, class B>
concept same_as = is_same_v<A, B>;

struct string_view {
  constexpr string_view(const char*) {}
};

template <class T>
struct numeric_limits;
template <>
struct numeric_limits<double> {
  static constexpr double infinity() { return __builtin_bit_cast(double, 0x7ff0000000000000ull); }
};

template <size_t... i>
struct index_sequence {};
template <size_t n, size_t... i>
struct Count : Count<n - 1, n - 1, i...> {};
template <size_t... i>
struct Count<0, i...> {
  using Sequence = index_sequence<i...>;
};
template <size_t n>
using make_index_sequence = typename Count<n>::Sequence;

using ::abs, ::asinh, ::atan, ::cos, ::erf, ::erfc, ::exp, ::expm1, ::floor, ::log, ::log1p, ::sin,
    ::sqrt, ::tanh;
}  // namespace std
)";
constexpr std::string_view kAllStandard = "#include <saltus/standard>\n";

/// What a fatbinary begins with.
struct FatbinHeader {
  std::uint32_t magic;
  std::uint16_t version;
  std::uint16_t header_bytes;
  std::uint64_t bytes;  ///< behind the header
};

}  // namespace

std::vector<std::string_view> linkable_code() {
  std::vector<std::string_view> all;
  std::string_view rest = SALTUS_HELD(linkable_code);
  constexpr std::uint32_t kMagic = 0xba55ed50;
  while (rest.size() > sizeof(FatbinHeader)) {
    FatbinHeader header{};
    std::memcpy(&header, rest.data(), sizeof header);
    if (header.magic != kMagic) {  // what aligns them
      rest.remove_prefix(1);
      continue;
    }
    const std::size_t bytes = header.header_bytes + header.bytes;
    all.push_back(rest.substr(0, bytes));
    rest.remove_prefix(all.back().size());
  }
  return all;
}

std::span<const Header> formula_headers() {
  static const Header kAll[] = {
      {"saltus/standard", kStandard},
      {"cmath", kAllStandard},
      {"concepts", kAllStandard},
      {"cstddef", kAllStandard},
      {"cstdint", kAllStandard},
      {"limits", kAllStandard},
      {"string_view", kAllStandard},
      {"tuple", kAllStandard},
      {"utility", kAllStandard},
      {"saltus/export.h", "#pragma once\n"},
      {"saltus/kernels/portable.h", SALTUS_HELD(portable)},
      {"saltus/kernels/math.h", SALTUS_HELD(math)},
      {"saltus/kernels/math/basic.h", SALTUS_HELD(math_basic)},
      {"saltus/kernels/math/exponential.h", SALTUS_HELD(math_exponential)},
      {"saltus/kernels/math/logarithm.h", SALTUS_HELD(math_logarithm)},
      {"saltus/kernels/math/normal.h", SALTUS_HELD(math_normal)},
      {"saltus/kernels/math/sums.h", SALTUS_HELD(math_sums)},
      {"saltus/kernels/math/trigonometric.h", SALTUS_HELD(math_trigonometric)},
      {"saltus/kernels/formula/operations.h", SALTUS_HELD(operations)},
      {"saltus/kernels/formula/programs.h", SALTUS_HELD(programs)},
      {"saltus/kernels/formula/linked.h", SALTUS_HELD(linked)},
      {"saltus/kernels/formula/mend.h", SALTUS_HELD(mend)},
      {"saltus/kernels/formula/run.h", SALTUS_HELD(run)}};
  return kAll;
}

}  // namespace saltus::kernels::formula
