// What can be said of ONNX files without a reader of them; tests/formats/ has the readers.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/model.h>

#include "core/file.h"
#include "store/onnx.h"
#include "store/protobuf.h"

namespace saltus {
namespace {

using store::Message;
using testing::HasSubstr;
using namespace std::string_literals;

std::string encoded(void (*fill)(Message&)) {
  Message message;
  fill(message);
  return message.encoded();
}

TEST(StoreProtobuf, IntegersTakeSevenBitsAByte) {
  EXPECT_EQ(encoded([](Message& m) { m.integer(1, 0); }), "\x08\x00"s);
  EXPECT_EQ(encoded([](Message& m) { m.integer(1, 127); }), "\x08\x7F"s);
  EXPECT_EQ(encoded([](Message& m) { m.integer(1, 128); }), "\x08\x80\x01"s);
  EXPECT_EQ(encoded([](Message& m) { m.integer(1, 150); }), "\x08\x96\x01"s);
  EXPECT_EQ(encoded([](Message& m) { m.integer(20, 1); }), "\xA0\x01\x01"s);
  EXPECT_EQ(encoded([](Message& m) { m.integer(1, -1); }),
            "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s);
}

TEST(StoreProtobuf, FloatsAreFourBytesLowestFirst) {
  EXPECT_EQ(encoded([](Message& m) { m.real(2, 1.5f); }), "\x15\x00\x00\xC0\x3F"s);
}

TEST(StoreProtobuf, BytesAndMessagesHaveTheirLengthBeforeThem) {
  EXPECT_EQ(encoded([](Message& m) { m.bytes(2, "testing"); }), "\x12\x07testing"s);
  EXPECT_EQ(encoded([](Message& m) { m.bytes(2, ""); }), "\x12\x00"s);
  EXPECT_EQ(encoded([](Message& m) { m.bytes(1, std::string(300, 'x')); }),
            "\x0A\xAC\x02"s + std::string(300, 'x'));
  EXPECT_EQ(encoded([](Message& m) {
              Message inner;
              inner.integer(1, 150);
              m.message(3, inner);
              m.append(inner);
            }),
            "\x1A\x03\x08\x96\x01\x08\x96\x01"s);
}

TEST(StoreOnnx, EveryActivationHasAFormula) {
  for (const ActivationInfo& info : activation_list()) {
    Graph graph({1});
    graph.add(Activation(info.name));
    EXPECT_NO_THROW(store::onnx_bytes(graph, {}))
        << info.name << " needs a line in engine/src/store/onnx_activations.cpp";
  }
}

TEST(StoreOnnx, LayersMayBeNamedAsAnything) {
  // As nodes and constants inside of layers would be called.
  Graph graph({2});
  graph.add(Activation("half_tanh"), "tanh");
  graph.add(layers::Activation{Activation::parse("gelu")}, "tanh/Mul");
  graph.add(Activation(), "0.5");
  const std::string bytes = store::onnx_bytes(graph, {});
  EXPECT_THAT(bytes, HasSubstr("tanh/Mul_1"));
  EXPECT_THAT(bytes, HasSubstr("0.5_1"));
}

TEST(StoreOnnx, ANetworkBeyondTwoGibibytesIsRefused) {
  Graph graph({30'000});
  graph.add(layers::Dense{.units = 30'000});
  try {
    store::onnx_bytes(graph, {});
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(
        error.what(),
        "the network's 900030000 weights do not fit an ONNX file, which holds 532676608 at "
        "most; make the network smaller");
  }
}

TEST(ModelExport, ReplacesAFileWholeOrNotAtAll) {
  const ScratchFolder folder(std::filesystem::temp_directory_path());
  const auto file = folder.path() / "model.onnx";
  std::ofstream(file) << "old";
  Graph graph({2});
  graph.add(layers::Dense{.units = 1});
  Model model(graph);
  model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cpu, .threads = 1});
  EXPECT_THROW(model.export_onnx(folder.path() / "missing" / "model.onnx"), DataError);
  EXPECT_EQ(read_file(file, 1000), "old");
  model.export_onnx(file);
  EXPECT_EQ(read_file(file, 1000),
            store::onnx_bytes(graph, std::vector{model.get_weights("dense/kernel"),
                                                 model.get_weights("dense/bias")}));
}

}  // namespace
}  // namespace saltus
