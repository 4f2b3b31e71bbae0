// Convolutions and dense layers, all three passes, in each kind of numbers.
#include <cmath>

#include <saltus/kernels/convolution/convolution.h>

#include "arena.h"
#include "contest.h"
#include "peers.h"

namespace saltus::bench {
namespace {

using cuda::Array;
using cuda::ProductKind;
using kernels::Bf16;
using kernels::Engine;
using kernels::PerTrial;
using kernels::Window;

struct Shape {
  const char* name;
  Window window;
  bool dense;
  bool first;  ///< of the network: nobody needs the gradient of its inputs
};

Window convolution_window(int image, int in, int out) {
  const int output = image - 2;
  return {{image, image}, {output, output}, {3, 3}, {1, 1}, {0, 0}, in, out};
}

std::vector<Shape> shapes() {
  return {{"conv1", convolution_window(28, 1, 32), false, true},
          {"conv2", convolution_window(26, 32, 64), false, false},
          {"fc1", kernels::product_window(1, 9216, 128), true, false},
          {"fc2", kernels::product_window(1, 128, 10), true, false}};
}

std::int64_t size(const kernels::Extent& extent) {
  return std::int64_t{extent.height} * extent.width;
}

struct Sizes {
  std::int64_t x, y, w;

  Sizes(const Window& window, int rows)
      : x(rows * size(window.image) * window.channels_in),
        y(rows * size(window.output) * window.channels_out),
        w(size(window.size) * window.channels_in * window.channels_out) {}
};

/// A layer's pass on a batch, without its arrays.
struct Layer {
  Window window;
  int rows = 0;
  int trials = 1;
  Precision precision = Precision::fp32;
  ProductKind kind = ProductKind::forward;
};

/// A layer's pass by one of our engines, and its arrays for the libraries.
template <class T>
class Ours {
 public:
  Ours(Engine engine, const Layer& layer, int sets) : engine_(engine), layer_(layer) {
    const Window& window = layer.window;
    const Sizes n(window, layer.rows);
    stage_ = make_stage(*arena_, layer.trials, layer.rows, "relu");
    bias_ = arena_->random<float>(layer.trials, window.channels_out);
    db_ = arena_->zeros<float>(layer.trials, window.channels_out);
    const std::int64_t workspace =
        layer.kind == ProductKind::forward
            ? kernels::convolution_forward_workspace(engine, window, layer.rows)
            : kernels::convolution_backward_filter_workspace(window, layer.rows);
    if (workspace != 0) workspace_ = arena_->zeros<float>(layer.trials, workspace);
    for (int i = 0; i < sets; ++i) {
      sets_.push_back(
          {random<T>(n.x), random<T>(n.w), random<T>(n.y),
           layer.kind == ProductKind::backward_filter ? random<float>(n.w) : PerTrial<float>{}});
      const Set& set = sets_.back();
      cuda::Problem problem{layer.kind, window, layer.rows, layer.trials, {}, {}, {}};
      const auto give = [&](const auto& a, const auto& b, const auto& out) {
        problem.a = Array(a);
        problem.b = Array(b);
        problem.out = Array(out);
      };
      if (layer.kind == ProductKind::forward) give(set.x, set.w, set.y);
      if (layer.kind == ProductKind::backward_data) give(set.y, set.w, set.x);
      if (layer.kind == ProductKind::backward_filter) give(set.x, set.y, set.dw);
      problems_.push_back(problem);
    }
  }

  /// The same for a library, by set of data.
  [[nodiscard]] const std::vector<cuda::Problem>& problems() const { return problems_; }

  void start(int number) const {
    const Set& set = sets_[static_cast<std::size_t>(number)];
    const Window& window = layer_.window;
    if (layer_.kind == ProductKind::forward) {
      kernels::Epilogue<T> epilogue;
      epilogue.y = set.y;
      epilogue.bias = bias_;
      kernels::convolution_forward<T, T>(engine_, {window, set.x, set.w, epilogue, workspace_},
                                         stage_);
    }
    if (layer_.kind == ProductKind::backward_data)
      kernels::convolution_backward_data<T, T>(engine_, {window, set.y, set.w, set.x}, stage_);
    if (layer_.kind == ProductKind::backward_filter)
      kernels::convolution_backward_filter<T>(
          engine_, {window, set.x, set.y, set.dw, db_, workspace_}, stage_);
  }

 private:
  struct Set {
    PerTrial<T> x, w, y;  ///< or their gradients
    PerTrial<float> dw;
  };

  /// Arrays that begin where libraries ask for it.
  template <class Element>
  PerTrial<Element> random(std::int64_t count) {
    constexpr std::int64_t kUnit = cuda::Multiplier::kAlignment / std::int64_t{sizeof(Element)};
    return arena_->random<Element>(layer_.trials, (count + kUnit - 1) / kUnit * kUnit);
  }

