#include <algorithm>
#include <span>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/image_set.h>

#include "core/boundary.h"
#include "core/names.h"

namespace saltus {
namespace {

constexpr Named<Task> kTasks[] = {
    {Task::multi_class, "multi-class"},
    {Task::binary, "binary"},
    {Task::multi_label, "multi-label"},
    {Task::regression, "regression"},
};

}  // namespace

std::string_view to_string(Task task) {
  return name_in(kTasks, task);
}

Task parse_task(std::string_view name) {
  return parse_in(kTasks, "task", name);
}

std::int64_t outputs_of(const ImageDataset& data) {
  switch (data.task) {
    case Task::multi_class:
      return data.classes;
    case Task::binary:
      return 1;
    case Task::multi_label:
    case Task::regression:
      break;
  }
  return std::ssize(data.target_names);
}

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
  if (!labels.empty()) part.labels.resize(kept);
  part.targets.resize(targets.size() / static_cast<std::size_t>(count) * kept);
  return part;
} catch (...) {
  throw_as_promised();
}

Samples ImageSet::samples(std::int64_t n) const {
  const std::int64_t used = std::min(n, count);
  const auto values = static_cast<std::size_t>(used * height * width * channels);
  Samples view{.count = used, .inputs = {}, .targets = {}};
  if (targets.empty()) {
    view.targets = std::span(labels).first(static_cast<std::size_t>(used));
  } else {
    view.targets = std::span(targets).first(targets.size() / static_cast<std::size_t>(count) *
                                            static_cast<std::size_t>(used));
  }
  std::visit([&](const auto& all) { view.inputs = std::span(all).first(values); }, pixels);
  return view;
}

}  // namespace saltus
