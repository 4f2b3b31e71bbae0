// The networks that a sweep can train. One list: everything else is made from it.
#pragma once

#include <saltus/export.h>

#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include <saltus/kernels/entry.h>

namespace saltus {

/// Each has its parameters as public members, initialized with their defaults, and what
/// CONTRIBUTING.md lists. Behind each convolution and dense layer but the last, a
/// BatchNormalization where that is asked for, and the activation of the sweep; at the end Dense
/// with as many units as classes, and Softmax. Along an axis of one pixel, as the images of signals
/// have it, kernels, windows and strides are 1.
namespace architectures {

inline constexpr kernels::Interval kCount = {"1 to 1024", 1, true, 1025};

/// The tutorial's: Conv2D 32 3x3, Conv2D 64 3x3, MaxPooling2D 2x2, dropout 0.25, Flatten, Dense
/// 128, dropout 0.5.
struct Tutorial {
  static constexpr std::string_view kName = "tutorial";
  static constexpr auto parameters() { return std::tuple(); }
};

/// Flatten, then `depth` times Dense `width` and dropout; depth 0 is a linear network, in which no
/// activation stands. With residual = 1, what comes into a layer, but for the first, is added to
/// what its activation puts out.
struct SALTUS_API Mlp {
  double depth = 3;
  double width = 128;
  double dropout = 0;
  double residual = 0;

  static constexpr std::string_view kName = "mlp";
  static constexpr auto parameters() {
    return std::tuple(kernels::number("depth", &Mlp::depth, {"0 to 1024", 0, true, 1025}),
                      kernels::number("width", &Mlp::width, kCount),
                      kernels::number("dropout", &Mlp::dropout, kernels::kShare),
                      kernels::number("residual", &Mlp::residual, {"0 or 1", 0, true, 2}));
  }
  [[nodiscard]] std::string_view conflict() const;
};

/// `blocks` times two Conv2D 3x3 of the same size, MaxPooling2D 2x2 and dropout, with `filters` in
/// the first block and twice as many in each that follows; then GlobalAveragePooling2D.
struct SALTUS_API Cnn {
  double blocks = 2;
  double filters = 32;
  double dropout = 0;

  static constexpr std::string_view kName = "cnn";
  static constexpr auto parameters() {
    return std::tuple(kernels::number("blocks", &Cnn::blocks, {"1 to 8", 1, true, 9}),
                      kernels::number("filters", &Cnn::filters, kCount),
                      kernels::number("dropout", &Cnn::dropout, kernels::kShare));
  }
  [[nodiscard]] std::string_view conflict() const;
};

/// The residual network of He et al. for small images ("Deep residual learning", 2016, section
/// 4.2): Conv2D 3x3, three stages of `blocks` residual blocks with `filters`, twice and four times
/// as many, the later stages at half the size of the one before; GlobalAveragePooling2D. A block is
/// two Conv2D 3x3, whose result is added to its input before the last activation; where the shape
/// changes, a Conv2D 1x1 changes that of the input.
struct SALTUS_API Resnet {
  double blocks = 3;
  double filters = 16;

  static constexpr std::string_view kName = "resnet";
  static constexpr auto parameters() {
    return std::tuple(kernels::number("blocks", &Resnet::blocks, {"1 to 64", 1, true, 65}),
                      kernels::number("filters", &Resnet::filters, kCount));
  }
  [[nodiscard]] std::string_view conflict() const;
};

}  // namespace architectures

/// Any of them: the whole list.
using Architecture = std::variant<architectures::Tutorial, architectures::Mlp, architectures::Cnn,
                                  architectures::Resnet>;

/// Every architecture with its defaults, in the order of the list.
SALTUS_API const std::vector<Architecture>& architecture_list();

/// "resnet"
SALTUS_API std::string_view name_of(const Architecture& architecture);

/// "tutorial", "mlp:depth=5:width=64": a name of the list, then values; what is not given has its
/// default. Throws InvalidArgument for what is unknown or not legal.
SALTUS_API Architecture parse_architecture(std::string_view text);

/// The text that parse_architecture() makes such an architecture of.
SALTUS_API std::string text_of(const Architecture& architecture);

/// Throws InvalidArgument where a value is out of range.
SALTUS_API void validate(const Architecture& architecture);

}  // namespace saltus