  Engine engine_;
  Layer layer_;
  SharedArena arena_ = std::make_shared<Arena>();
  kernels::LaunchContext stage_;
  std::vector<Set> sets_;
  std::vector<cuda::Problem> problems_;
  PerTrial<float> bias_, db_, workspace_;
};

template <class T>
Contest make_contest(const Layer& layer, bool dense, int sets) {
  const Engine engine = layer.precision == Precision::fp32 ? Engine::simt : Engine::tensor;
  const auto ours = std::make_shared<Ours<T>>(engine, layer, sets);
  const char* note = layer.kind == ProductKind::forward           ? "adds the bias"
                     : layer.kind == ProductKind::backward_filter ? "sums the bias's gradient"
                                                                  : "";
  Contest contest;
  contest.sets = sets;
  contest.contestants.push_back(
      {"Saltus", [ours](int set, cudaStream_t /*the context's*/) { ours->start(set); }, note});
  contest.contestants.push_back(dense ? cublas_dense(layer.precision, ours->problems())
                                      : cudnn_convolution(layer.precision, ours->problems()));
  return contest;
}

Entry entry_of(const Shape& shape, Precision precision, ProductKind kind, const Setting& setting) {
  const Layer layer = {shape.window, setting.rows, setting.trials, precision, kind};
  const Sizes n(shape.window, setting.rows);
  const double item = precision == Precision::bf16 ? 2 : 4;
  const char* kind_name = kind == ProductKind::forward         ? "forward"
                          : kind == ProductKind::backward_data ? "backward data"
                                                               : "backward filter";
  Entry entry;
  entry.name = std::string(shape.name) + " " + kind_name;
  entry.kind = to_string(precision);
  entry.trials = setting.trials;
  entry.flop = 2.0 * setting.trials * static_cast<double>(n.y) *
               static_cast<double>(size(shape.window.size)) * shape.window.channels_in;
  const double of_weights = kind == ProductKind::backward_filter ? 4 : item;
  entry.bytes = setting.trials *
                (item * static_cast<double>(n.x + n.y) + of_weights * static_cast<double>(n.w));
  const int sets = sets_for(entry.bytes);
  const bool dense = shape.dense;
  entry.make = [=] {
    return precision == Precision::bf16 ? make_contest<Bf16>(layer, dense, sets)
                                        : make_contest<float>(layer, dense, sets);
  };
  return entry;
}

/// A square product of three matrices, by cuBLASLt alone.
Entry large_product(Precision precision) {
  constexpr int kSide = 8192;
  Entry entry;
  entry.name = "product 8192 x 8192 x 8192";
  entry.kind = to_string(precision);
  entry.flop = 2 * std::pow(kSide, 3);
  entry.bytes = (precision == Precision::bf16 ? 2 : 4) * 3 * std::pow(kSide, 2);
  entry.make = [precision] {
    const auto arena = std::make_shared<Arena>();
    constexpr std::int64_t kCount = std::int64_t{kSide} * kSide;
    const auto matrix = [&] {
      return precision == Precision::bf16 ? Array(arena->random<Bf16>(1, kCount))
                                          : Array(arena->random<float>(1, kCount));
    };
    Contestant contestant =
        cublas_dense(precision, {{ProductKind::forward, kernels::product_window(1, kSide, kSide),
                                  kSide, 1, matrix(), matrix(), matrix()}});
    if (contestant.start)
      contestant.start = [arena, start = contestant.start](int set, cudaStream_t stream) {
        start(set, stream);
      };
    return Contest{{contestant}, 1};
  };
  return entry;
}

}  // namespace

void add_products(std::vector<Entry>& entries, const Setting& setting) {
  for (const Precision precision : {Precision::fp32, Precision::tf32, Precision::bf16})
    for (const Shape& shape : shapes())
      for (const ProductKind kind :
           {ProductKind::forward, ProductKind::backward_data, ProductKind::backward_filter})
        if (!(shape.first && kind == ProductKind::backward_data))
          entries.push_back(entry_of(shape, precision, kind, setting));
}

void add_large_products(std::vector<Entry>& entries) {
  for (const Precision precision : {Precision::fp32, Precision::tf32, Precision::bf16})
    entries.push_back(large_product(precision));
}

int sets_for(double bytes) {
  constexpr int kMost = 64;
  int cache = 0;
  SALTUS_CHECK(cudaDeviceGetAttribute(&cache, cudaDevAttrL2CacheSize, 0));
  return static_cast<int>(std::min<double>(std::max(std::ceil(2.0 * cache / bytes), 1.0), kMost));
}

}  // namespace saltus::bench
