// Lines are told apart by readers who see colours differently, and in grey.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <string_view>
#include <tuple>

#include <gtest/gtest.h>

#include "report/figure.h"

namespace saltus {
namespace {

using Triple = std::array<double, 3>;
using Matrix = std::array<Triple, 3>;

/// Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision
/// Deficiency", IEEE TVCG 15 (2009), severity 1, for linear RGB.
constexpr Matrix kProtanopia = {{{0.152286, 1.052583, -0.204868},
                                 {0.114503, 0.786281, 0.099216},
                                 {-0.003882, -0.048116, 1.051998}}};
constexpr Matrix kDeuteranopia = {{{0.367322, 0.860646, -0.227968},
                                   {0.280085, 0.672501, 0.047413},
                                   {-0.011820, 0.042940, 0.968881}}};
constexpr Matrix kTritanopia = {{{1.255528, -0.076749, -0.178779},
                                 {-0.078411, 0.930809, 0.147602},
                                 {0.004733, 0.691367, 0.303900}}};
constexpr Matrix kNormal = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

/// From linear RGB to XYZ with sRGB's primaries (IEC 61966-2-1), and its white.
constexpr Matrix kXyz = {{{0.4124564, 0.3575761, 0.1804375},
                          {0.2126729, 0.7151522, 0.0721750},
                          {0.0193339, 0.1191920, 0.9503041}}};
constexpr Triple kWhite = {0.95047, 1, 1.08883};

Triple times(const Matrix& matrix, const Triple& vector) {
  Triple result{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) result[i] += matrix[i][j] * vector[j];
  }
  return result;
}

Triple linear(std::string_view hex) {
  Triple rgb{};
  for (std::size_t i = 0; i < 3; ++i) {
    int byte = 0;
    std::from_chars(hex.data() + 1 + 2 * i, hex.data() + 3 + 2 * i, byte, 16);
    const double value = byte / 255.0;
    rgb[i] = value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  }
  return rgb;
}

/// CIE L*a*b* of what is seen of a colour.
Triple lab(std::string_view hex, const Matrix& sight) {
  Triple seen = times(sight, linear(hex));
  for (double& value : seen) value = std::clamp(value, 0.0, 1.0);
  Triple f = times(kXyz, seen);
  for (std::size_t i = 0; i < 3; ++i) {
    const double t = f[i] / kWhite[i];
    f[i] = t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116;
  }
  return {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
}

/// The least of all pairs.
double least(std::span<const std::string_view> colours, const auto& difference) {
  double smallest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < colours.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      smallest = std::min(smallest, difference(colours[i], colours[j]));
    }
  }
  return smallest;
}

TEST(Palette, LabIsThatOfTheBooks) {
  const Triple red = lab("#FF0000", kNormal);
  EXPECT_NEAR(red[0], 53.24, 0.01);
  EXPECT_NEAR(red[1], 80.09, 0.01);
  EXPECT_NEAR(red[2], 67.20, 0.01);
}

TEST(Palette, PairsDifferInEverySight) {
  // 2.3 is the least that is seen side by side; lines in a picture are thin and far apart, so a
  // multiple of it.
  constexpr double kLeast = 20;
  constexpr double kLeastGrey = 8;
  for (const auto& colours : {kColours, kColoursOnDark}) {
    for (const Matrix& sight : {kNormal, kProtanopia, kDeuteranopia, kTritanopia}) {
      EXPECT_GE(least(colours,
                      [&](std::string_view a, std::string_view b) {
                        const Triple x = lab(a, sight);
                        const Triple y = lab(b, sight);
                        return std::hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
                      }),
                kLeast);
    }
    EXPECT_GE(least(colours,
                    [&](std::string_view a, std::string_view b) {
                      return std::abs(lab(a, kNormal)[0] - lab(b, kNormal)[0]);
                    }),
              kLeastGrey);
  }
}

TEST(Palette, ColoursAreSeenOnTheirBackground) {
  for (const std::string_view colour : kColours) {
    EXPECT_LE(lab(colour, kNormal)[0], 100 - 20) << colour << " on white";
  }
  const double dark = lab("#14171A", kNormal)[0];
  for (const std::string_view colour : kColoursOnDark) {
    EXPECT_GE(lab(colour, kNormal)[0], dark + 20) << colour << " on the report's dark page";
  }
}

TEST(LineStyle, EachLineHasAMarkerOfItsOwn) {
  std::set<int> markers;
  std::set<std::tuple<std::size_t, int, int>> looks;
  for (std::size_t line = 0; line < 100; ++line) {
    const LineStyle style = line_style(line, 0, line);
    looks.emplace(style.colour, style.dash, style.marker);
    if (line < kMarkers.size()) markers.insert(style.marker);
  }
  EXPECT_EQ(markers.size(), kMarkers.size());
  EXPECT_EQ(looks.size(), 100u);
  // Settings of one activation.
  EXPECT_EQ(line_style(3, 1, 9).colour, line_style(3, 0, 8).colour);
  EXPECT_NE(line_style(3, 1, 9).dash, line_style(3, 0, 8).dash);
  // Each shape is drawn filled and hollow.
  std::set<std::pair<MarkerShape, bool>> shapes;
  for (const int marker : kMarkers) shapes.emplace(filled_shape(marker), is_hollow(marker));
  EXPECT_EQ(shapes.size(), kMarkers.size());
}

}  // namespace
}  // namespace saltus
