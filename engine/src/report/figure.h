// The common part of all pictures: two formats, a palette, a size.
#pragma once

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

/// Draws a gnuplot script (without terminal and output) as FOLDER/NAME.svg and FOLDER/NAME.png.
/// Throws Error, or DataError if a file cannot be written.
void write_figure(const std::filesystem::path& folder, std::string_view name, FigureSize size,
                  std::string_view script);

/// The files that it writes: NAME.svg and NAME.png.
std::vector<std::string> figure_files(std::string_view name);

/// Colour, dash and marker of a line, told apart also by readers who see colours differently (the
/// colours are those of Okabe and Ito without yellow, which is faint on white).
struct LineStyle {
  std::string_view colour;
  int dash = 1;    ///< gnuplot's dashtype
  int marker = 7;  ///< gnuplot's pointtype
};

/// The style of line number `index`; `variant` keeps the colour and changes dash and marker.
LineStyle line_style(std::size_t index, std::size_t variant);

}  // namespace saltus
