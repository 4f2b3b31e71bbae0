#include "report/figure.h"

#include <array>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/file.h"
#include "report/gnuplot.h"
#include "report/svg.h"

namespace saltus {
namespace {

constexpr std::array<int, 5> kDashTypes = {1, 2, 4, 3, 5};

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

/// In inches at 72 points, somewhat smaller than on a screen.
std::string pdf_terminal(FigureSize size) {
  return fmt::format(
      "set terminal pdfcairo noenhanced size {:.3f}in,{:.3f}in font 'Sans,9.5' linewidth 1.2 "
      "background '#ffffff'\n",
      size.width / 96.0, size.height / 96.0);
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
constexpr PictureFormat kPdf = {.extension = "pdf", .terminal = pdf_terminal, .end = "%%EOF"};

/// gnuplot does not look at whether its writes succeed: a picture can be cut off anywhere.
bool is_whole(std::string_view picture, const PictureFormat& format) {
  return picture.substr(0, picture.find_last_not_of(" \r\n") + 1).ends_with(format.end);
}

/// gnuplot calls each of its SVGs "Gnuplot", none an image, and its plots by its data.
std::string titled(std::string picture, const FigureWords& figure) {
  const std::string words = escape_html(figure.title);
  const auto replace = [&](std::string_view old, const std::string& by) {
    if (const std::size_t at = picture.find(old); at != std::string::npos) {
      picture.replace(at, old.size(), by);
    }
  };
  replace("<title>Gnuplot</title>", fmt::format("<title>{}</title>", words));
  replace("<svg", fmt::format("<svg role=\"img\" aria-label=\"{}\"", words));
  std::size_t at = 0;
  for (const std::string& plot : figure.plots) {
    at = picture.find("<g id=\"gnuplot_plot_", at);
    if (at == std::string::npos) break;
    at = picture.find("<title>", at);
    const std::string title = fmt::format("<title>{}", escape_html(plot));
    picture.replace(at, picture.find("</title>", at) - at, title);
    at += title.size();
  }
  return picture;
}

/// Returns the file's name.
std::string write_picture(const std::filesystem::path& folder, std::string_view name,
                          FigureSize size, const FigureWords& words, std::string_view script,
                          const PictureFormat& format) {
  std::string file = fmt::format("{}.{}", name, format.extension);
  std::string picture = run_gnuplot(fmt::format("{}{}", format.terminal(size), script));
  if (!is_whole(picture, format)) {
    throw Error(
        fmt::format("no picture {}: gnuplot wrote {} bytes that do not end as {} does; look "
                    "for a full memory and draw again",
                    (folder / file).string(), picture.size(), format.extension));
  }
  if (format.extension == "svg") picture = titled(std::move(picture), words);
  write_file_atomic(folder / file, picture);
  return file;
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
          .dash = kDashTypes[round % kDashTypes.size()],
          .marker = kMarkers[line % kMarkers.size()]};
}

std::vector<std::string> figure_files(std::string_view name) {
  std::vector<std::string> files;
  for (const PictureFormat& format : kFormats) {
    files.push_back(fmt::format("{}.{}", name, format.extension));
  }
  return files;
}

std::vector<std::string> write_figure(const std::filesystem::path& folder, std::string_view name,
                                      FigureSize size, const FigureWords& words,
                                      std::string_view script, FigureFormats formats) {
  std::vector<std::string> files;
  for (const PictureFormat& format : kFormats) {
    if (!formats.svg_and_png) continue;
    files.push_back(write_picture(folder, name, size, words, script, format));
  }
  if (formats.pdf) files.push_back(write_picture(folder, name, size, words, script, kPdf));
  return files;
}

}  // namespace saltus
