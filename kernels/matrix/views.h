// Tensors seen as matrices. A convolution or a dense layer, forward and both gradients, is
//
//   C[m][n] = sum over k of A[m][k] B[k][n]
//
//                      A                          m           k            B            n
//   forward            Im2col of x                pixel of y  tap, in      Rows of w    out
//   gradient of x      Im2colOfGradient of dy     pixel of x  tap, out     WeightsByTap in
//   gradient of w      Im2col of x, transposed    tap, in     pixel of y   Rows of dy   out
//
// (a dense layer is a convolution of images and windows of 1 x 1). Every view is a matrix
// [outer][inner] that nobody stores. Neighbours along `inner` are neighbours in memory inside a
// group of `group()` elements, the channels of one tap: a vector load that starts at a multiple of
// its length stays in a tap if the group is a multiple of it, too. A pixel's index counts over all
// rows of the batch and has to fit an int, as has a place in one image or among the weights:
// check_convolution() of kernels/device/extents.h, which knows the formulas below.
//
// An engine decomposes an index once, into a Row or a Column, and combines both to a Predicated
// pointer, which is zero in padding and outside of the matrix. (The products multiply with these
// zeros: infinite weights beside padding give NaN.) The launcher makes a view for all trials;
// of(trial, rows) is that of one.
//
// Arrays and the strides between trials' arrays are multiples of 16 bytes wherever groups are
// multiples of 4 elements.
#pragma once

#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/matrix/divider.h>
#include <saltus/kernels/trial.h>
#include <saltus/kernels/window.h>

namespace saltus::kernels {

/// An extent: a fixed number and so many for each row of the batch.
struct Count {
  int fixed = 0;
  int per_row = 0;

  SALTUS_HD int of(int rows) const { return fixed + per_row * rows; }
};

/// A pointer to an element with the predicate of its load: what is not valid is zero.
///
/// A flag rather than a null pointer: it is a predicate of the load as it is, where a pointer has
/// to be cleared, set and compared first. (ptxas 13.0 to 13.3 also gets that wrong for sm_90: it
/// compares the pointer before the clearing has arrived.)
template <class T>
struct Predicated {
  const T* pointer;  ///< if not valid: to anything that exists
  bool valid;
};

/// Outside of every image, also with any column or row added.
inline constexpr int kNowhere = -(1 << 30);

/// Whether an image has this pixel.
SALTUS_HD bool holds(const Extent& image, int y, int x) {
  return static_cast<unsigned>(y) < static_cast<unsigned>(image.height) &&
         static_cast<unsigned>(x) < static_cast<unsigned>(image.width);
}

/// A matrix that is stored as it is.
template <class T>
class Rows {
 public:
  using Element = T;
  struct Row {
    std::int64_t first;
    bool inside;
  };
  struct Column {
    int inner;
    bool inside;
  };

  Rows(PerTrial<const T> data, Count outer, int inner)
      : data_(data), outer_(outer), inner_(inner) {}

  [[nodiscard]] SALTUS_HD int group() const { return inner_; }
  SALTUS_HD Rows of(int trial, int rows) const {
    Rows one = *this;
    one.data_ = {data_[trial], 0};
    one.outer_ = {outer_.of(rows), 0};
    return one;
  }
  SALTUS_HD Row row(int outer) const {
    const bool inside = outer < outer_.fixed;
    return {std::int64_t{inside ? outer : 0} * inner_, inside};
  }
  SALTUS_HD Column column(int inner) const {
    const bool inside = inner < inner_;
    return {inside ? inner : 0, inside};
  }
  SALTUS_HD Predicated<T> at(const Row& row, const Column& column) const {
    return {data_.data + row.first + column.inner, row.inside && column.inside};
  }

 private:
  PerTrial<const T> data_;
  Count outer_;
  int inner_;
};

/// outer: pixel of the output (row of the batch, y, x); inner: (tap y, tap x, channel of x).
template <class T>
class Im2col {
 public:
  using Element = T;
  struct Row {
    const T* image;
    int y, x;   ///< of the window's first position; y = kNowhere: outside
    int first;  ///< its place in the image
  };
  struct Column {
    int y, x;   ///< position in the window; y = kNowhere: outside
    int first;  ///< from the window's first position to the element
  };

  Im2col(PerTrial<const T> x, const Window& window)
      : x_(x),
        window_(window),
        pixels_(0),
        image_pixels_(window.output.height * window.output.width),
        width_(window.output.width),
        channels_(window.channels_in),
        tap_width_(window.size.width) {}

  [[nodiscard]] SALTUS_HD int group() const { return window_.channels_in; }
  SALTUS_HD Im2col of(int trial, int rows) const {
    Im2col one = *this;
    one.x_ = {x_[trial], 0};
    one.pixels_ = rows * image_pixels_.divisor();
    return one;
  }
  SALTUS_HD Row row(int outer) const {
    if (outer >= pixels_) return {x_.data, kNowhere, 0, 0};
    const int image = image_pixels_.quotient(outer);
    const int pixel = outer - image * image_pixels_.divisor();
    const int output_y = width_.quotient(pixel);
    const int output_x = pixel - output_y * window_.output.width;
    const int y = output_y * window_.strides.height - window_.padding.height;
    const int x = output_x * window_.strides.width - window_.padding.width;
    const int size = window_.image.height * window_.image.width * window_.channels_in;
    return {x_.data + std::int64_t{image} * size, y, x, place(y, x)};
  }
  SALTUS_HD Column column(int inner) const {
    const int tap = channels_.quotient(inner);
    const int y = tap_width_.quotient(tap);
    const int x = tap - y * window_.size.width;
    return {y < window_.size.height ? y : kNowhere, x,
            place(y, x) + inner - tap * window_.channels_in};
  }
  SALTUS_HD Predicated<T> at(const Row& row, const Column& column) const {
    const bool inside = holds(window_.image, row.y + column.y, row.x + column.x);
    return {row.image + (inside ? row.first + column.first : 0), inside};
  }

