#include "backend/cpu/op.h"
#include "ops/zero_padding/zero_padding.h"

namespace saltus::ops {

using namespace cpu;

namespace {

/// Calls visit(place of a line in the images, its place in the padded ones) for the lines of
/// `images`.
template <class Visit>
void for_lines(const Frame& f, std::int64_t images, Visit visit) {
  for (std::int64_t image = 0; image < images; ++image) {
    for (std::int64_t line = 0; line < f.lines; ++line) {
      visit((image * f.lines + line) * f.length,
            (image * f.padded_lines + f.top + line) * f.padded_length + f.left);
    }
  }
}

}  // namespace

SlicedOpPtr Pad::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    const In image = memory.in(s.x, run, slice);
    const Out padded = memory.out(s.y, run, slice);
    const std::int64_t size = slice.rows * s.frame.padded_lines * s.frame.padded_length;
    std::fill_n(static_cast<std::byte*>(padded.data), size * plan::size_of(padded.type),
                std::byte{});
    for_lines(s.frame, slice.rows, [&](std::int64_t line, std::int64_t place) {
      loops().load(from(image, line), from(padded, place), s.frame.length);
    });
  });
}

SlicedOpPtr PadBackward::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    const In padded = memory.in(s.dy, run, slice);
    const Out image = memory.out(s.dx, run, slice);
    for_lines(s.frame, slice.rows, [&](std::int64_t line, std::int64_t place) {
      loops().load(from(padded, place), from(image, line), s.frame.length);
    });
  });
}

}  // namespace saltus::ops
