#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// How two arrays lie in one: vectors of `first` elements, each with `second` behind it.
struct Halves {
  std::int64_t vectors = 1;  ///< of a row
  int first = 0;
  int second = 0;
};

/// y = a and b side by side.
struct Concatenate {
  Halves shape;
  AnyInput a;   ///< [rows][vectors][first]
  AnyInput b;   ///< [rows][vectors][second]
  AnyOutput y;  ///< [rows][vectors][first + second]
};

/// The opposite: a and b are the two halves of x. One of them may be absent.
struct Split {
  Halves shape;
  AnyInput x;
  AnyOutput a, b;
};

void concatenate(const Concatenate& arguments, const LaunchContext& context);
void split(const Split& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