 private:
  [[nodiscard]] SALTUS_HD int place(int y, int x) const {
    return (y * window_.image.width + x) * window_.channels_in;
  }

  PerTrial<const T> x_;
  Window window_;
  int pixels_;
  Divider image_pixels_, width_;  ///< of the output
  Divider channels_, tap_width_;
};

/// outer: pixel of the input (row of the batch, y, x); inner: (tap y, tap x, channel of dy). The
/// output pixel whose window has the input pixel at this tap. Unit strides save its divisions.
template <class T, bool kUnitStrides>
class Im2colOfGradient {
 public:
  using Element = T;
  struct Row {
    const T* image;
    int y, x;   ///< of the pixel, in the padded image; y = kNowhere: outside
    int first;  ///< unit strides: its place in the image
  };
  struct Column {
    int y, x;   ///< position in the window; y = -kNowhere: outside
    int first;  ///< channel; unit strides: from the pixel to the element
  };

  Im2colOfGradient(PerTrial<const T> dy, const Window& window)
      : dy_(dy),
        window_(window),
        pixels_(0),
        image_pixels_(window.image.height * window.image.width),
        width_(window.image.width),
        channels_(window.channels_out),
        tap_width_(window.size.width),
        stride_y_(window.strides.height),
        stride_x_(window.strides.width) {}

  [[nodiscard]] SALTUS_HD int group() const { return window_.channels_out; }
  SALTUS_HD Im2colOfGradient of(int trial, int rows) const {
    Im2colOfGradient one = *this;
    one.dy_ = {dy_[trial], 0};
    one.pixels_ = rows * image_pixels_.divisor();
    return one;
  }
  SALTUS_HD Row row(int outer) const {
    if (outer >= pixels_) return {dy_.data, kNowhere, 0, 0};
    const int image = image_pixels_.quotient(outer);
    const int pixel = outer - image * image_pixels_.divisor();
    const int y = width_.quotient(pixel);
    const int x = pixel - y * window_.image.width + window_.padding.width;
    const int padded_y = y + window_.padding.height;
    const int size = window_.output.height * window_.output.width * window_.channels_out;
    return {dy_.data + std::int64_t{image} * size, padded_y, x,
            kUnitStrides ? place(padded_y, x) : 0};
  }
  SALTUS_HD Column column(int inner) const {
    const int tap = channels_.quotient(inner);
    const int channel = inner - tap * window_.channels_out;
    const int y = tap_width_.quotient(tap);
    const int x = tap - y * window_.size.width;
    return {y < window_.size.height ? y : -kNowhere, x,
            kUnitStrides ? channel - place(y, x) : channel};
  }
  SALTUS_HD Predicated<T> at(const Row& row, const Column& column) const {
    const int from_y = row.y - column.y;
    const int from_x = row.x - column.x;
    if constexpr (kUnitStrides) {
      const bool inside = holds(window_.output, from_y, from_x);
      return {row.image + (inside ? row.first + column.first : 0), inside};
    } else {
      if (from_y < 0 || from_x < 0) return {row.image, false};
      const int y = stride_y_.quotient(from_y);
      const int x = stride_x_.quotient(from_x);
      const bool inside = y * window_.strides.height == from_y &&
                          x * window_.strides.width == from_x && holds(window_.output, y, x);
      return {row.image + (inside ? place(y, x) + column.first : 0), inside};
    }
  }

 private:
  [[nodiscard]] SALTUS_HD int place(int y, int x) const {
    return (y * window_.output.width + x) * window_.channels_out;
  }

  PerTrial<const T> dy_;
  Window window_;
  int pixels_;
  Divider image_pixels_, width_;  ///< of the input
  Divider channels_, tap_width_;
  Divider stride_y_, stride_x_;
};

/// outer: channel of x; inner: (tap y, tap x, channel of y). Stored [tap y][tap x][in][out].
template <class T>
class WeightsByTap {
 public:
  using Element = T;
  struct Row {
    int first;
    bool inside;
  };
  struct Column {
    int place;
    bool inside;
  };

  WeightsByTap(PerTrial<const T> w, const Window& window)
      : w_(w),
        taps_(window.size.height * window.size.width),
        in_(window.channels_in),
        out_(window.channels_out) {}

  [[nodiscard]] SALTUS_HD int group() const { return out_.divisor(); }
  SALTUS_HD WeightsByTap of(int trial, int /*rows*/) const {
    WeightsByTap one = *this;
    one.w_ = {w_[trial], 0};
    return one;
  }
  SALTUS_HD Row row(int outer) const {
    const bool inside = outer < in_;
    return {inside ? outer * out_.divisor() : 0, inside};
  }
  SALTUS_HD Column column(int inner) const {
    const int tap = out_.quotient(inner);
    const int channel = inner - tap * out_.divisor();
    const bool inside = tap < taps_;
    return {inside ? tap * in_ * out_.divisor() + channel : 0, inside};
  }
  SALTUS_HD Predicated<T> at(const Row& row, const Column& column) const {
    return {w_.data + (row.first + column.place), row.inside && column.inside};
  }

 private:
  PerTrial<const T> w_;
  int taps_, in_;
  Divider out_;
};

}  // namespace saltus::kernels
