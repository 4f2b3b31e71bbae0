#include <algorithm>
#include <span>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/image_set.h>

#include "core/boundary.h"

namespace saltus {

ImageSet ImageSet::first(std::int64_t n) const try {
  if (n < 1) throw InvalidArgument(fmt::format("the first {} images: expected at least 1", n));
  ImageSet part = *this;
  if (n >= count) return part;
  const auto kept = static_cast<std::size_t>(n);
  part.count = n;
  std::visit(
      [&](auto& values) {
        values.resize(kept * static_cast<std::size_t>(height * width * channels));
        values.shrink_to_fit();
      },
      part.pixels);
  part.labels.resize(kept);
  return part;
} catch (...) {
  throw_as_promised();
}

Samples ImageSet::samples(std::int64_t n) const {
  const std::int64_t used = std::min(n, count);
  const auto values = static_cast<std::size_t>(used * height * width * channels);
  Samples view{.count = used,
               .inputs = {},
               .targets = std::span(labels).first(static_cast<std::size_t>(used))};
  std::visit([&](const auto& all) { view.inputs = std::span(all).first(values); }, pixels);
  return view;
}

}  // namespace saltus
