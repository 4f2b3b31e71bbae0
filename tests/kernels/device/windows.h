// Windows of convolutions and poolings in tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include <saltus/kernels/window.h>

namespace saltus::test {

/// A window in the words of Keras.
struct Shape {
  kernels::Extent image;
  kernels::Extent size;
  kernels::Extent strides = {1, 1};
  bool same = false;  ///< padding
  int in = 1;
  int out = 1;
};

inline kernels::Window window_of(const Shape& shape) {
  kernels::Window window;
  window.image = shape.image;
  window.size = shape.size;
  window.strides = shape.strides;
  window.channels_in = shape.in;
  window.channels_out = shape.out;
  const auto place = [&](int image, int size, int stride, int& output, int& padding) {
    output = shape.same ? (image + stride - 1) / stride : (image - size) / stride + 1;
    padding = shape.same ? std::max((output - 1) * stride + size - image, 0) / 2 : 0;
  };
  place(shape.image.height, shape.size.height, shape.strides.height, window.output.height,
        window.padding.height);
  place(shape.image.width, shape.size.width, shape.strides.width, window.output.width,
        window.padding.width);
  return window;
}

inline std::string describe(const kernels::Window& w) {
  const auto text = [](const auto& e) {
    return std::to_string(e.height) + "x" + std::to_string(e.width);
  };
  return "image " + text(w.image) + "x" + std::to_string(w.channels_in) + ", window " +
         text(w.size) + ", strides " + text(w.strides) + ", padding " + text(w.padding) +
         ", output " + text(w.output) + "x" + std::to_string(w.channels_out);
}

/// Elements of one image and of one output.
inline std::size_t image_size(const kernels::Window& w) {
  const int count = w.image.height * w.image.width * w.channels_in;
  return static_cast<std::size_t>(count);
}
inline std::size_t output_size(const kernels::Window& w) {
  const int count = w.output.height * w.output.width * w.channels_out;
  return static_cast<std::size_t>(count);
}

}  // namespace saltus::test
