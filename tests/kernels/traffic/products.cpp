#include <saltus/kernels/convolution/convolution.h>
#include <saltus/kernels/convolution/problems.h>

#include "tests/kernels/traffic/flops.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;
using kernels::Window;

struct Layer {
  const char* name;
  const char* shape;
  Window window;
  int rows;
  bool fits_tensor_cores;
};

/// Of dense1 a quarter of the inputs: all its figures but those of y grow with them.
const Layer kLayers[] = {
    {"conv1", "28x28x1 to 26x26x32", {{28, 28}, {26, 26}, {3, 3}, {}, {}, 1, 32}, 4, false},
    {"conv2", "26x26x32 to 24x24x64", {{26, 26}, {24, 24}, {3, 3}, {}, {}, 32, 64}, 2, true},
    {"dense1", "2304 of 9216 to 128", kernels::product_window(1, 2304, 128), 64, true},
    {"dense2", "128 to 10", kernels::product_window(1, 128, 10), 64, false},
};

/// The sizes of a layer's arrays, for its batch.
struct Sizes {
  std::size_t x, y, w, out;

  explicit Sizes(const Layer& layer) {
    const Window& window = layer.window;
    const auto rows = static_cast<std::size_t>(layer.rows);
    const auto in = static_cast<std::size_t>(window.channels_in);
    const auto taps = static_cast<std::size_t>(kernels::pixels(window.size));
    out = static_cast<std::size_t>(window.channels_out);
    x = rows * static_cast<std::size_t>(kernels::pixels(window.image)) * in;
    y = rows * static_cast<std::size_t>(kernels::pixels(window.output)) * out;
    w = taps * in * out;
  }

  [[nodiscard]] ProductSizes of_product() const {
    return {static_cast<double>(y), static_cast<double>(w), static_cast<double>(out)};
  }
};

template <class T>
Step forward(const Layer& layer, kernels::Engine engine, const std::string& suffix) {
  const Sizes sizes(layer);
  const Window window = layer.window;
  const auto run = [=, rows = layer.rows](const kernels::LaunchContext& context) {
    const auto x = input<T>(sizes.x);
    const auto w = input<T>(sizes.w);
    const auto bias = input(sizes.out);
    const DeviceArray<T> y(sizes.y);
    const DeviceArray<float> slope(sizes.y);
    const DeviceArray<float> workspace(
        static_cast<std::size_t>(kernels::convolution_forward_workspace(engine, window, rows)));
    kernels::convolution_forward<T, T>(engine,
                                       {window,
                                        x.per_trial(),
                                        w.per_trial(),
                                        {y.per_trial(), bias.per_trial(), 0, slope.per_trial()},
                                        workspace.per_trial()},
                                       context);
  };
  const int slices = kernels::forward_split_k(engine, window).count(window.channels_in);
  return {std::string(layer.name) + " forward" + suffix, layer.shape, layer.rows,
          forward_flops(sizes.of_product(), slices), run};
}

template <class T>
Step backward_data(const Layer& layer, kernels::Engine engine, const std::string& suffix) {
  const Sizes sizes(layer);
  const Window window = layer.window;
  const auto run = [=](const kernels::LaunchContext& context) {
    const auto dy = input<T>(sizes.y);
    const auto w = input<T>(sizes.w);
    const DeviceArray<T> dx(sizes.x);
    kernels::convolution_backward_data<T, T>(
        engine, {window, dy.per_trial(), w.per_trial(), dx.per_trial()}, context);
  };
  return {std::string(layer.name) + " backward to x" + suffix,
          layer.shape,
          layer.rows,
          {sizes.of_product().flops()},
          run};
}

template <class T>
Step backward_filter(const Layer& layer, kernels::Engine engine, const std::string& suffix) {
  const Sizes sizes(layer);
  const Window window = layer.window;
  const auto run = [=, rows = layer.rows](const kernels::LaunchContext& context) {
    const auto x = input<T>(sizes.x);
    const auto dy = input<T>(sizes.y);
    const DeviceArray<float> dw(sizes.w);
    const DeviceArray<float> db(sizes.out);
    const DeviceArray<float> workspace(
        static_cast<std::size_t>(kernels::convolution_backward_filter_workspace(window, rows)));
    kernels::convolution_backward_filter<T>(engine,
                                            {window, x.per_trial(), dy.per_trial(), dw.per_trial(),
                                             db.per_trial(), workspace.per_trial()},
                                            context);
  };
  const int slices =
      kernels::backward_filter_split_k(window).count(layer.rows * kernels::pixels(window.output));
  return {std::string(layer.name) + " backward to w" + suffix, layer.shape, layer.rows,
          backward_filter_flops(sizes.of_product(), slices), run};
}

template <class T>
void add(std::vector<Step>& steps, const Layer& layer, kernels::Engine engine) {
  const char* const tensor = engine == kernels::Engine::tensor ? "tensor cores, " : "";
  const std::string suffix = std::string(", ") + tensor + kTypeName<T>;
  steps.push_back(forward<T>(layer, engine, suffix));
  if (layer.window.channels_in > 1) steps.push_back(backward_data<T>(layer, engine, suffix));
  steps.push_back(backward_filter<T>(layer, engine, suffix));
}

/// The network's products: convolutions and dense layers.
std::vector<Step> product_steps() {
  std::vector<Step> steps;
  for (const Layer& layer : kLayers) {
    for (const kernels::Engine engine : {kernels::Engine::simt, kernels::Engine::tensor}) {
      if (engine == kernels::Engine::tensor && !layer.fits_tensor_cores) continue;
      add<float>(steps, layer, engine);
      add<Bf16>(steps, layer, engine);
    }
  }
  return steps;
}

const AddSteps add_products(product_steps);

}  // namespace
}  // namespace saltus::test
