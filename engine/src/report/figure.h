// The common part of all pictures: two formats, a palette, a size.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace saltus {

/// Width and height of a picture in points of its fonts' size; the PNG has twice as many pixels.
struct FigureSize {
  int width = 0;
  int height = 0;
};

/// What an SVG says of itself to a pointer, and to those who do not see it.
struct FigureWords {
  std::string title;
  std::vector<std::string> plots;  ///< of everything that is plotted, in this order
};

/// The files that are made of a picture.
struct FigureFormats {
  bool svg_and_png = true;
  bool pdf = false;
};

/// Draws a gnuplot script (without terminal and output) as FOLDER/NAME.svg and FOLDER/NAME.png, or
/// as FOLDER/NAME.pdf; returns the files' names. Throws Error, or DataError if a file cannot be
/// written.
std::vector<std::string> write_figure(const std::filesystem::path& folder, std::string_view name,
                                      FigureSize size, const FigureWords& words,
                                      std::string_view script, FigureFormats formats = {});

/// The files that it writes: NAME.svg and NAME.png.
std::vector<std::string> figure_files(std::string_view name);

/// Colours of the first eight lines, which are told apart also by readers who see colours
/// differently, and in grey: for white paper, and for a dark screen.
inline constexpr std::array<std::string_view, 8> kColours = {
    "#002168", "#9D3106", "#447B55", "#C56BA5", "#E6BC35", "#1CAEFA", "#040100", "#5A314A"};
inline constexpr std::array<std::string_view, 8> kColoursOnDark = {
    "#3567C2", "#D55A13", "#84BC6B", "#FBB3B6", "#FCFB9B", "#ABE6FF", "#555553", "#AB8BBA"};

/// The markers of the first twelve lines, as gnuplot's pointtypes: six shapes, filled and hollow.
inline constexpr std::array<int, 12> kMarkers = {7, 5, 9, 13, 11, 15, 6, 4, 8, 12, 10, 14};
enum class MarkerShape : std::uint8_t {
  circle,
  square,
  triangle,
  triangle_down,
  diamond,
  pentagon
};
MarkerShape filled_shape(int marker);
bool is_hollow(int marker);

/// How a line looks.
struct LineStyle {
  std::size_t colour = 0;  ///< place in kColours
  int dash = 1;            ///< gnuplot's dashtype
  int marker = 7;          ///< of kMarkers
};

/// The style of a line of colour number `colour`, dashed if the colour has come round or `variant`
/// is not 0, with the marker of line number `line`.
LineStyle line_style(std::size_t colour, std::size_t variant, std::size_t line);

}  // namespace saltus
