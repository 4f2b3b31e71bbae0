#include "report/figure.h"

#include <array>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/file.h"
#include "report/gnuplot.h"

namespace saltus {
namespace {

constexpr std::array<int, 5> kDashes = {1, 2, 4, 3, 5};

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

struct PictureFormat {
  std::string_view extension;
  std::string (*terminal)(FigureSize);
  std::string_view end;  ///< of a whole file, but for white space
};

constexpr PictureFormat kFormats[] = {
    {.extension = "svg", .terminal = svg_terminal, .end = "</svg>"},
    {.extension = "png", .terminal = png_terminal, .end = "IEND\xAE\x42\x60\x82"},
};

/// gnuplot does not look at whether its writes succeed: a picture can be cut off anywhere.
bool is_whole(std::string_view picture, const PictureFormat& format) {
  return picture.substr(0, picture.find_last_not_of(" \r\n") + 1).ends_with(format.end);
}

}  // namespace

MarkerShape filled_shape(int marker) {
  // gnuplot has each shape twice, hollow and then filled.
  switch ((marker - 4) / 2) {
    case 0:
      return MarkerShape::square;
    case 2:
      return MarkerShape::triangle;
    case 3:
      return MarkerShape::triangle_down;
    case 4:
      return MarkerShape::diamond;
    case 5:
      return MarkerShape::pentagon;
    default:
      return MarkerShape::circle;
  }
}

bool is_hollow(int marker) {
  return marker % 2 == 0;
}

LineStyle line_style(std::size_t colour, std::size_t variant, std::size_t line) {
  const std::size_t round = colour / kColours.size() + variant;
  return {.colour = colour % kColours.size(),
          .dash = kDashes[round % kDashes.size()],
          .marker = kMarkers[line % kMarkers.size()]};
}

std::vector<std::string> figure_files(std::string_view name) {
  std::vector<std::string> files;
  for (const PictureFormat& format : kFormats) {
    files.push_back(fmt::format("{}.{}", name, format.extension));
  }
  return files;
}

void write_figure(const std::filesystem::path& folder, std::string_view name, FigureSize size,
                  std::string_view script) {
  for (const PictureFormat& format : kFormats) {
    const std::string file = fmt::format("{}.{}", name, format.extension);
    const std::string picture = run_gnuplot(fmt::format("{}{}", format.terminal(size), script));
    if (!is_whole(picture, format)) {
      throw Error(
          fmt::format("no picture {}: gnuplot wrote {} bytes that do not end as {} does; look "
                      "for a full memory and draw again",
                      (folder / file).string(), picture.size(), format.extension));
    }
    write_file_atomic(folder / file, picture);
  }
}

}  // namespace saltus
