#include "store/graph_json.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "core/names.h"

namespace saltus::store {
namespace {

/// More layers than any network has: a file of them is a lie, and each is compared with all.
constexpr std::size_t kMostLayers = 10'000;

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
Json json_of(const Shape& shape) {
  return shape;
}
Json json_of(const std::vector<int>& axes) {
  return axes;
}
Json json_of(layers::Padding padding) {
  return name_in(kPaddings, padding);
}
Json json_of(Initializer initializer) {
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

template <class L, class T>
struct Option {
  Option(const char* key, T L::*value) : name(key), member(value) {}

  const char* name;
  T L::*member;
};

/// The options of a layer: whatever there is of its kind has its line here.
template <class L>
auto options_of() {
  using namespace layers;
  if constexpr (std::is_same_v<L, Input>) {
    return std::tuple(Option{"shape", &L::shape});
  } else if constexpr (std::is_same_v<L, Conv2D>) {
    return std::tuple(Option{"filters", &L::filters}, Option{"kernel_size", &L::kernel_size},
                      Option{"strides", &L::strides}, Option{"padding", &L::padding},
                      Option{"activation", &L::activation}, Option{"use_bias", &L::use_bias},
                      Option{"kernel_initializer", &L::kernel_initializer},
                      Option{"bias_initializer", &L::bias_initializer});
  } else if constexpr (std::is_same_v<L, Dense>) {
    return std::tuple(Option{"units", &L::units}, Option{"activation", &L::activation},
                      Option{"use_bias", &L::use_bias},
                      Option{"kernel_initializer", &L::kernel_initializer},
                      Option{"bias_initializer", &L::bias_initializer});
  } else if constexpr (std::is_same_v<L, Reshape>) {
    return std::tuple(Option{"target_shape", &L::target_shape});
  } else if constexpr (std::is_same_v<L, PReLU>) {
    return std::tuple(Option{"shared_axes", &L::shared_axes},
                      Option{"alpha_initializer", &L::alpha_initializer});
  } else if constexpr (std::is_same_v<L, MaxPooling2D> || std::is_same_v<L, AveragePooling2D>) {
    return std::tuple(Option{"pool_size", &L::pool_size}, Option{"strides", &L::strides},
                      Option{"padding", &L::padding});
  } else if constexpr (std::is_same_v<L, Dropout> || std::is_same_v<L, AlphaDropout>) {
    return std::tuple(Option{"rate", &L::rate});
  } else if constexpr (std::is_same_v<L, BatchNormalization>) {
    return std::tuple(Option{"momentum", &L::momentum}, Option{"epsilon", &L::epsilon});
  } else {
    static_assert(std::is_empty_v<L>, "a layer's options are missing here");
    return std::tuple();
  }
}

Json config_of(const Layer& layer) {
  Json config = Json::object();
  std::visit(
      [&]<class L>(const L& one) {
        if constexpr (std::is_same_v<L, Activation>) {
          config["activation"] = json_of(one);
        } else {
          std::apply(
              [&](const auto&... option) {
                ((config[option.name] = json_of(one.*option.member)), ...);
              },
              options_of<L>());
        }
      },
      layer);
  return config;
}

template <class L>
Layer layer_of(const ReadJson& config) {
  L layer;
  Members members(config);
  if constexpr (std::is_same_v<L, Activation>) {
    read(members.at("activation"), layer);
  } else {
    const auto read_option = [&](const auto& option) {
      if (const ReadJson* value = members.find(option.name)) read(*value, layer.*option.member);
    };
    std::apply([&](const auto&... option) { (read_option(option), ...); }, options_of<L>());
  }
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

Layer layer_of(const std::string& kind, const ReadJson& config) {
  const auto reader = readers().find(kind);
  if (reader == readers().end()) {
    throw InvalidArgument(fmt::format("the layer {} is not known", ReadJson(kind).dump()));
  }
  return reader->second(config);
}

}  // namespace

Json json_of(const Graph& graph) {
  Json list = Json::array();
  for (const Node& node : graph.nodes()) {
    Json inputs = Json::array();
    for (const NodeId input : node.inputs) {
      inputs.push_back(graph.nodes()[static_cast<std::size_t>(input)].name);
    }
    list.push_back({{"class_name", kind_name(node.layer)},
                    {"name", node.name},
                    {"inputs", std::move(inputs)},
                    {"config", config_of(node.layer)}});
  }
  return {{"layers", std::move(list)}};
}

Graph graph_of(const ReadJson& json) {
  Members graph_members(json);
  const auto& list = graph_members.at("layers").get_ref<const ReadJson::array_t&>();
  graph_members.require_no_more();
  if (list.empty() || list.size() > kMostLayers) {
    throw InvalidArgument(
        fmt::format("there are {} layers, but may be 1 to {}", list.size(), kMostLayers));
  }
  std::optional<Graph> graph;
  std::map<std::string, NodeId> ids;
  for (const ReadJson& entry : list) {
    Members members(entry);
    Layer layer =
        layer_of(members.at("class_name").get_ref<const std::string&>(), members.at("config"));
    const auto& name = members.at("name").get_ref<const std::string&>();
    if (name.empty()) throw InvalidArgument("a layer has an empty name");
    std::vector<NodeId> inputs;
    for (const ReadJson& input : members.at("inputs").get_ref<const ReadJson::array_t&>()) {
      const auto id = ids.find(input.get_ref<const std::string&>());
      if (id == ids.end()) {
        throw InvalidArgument(fmt::format(
            "{} takes its input from {}, which no layer before it is called", name, input.dump()));
      }
      inputs.push_back(id->second);
    }
    members.require_no_more();
    NodeId id = 0;
    if (graph) {
      id = graph->add_to(std::move(inputs), std::move(layer), name);
    } else if (const auto* input = std::get_if<layers::Input>(&layer); input && inputs.empty()) {
      graph.emplace(input->shape);  // its node's name is Keras's, whatever the file calls it
    } else {
      throw InvalidArgument(
          fmt::format("the first layer is {}, not an InputLayer", kind_name(layer)));
    }
    ids[name] = id;
  }
  return *std::move(graph);
}

}  // namespace saltus::store
