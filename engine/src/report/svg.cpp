#include "report/svg.h"

#include <array>
#include <cmath>
#include <iterator>
#include <numbers>

#include <fmt/format.h>

#include "report/figure.h"

namespace saltus {
namespace {

/// gnuplot's dashes in lengths of strokes and gaps; number 1 is solid.
constexpr std::string_view kDashes[] = {"", "", "7 4", "2 3", "9 3 2 3", "9 3 2 3 2 3"};

std::string class_of(std::string_view classes) {
  return classes.empty() ? std::string() : fmt::format(" class=\"{}\"", classes);
}

std::string list_of(std::span<const Place> places) {
  std::string list;
  for (const Place& place : places) {
    fmt::format_to(std::back_inserter(list), "{}{:.1f},{:.1f}", list.empty() ? "" : " ", place.x,
                   place.y);
  }
  return list;
}

/// Corners on a circle, the first at an angle from the top.
std::string corners(int count, double turned, Place centre, double radius) {
  std::array<Place, 8> places;
  for (int i = 0; i < count; ++i) {
    const double angle = 2 * std::numbers::pi * (i / static_cast<double>(count) + turned);
    places[static_cast<std::size_t>(i)] = {centre.x + radius * std::sin(angle),
                                           centre.y - radius * std::cos(angle)};
  }
  return list_of(std::span(places).first(static_cast<std::size_t>(count)));
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\t') out += c;
    }
  }
  return out;
}

Svg::Svg(double width, double height, std::string_view description)
    : body_(fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" "
                        "role=\"img\" aria-label=\"{}\">\n",
                        width, height, escape_html(description))) {
  body_ += fmt::format("<title>{}</title>\n", escape_html(description));
}

void Svg::line(Place from, Place to, std::string_view classes) {
  body_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"{}/>\n",
                       from.x, from.y, to.x, to.y, class_of(classes));
}

void Svg::polyline(std::span<const Place> places, std::string_view classes, int dash) {
  const std::string_view dashes = kDashes[static_cast<std::size_t>(dash)];
  body_ += fmt::format("<polyline points=\"{}\"{}{}/>\n", list_of(places), class_of(classes),
                       dashes.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", dashes));
}

void Svg::polygon(std::span<const Place> places, std::string_view classes) {
  body_ += fmt::format("<polygon points=\"{}\"{}/>\n", list_of(places), class_of(classes));
}

void Svg::rectangle(Place corner, double width, double height, std::string_view classes) {
  body_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"{}/>\n",
                       corner.x, corner.y, width, height, class_of(classes));
}

void Svg::marker(int shape, Place centre, double radius, std::string_view classes) {
  const std::string look = fmt::format(" class=\"m{}{}{}\"", is_hollow(shape) ? " hollow" : "",
                                       classes.empty() ? "" : " ", classes);
  const auto polygon = [&](int count, double turned, double size) {
    body_ += fmt::format("<polygon points=\"{}\"{}/>\n",
                         corners(count, turned, centre, size * radius), look);
  };
  switch (filled_shape(shape)) {
    case MarkerShape::circle:
      body_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"{}/>\n", centre.x,
                           centre.y, radius, look);
      return;
    case MarkerShape::square:
      return polygon(4, 0.125, 1.25);
    case MarkerShape::triangle:
      return polygon(3, 0, 1.35);
    case MarkerShape::triangle_down:
      return polygon(3, 0.5, 1.35);
    case MarkerShape::diamond:
      return polygon(4, 0, 1.35);
    case MarkerShape::pentagon:
      return polygon(5, 0, 1.2);
  }
}

void Svg::text(Place place, std::string_view anchor, std::string_view words,
               std::string_view classes) {
  body_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", place.x,
                       place.y, anchor, class_of(classes), escape_html(words));
}

void Svg::vertical_text(Place place, std::string_view words) {
  body_ += fmt::format(
      "<text x=\"{0:.1f}\" y=\"{1:.1f}\" text-anchor=\"middle\" transform=\"rotate(-90 {0:.1f} "
      "{1:.1f})\">{2}</text>\n",
      place.x, place.y, escape_html(words));
}

void Svg::begin(std::string_view title, std::string_view classes) {
  body_ += fmt::format("<g{}><title>{}</title>\n", class_of(classes), escape_html(title));
}

void Svg::end() {
  body_ += "</g>\n";
}

std::string Svg::str() const {
  return body_ + "</svg>\n";
}

}  // namespace saltus
