#include <cstring>
#include <dnnl.hpp>
#include <unordered_map>
#include <vector>

#include <omp.h>

#include "commands.h"

namespace saltus::bench {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using tag = memory::format_tag;

constexpr memory::dim kRows = 128;

/// Primitives with their arguments, run one after another.
class Chain {
 public:
  explicit Chain(memory::data_type type) : type_(type) {}

  void add_convolution(memory::dim in, memory::dim out, memory::dim side, bool data_gradient) {
    const memory::dim side_out = side - 2;
    const memory::desc x = any({kRows, in, side, side});
    const memory::desc w = any({out, in, 3, 3});
    const memory::desc y = any({kRows, out, side_out, side_out});
    const memory::desc b({out}, memory::data_type::f32, tag::a);
    const memory::dims one{1, 1};
    const memory::dims none{0, 0};
    const auto direct = algorithm::convolution_direct;
    const dnnl::convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, direct, x, w, b, y, one, none, none}, engine_);
    add(dnnl::convolution_forward(forward), {{DNNL_ARG_SRC, forward.src_desc()},
                                             {DNNL_ARG_WEIGHTS, forward.weights_desc()},
                                             {DNNL_ARG_BIAS, b},
                                             {DNNL_ARG_DST, forward.dst_desc()}});
    const dnnl::convolution_backward_weights::primitive_desc weights(
        {direct, x, w, b, y, one, none, none}, engine_, forward);
    add(dnnl::convolution_backward_weights(weights),
        {{DNNL_ARG_SRC, weights.src_desc()},
         {DNNL_ARG_DIFF_DST, weights.diff_dst_desc()},
         {DNNL_ARG_DIFF_WEIGHTS, weights.diff_weights_desc()},
         {DNNL_ARG_DIFF_BIAS, b}});
    if (!data_gradient) return;
    const dnnl::convolution_backward_data::primitive_desc data({direct, x, w, y, one, none, none},
                                                               engine_, forward);
    add(dnnl::convolution_backward_data(data), {{DNNL_ARG_DIFF_DST, data.diff_dst_desc()},
                                                {DNNL_ARG_WEIGHTS, data.weights_desc()},
                                                {DNNL_ARG_DIFF_SRC, data.diff_src_desc()}});
  }

  void add_product(memory::dim m, memory::dim k, memory::dim n) {
    const memory::desc a({m, k}, type_, tag::ab);
    const memory::desc b({k, n}, type_, tag::ab);
    const memory::desc c({m, n}, memory::data_type::f32, tag::ab);
    const dnnl::matmul::primitive_desc product({a, b, c}, engine_);
    add(dnnl::matmul(product), {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
  }

  void run() {
    for (const Link& link : links_) link.primitive.execute(stream_, link.arguments);
    stream_.wait();
  }

 private:
  struct Link {
    dnnl::primitive primitive;
    std::unordered_map<int, memory> arguments;
  };

  memory::desc any(const memory::dims& dims) const { return {dims, type_, tag::any}; }

  void add(const dnnl::primitive& primitive,
           const std::vector<std::pair<int, memory::desc>>& descs) {
    Link link{primitive, {}};
    for (const auto& [number, desc] : descs) {
      memory buffer(desc, engine_);
      std::memset(buffer.get_data_handle(), 0, desc.get_size());
      link.arguments.emplace(number, buffer);
    }
    links_.push_back(std::move(link));
  }

  memory::data_type type_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::vector<Link> links_;
};

}  // namespace

void primitives(const Options& options) {
  if (options.threads > 0) omp_set_num_threads(options.threads);
  Chain chain(options.precision == "bf16" ? memory::data_type::bf16 : memory::data_type::f32);
  chain.add_convolution(1, 32, 28, false);
  chain.add_convolution(32, 64, 26, true);
  chain.add_product(kRows, 9216, 128);
  chain.add_product(kRows, 128, 9216);
  chain.add_product(9216, kRows, 128);
  chain.run();
  serve({{"engine", "oneDNN primitives alone"}, {"variant", "direct, own layouts, whole batch"}},
        [&](int steps) {
          for (int i = 0; i < steps; ++i) chain.run();
          return 0.0;
        });
}

}  // namespace saltus::bench
