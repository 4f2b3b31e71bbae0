#include "store/onnx_graph.h"

#include <bit>

#include <fmt/format.h>

#include <saltus/version.h>

// A tensor's bytes are written as they lie in memory.
static_assert(std::endian::native == std::endian::little);

namespace saltus::store {
namespace {

constexpr int kIrVersion = 8;
constexpr int kOpset = 17;

// The numbers of the fields that are written, and of the types, in onnx.proto.
namespace model_proto {
constexpr int ir_version = 1, producer_name = 2, producer_version = 3, doc_string = 6, graph = 7,
              opset_import = 8;
}
namespace opset_id_proto {
constexpr int domain = 1, version = 2;
}
namespace graph_proto {
constexpr int node = 1, name = 2, initializer = 5, input = 11, output = 12;
}
namespace node_proto {
constexpr int input = 1, output = 2, name = 3, op_type = 4, attribute = 5;
}
namespace attribute_proto {
constexpr int name = 1, f = 2, i = 3, ints = 8, type = 20;
constexpr int type_float = 1, type_int = 2, type_ints = 7;
}  // namespace attribute_proto
namespace tensor_proto {
constexpr int dims = 1, data_type = 2, name = 8, raw_data = 9;
constexpr int type_float = 1, type_int64 = 7;
}  // namespace tensor_proto
namespace value_info_proto {
constexpr int name = 1, type = 2;
}
namespace type_proto {
constexpr int tensor_type = 1;
constexpr int elem_type = 1, shape = 2;
constexpr int dim = 1;
constexpr int dim_value = 1, dim_param = 2;
}  // namespace type_proto

struct EncodeAttribute {
  void operator()(std::int64_t value) const {
    to.integer(attribute_proto::i, value);
    to.integer(attribute_proto::type, attribute_proto::type_int);
  }
  void operator()(float value) const {
    to.real(attribute_proto::f, value);
    to.integer(attribute_proto::type, attribute_proto::type_float);
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    for (const std::int64_t value : values) to.integer(attribute_proto::ints, value);
    to.integer(attribute_proto::type, attribute_proto::type_ints);
  }

  Message& to;
};

/// Floats of the shape [batch, shape...].
Message value_info(const std::string& name, const Shape& shape) {
  Message extents;
  Message batch;
  batch.bytes(type_proto::dim_param, "batch");
  extents.message(type_proto::dim, batch);
  for (const std::int64_t extent : shape) {
    Message dim;
    dim.integer(type_proto::dim_value, extent);
    extents.message(type_proto::dim, dim);
  }
  Message tensor;
  tensor.integer(type_proto::elem_type, tensor_proto::type_float);
  tensor.message(type_proto::shape, extents);
  Message type;
  type.message(type_proto::tensor_type, tensor);
  Message info;
  info.bytes(value_info_proto::name, name);
  info.message(value_info_proto::type, type);
  return info;
}

template <class T>
std::string_view bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

}  // namespace

void OnnxGraph::begin(const std::string& layer) {
  layer_ = layer;
  first_of_layer_ = nodes_.size();
}

std::string OnnxGraph::node(std::string_view op, std::vector<std::string> inputs,
                            OnnxAttributes attributes) {
  nodes_.push_back({std::string(op), std::move(inputs), unique(fmt::format("{}/{}", layer_, op)),
                    std::move(attributes)});
  return nodes_.back().output;
}

std::string OnnxGraph::result(const std::string& value) {
  if (nodes_.size() == first_of_layer_ || nodes_.back().output != value) return value;
  return nodes_.back().output = layer_;
}

std::string OnnxGraph::floats(const std::string& name, const Shape& shape,
                              std::span<const float> values) {
  return constant(name, tensor_proto::type_float, shape, bytes_of(values));
}

std::string OnnxGraph::integers(const std::string& name, const std::vector<std::int64_t>& values) {
  return constant(name, tensor_proto::type_int64, {static_cast<std::int64_t>(values.size())},
                  bytes_of(std::span(values)));
}

std::string OnnxGraph::scalar(float value) {
  std::string& name = scalars_[std::bit_cast<std::uint32_t>(value)];
  if (name.empty()) name = floats(fmt::format("{}", value), {}, {&value, 1});
  return name;
}

std::string OnnxGraph::constant(const std::string& name, int type, const Shape& shape,
                                std::string_view bytes) {
  std::string given = unique(name);
  Message tensor;
  for (const std::int64_t extent : shape) tensor.integer(tensor_proto::dims, extent);
  tensor.integer(tensor_proto::data_type, type);
  tensor.bytes(tensor_proto::name, given);
  tensor.bytes(tensor_proto::raw_data, bytes);
  constants_.message(graph_proto::initializer, tensor);
  return given;
}

std::string OnnxGraph::unique(const std::string& name) {
  std::string given = name;
  for (int number = 1; !taken_.insert(given).second; ++number) {
    given = fmt::format("{}_{}", name, number);
  }
  return given;
}

Message OnnxGraph::encoded(const Node& node) {
  Message message;
  for (const std::string& input : node.inputs) message.bytes(node_proto::input, input);
  message.bytes(node_proto::output, node.output);
  message.bytes(node_proto::name, node.output);
  message.bytes(node_proto::op_type, node.op);
  for (const OnnxAttribute& attribute : node.attributes) {
    Message encoded;
    encoded.bytes(attribute_proto::name, attribute.name);
    std::visit(EncodeAttribute{encoded}, attribute.value);
    message.message(node_proto::attribute, encoded);
  }
  return message;
}

std::string OnnxGraph::file(const std::string& input, const Shape& input_shape,
                            const std::string& output, const Shape& output_shape) const {
  Message graph;
  for (const Node& node : nodes_) graph.message(graph_proto::node, encoded(node));
  graph.bytes(graph_proto::name, "saltus");
  graph.append(constants_);
  graph.message(graph_proto::input, value_info(input, input_shape));
  graph.message(graph_proto::output, value_info(output, output_shape));

  Message opset;
  opset.bytes(opset_id_proto::domain, "");
  opset.integer(opset_id_proto::version, kOpset);
  Message model;
  model.integer(model_proto::ir_version, kIrVersion);
  model.bytes(model_proto::producer_name, "saltus");
  model.bytes(model_proto::producer_version, SALTUS_VERSION);
  model.bytes(model_proto::doc_string,
              "Input and output are floats; images are {batch, height, width, channels}.");
  model.message(model_proto::graph, graph);
  model.message(model_proto::opset_import, opset);
  return std::move(model).encoded();
}

}  // namespace saltus::store
