#pragma once

namespace saltus::kernels {

/// Height and width.
struct Extent {
  int height = 1;
  int width = 1;
};

/// The same of what is usually not there. A type of its own: an Extent that nobody sets is one.
struct Padding {
  int height = 0;
  int width = 0;
};

/// Where the windows of a convolution or pooling lie. Images are NHWC; output (y, x) covers image
/// positions y * strides.height - padding.height + [0, size.height), and so for x.
struct Window {
  Extent image;
  Extent output;
  Extent size;
  Extent strides;
  Padding padding;  ///< before the first row and column
  int channels_in = 1;
  int channels_out = 1;  ///< of pooling: channels_in
};

/// A dense layer on `rows` rows a sample, x [batch][rows][in], w [in][out], y [batch][rows][out],
/// is a convolution of images of rows x 1 with windows of 1 x 1.
inline Window product_window(int rows, int in, int out) {
  const Extent image = {rows, 1};
  return {image, image, {}, {}, {}, in, out};
}

}  // namespace saltus::kernels
