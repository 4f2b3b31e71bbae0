#include "report/figure.h"

#include <array>

#include <fmt/format.h>

#include "core/file.h"
#include "report/gnuplot.h"

namespace saltus {
namespace {

constexpr std::array<std::string_view, 8> kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                      "#E69F00", "#56B4E9", "#000000", "#8C8C8C"};
constexpr std::array<int, 5> kDashes = {1, 2, 4, 3, 5};
constexpr std::array<int, 6> kMarkers = {7, 5, 9, 11, 13, 6};

std::string svg_terminal(FigureSize size) {
  return fmt::format(
      "set terminal svg noenhanced size {},{} font 'Helvetica, Arial, sans-serif,9.5' fontscale "
      "1.28 "
      "background '#ffffff' linewidth 1.4\n",
      size.width, size.height);
}

std::string png_terminal(FigureSize size) {
  return fmt::format(
      "set terminal pngcairo noenhanced size {},{} font 'Sans,9.5' fontscale 2 linewidth 2.6 "
      "pointscale 2 background '#ffffff'\n",
      2 * size.width, 2 * size.height);
}

}  // namespace

LineStyle line_style(std::size_t index, std::size_t variant) {
  const std::size_t round = index / kColours.size() + variant;
  return {.colour = kColours[index % kColours.size()],
          .dash = kDashes[round % kDashes.size()],
          .marker = kMarkers[round % kMarkers.size()]};
}

void write_figure(const std::filesystem::path& folder, std::string_view name, FigureSize size,
                  std::string_view script) {
  const auto draw = [&](const std::string& terminal, std::string_view extension) {
    const std::string picture = run_gnuplot(fmt::format("{}{}", terminal, script));
    write_file_atomic(folder / fmt::format("{}.{}", name, extension), picture);
  };
  draw(svg_terminal(size), "svg");
  draw(png_terminal(size), "png");
}

}  // namespace saltus
