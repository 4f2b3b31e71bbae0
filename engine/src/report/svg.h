// Pictures for HTML pages: SVG whose colours are the page's.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace saltus {

/// A place in a picture, in its units from the upper left corner.
struct Place {
  double x = 0;
  double y = 0;
};

/// Characters that mean something in HTML and XML, made harmless; control characters are dropped.
std::string escape_html(std::string_view text);

/// A picture that grows. Classes name the styles of html_style.h.
class Svg {
 public:
  /// `description` is read to those who do not see it.
  Svg(double width, double height, std::string_view description);

  void line(Place from, Place to, std::string_view classes);
  void polyline(std::span<const Place> places, std::string_view classes, int dash = 1);
  void polygon(std::span<const Place> places, std::string_view classes);
  void rectangle(Place corner, double width, double height, std::string_view classes);
  /// One of the shapes of LineStyle::marker.
  void marker(int shape, Place centre, double radius, std::string_view classes);
  /// `anchor`: start, middle or end.
  void text(Place place, std::string_view anchor, std::string_view words,
            std::string_view classes = {});
  void vertical_text(Place place, std::string_view words);

  /// What follows until end() has this title, which a pointer shows.
  void begin(std::string_view title, std::string_view classes = {});
  void end();

  /// All of it.
  std::string str() const;

 private:
  std::string body_;
};

}  // namespace saltus
