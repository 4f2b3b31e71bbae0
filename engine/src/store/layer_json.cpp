#include "store/layer_json.h"

#include <map>
#include <type_traits>

#include "core/names.h"
#include "ops/list.h"

namespace saltus::store {
namespace {

constexpr Named<layers::Padding> kPaddings[] = {{layers::Padding::valid, "valid"},
                                                {layers::Padding::same, "same"}};

// An option's value as JSON, and back.

Json json_of(std::int64_t value) {
  return value;
}
Json json_of(bool value) {
  return value;
}
Json json_of(double value) {
  return value;
}
Json json_of(const Size2& size) {
  return {size.height, size.width};
}
Json json_of(const layers::Margins& margins) {
  const auto& [height, width] = margins;
  return {{height.before, height.after}, {width.before, width.after}};
}
Json json_of(const Shape& shape) {
  return shape;
}
Json json_of(const std::vector<int>& axes) {
  return axes;
}
Json json_of(layers::Padding padding) {
  return name_in(kPaddings, padding);
}
Json json_of(const Initializer& initializer) {
  return to_string(initializer);
}
Json json_of(const Activation& activation) {
  return activation.str();
}

void read(const ReadJson& json, std::int64_t& value) {
  value = whole<std::int64_t>(json);
}
void read(const ReadJson& json, bool& value) {
  value = json.get_ref<const ReadJson::boolean_t&>();
}
void read(const ReadJson& json, double& value) {
  if (!json.is_number()) throw InvalidArgument(fmt::format("{} is no number", json.type_name()));
  json.get_to(value);
}
void read(const ReadJson& json, Size2& size) {
  const auto extents = wholes<std::int64_t>(json);
  if (extents.size() != 2) throw InvalidArgument("a size is not of height and width");
  size = {extents[0], extents[1]};
}
void read(const ReadJson& json, layers::Sides& sides) {
  const auto two = wholes<std::int64_t>(json);
  if (two.size() != 2) throw InvalidArgument("a side has no two numbers, before and after");
  sides = {two[0], two[1]};
}
void read(const ReadJson& json, layers::Margins& margins) {
  const auto& both = json.get_ref<const ReadJson::array_t&>();
  if (both.size() != 2) throw InvalidArgument("a padding is not of height and width");
  read(both[0], margins.height);
  read(both[1], margins.width);
}
void read(const ReadJson& json, Shape& shape) {
  shape = wholes<std::int64_t>(json);
}
void read(const ReadJson& json, std::vector<int>& axes) {
  axes = wholes<int>(json);
}
void read(const ReadJson& json, layers::Padding& padding) {
  padding = parse_in(kPaddings, "padding", json.get_ref<const std::string&>());
}
void read(const ReadJson& json, Initializer& initializer) {
  initializer = parse_initializer(json.get_ref<const std::string&>());
}
void read(const ReadJson& json, Activation& activation) {
  activation = Activation::parse(json.get_ref<const std::string&>());
}

template <class L>
Layer layer_of(const ReadJson& config) {
  L layer;
  Members members(config);
  const auto read_option = [&](const auto& option) {
    if (const ReadJson* value = members.find(option.name)) read(*value, option.of(layer));
  };
  std::apply([&](const auto&... option) { (read_option(option), ...); },
             ops::LayerRule<L>::options());
  members.require_no_more();
  return layer;
}

using Reader = Layer (*)(const ReadJson&);

/// Readers of all layers, by Keras's name of the class.
const std::map<std::string_view, Reader>& readers() {
  static const auto all = []<class... L>(std::type_identity<std::variant<L...>>) {
    return std::map<std::string_view, Reader>{{kind_name(L{}), &layer_of<L>}...};
  }(std::type_identity<Layer>{});
  return all;
}

/// Whether an option's value has a part in what the layer computes: an activation that is none has
/// not.
template <class T>
bool takes_part(const T& value) {
  if constexpr (std::is_same_v<T, Activation>) return value != Activation();
  return true;
}

/// Calls visit(option, value) for each option.
template <class Visit>
void for_each_option(const Layer& layer, Visit visit) {
  std::visit(
      [&]<class L>(const L& one) {
        std::apply([&](const auto&... option) { (visit(option, option.of(one)), ...); },
                   ops::LayerRule<L>::options());
      },
      layer);
}

}  // namespace

Json config_of(const Layer& layer) {
  Json config = Json::object();
  for_each_option(
      layer, [&](const auto& option, const auto& value) { config[option.name] = json_of(value); });
  return config;
}

Json identity_of(const Layer& layer) {
  Json identity = Json::object();
  for_each_option(layer, [&](const auto& option, const auto& value) {
    if (option.shown_by == ops::ShownBy::itself && takes_part(value)) {
      identity[option.name] = json_of(value);
    }
  });
  return identity;
}

Layer layer_of(const std::string& kind, const ReadJson& config) {
  const auto reader = readers().find(kind);
  if (reader == readers().end()) {
    throw InvalidArgument(fmt::format("the layer {} is not known", ReadJson(kind).dump()));
  }
  return reader->second(config);
}

}  // namespace saltus::store
