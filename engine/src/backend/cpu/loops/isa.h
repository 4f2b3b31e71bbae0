// What the loops share. These files are compiled once for each instruction set, each time with
// SALTUS_ISA naming the namespace. Nothing here or in them may leave an inline function outside
// that namespace uninlined, for the linker would keep one of the copies for all: so nothing of
// std:: beyond plain types, and kernels/ is always inlined. A test looks at the symbols.
#pragma once

#include <cstdint>

#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/portable.h>

#include "backend/cpu/loops.h"

/// Before a loop: its rounds do not depend on each other, though arrays may be one and the same.
#if defined(__clang__)
#define SALTUS_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define SALTUS_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace saltus::cpu::SALTUS_ISA {

using kernels::Bf16;
using kernels::store;
using kernels::to_bf16;
using kernels::to_float;

/// Calls function(pointer to the elements) with float or Bf16.
template <class Function>
SALTUS_HD void with_elements(In in, Function function) {
  if (in.type == plan::DType::f32)
    function(static_cast<const float*>(in.data));
  else
    function(static_cast<const Bf16*>(in.data));
}
template <class Function>
SALTUS_HD void with_elements(Out out, Function function) {
  if (out.type == plan::DType::f32)
    function(static_cast<float*>(out.data));
  else
    function(static_cast<Bf16*>(out.data));
}

/// Calls function(in, out) with pointers to float or Bf16.
template <class Function>
SALTUS_HD void with_elements(In in, Out out, Function function) {
  with_elements(
      in, [&](auto* source) __attribute__((always_inline)) {
        with_elements(
            out, [&](auto* target) __attribute__((always_inline)) { function(source, target); });
      });
}

SALTUS_HD std::int64_t smaller(std::int64_t a, std::int64_t b) {
  return a < b ? a : b;
}
SALTUS_HD std::int64_t larger(std::int64_t a, std::int64_t b) {
  return a < b ? b : a;
}

// The loops, as in Loops.
void load(In source, Out x, std::int64_t n);
void activate(const kernels::ActivationRef& f, In x, Out y, float* slope, std::int64_t n);
void activate_learned(const formula::LearnedRun& run, In x, Out y, std::int64_t n);
void activate_learned_backward(const formula::LearnedRun& run, In x, In dy, Out dx,
                               double* const* sums, std::int64_t n);
void activate_pool(const kernels::ActivationRef& f, In x, Out y, float* slope, std::uint8_t* index,
                   const plan::Window& window, std::int64_t images);
void multiply(In dy, const float* slope, Out dx, std::int64_t n);
void drop(const kernels::DropoutRule& rule, const DrawKey& key, In x, Out y, std::int64_t n);
void drop_backward(const kernels::DropoutRule& rule, const DrawKey& key, In dy, Out dx,
                   std::int64_t n);
void add_noise(float stddev, const DrawKey& key, In x, Out y, std::int64_t n);
void max_pool(In x, Out y, std::uint8_t* index, const plan::Window& window, std::int64_t images);
void max_pool_backward(In dy, const std::uint8_t* index, Out dx, const plan::Window& window,
                       std::int64_t images);
void gather_pooled(In x, const std::uint8_t* index, Out y, const plan::Window& window,
                   std::int64_t images);
void average_pool(In x, Out y, const plan::Window& window, std::int64_t images);
void average_pool_backward(In dy, Out dx, const plan::Window& window, std::int64_t images);
void depthwise_forward(In x, const float* w, const float* b, Out y, const plan::Window& window,
                       std::int64_t images);
void depthwise_backward_data(In dy, const float* w, Out dx, const plan::Window& window,
                             std::int64_t images);
void depthwise_backward_weights(In x, In dy, float* dw, float* db, const plan::Window& window,
                                std::int64_t images);
void add(In a, In b, Out y, std::int64_t n);
extern const UpdateLoops<Optimizer> updates;
void average(const float* w, float rate, float* averages, std::uint16_t* averages16,
             std::int64_t n);
double sum_squares(const float* g, std::int64_t n);
bool all_finite(const float* g, std::int64_t n);
bool pooled_convolution_supported(const plan::Window& window, const plan::Window& pool);
std::int64_t pooled_convolution_weights_size(const plan::Window& window);
std::int64_t pooled_convolution_scratch_size(const plan::Window& window);
void pooled_convolution_prepare(const float* w, float* w_own, const plan::Window& window);
void pooled_convolution_weights(const float* x, const float* dy, const std::uint8_t* index,
                                float* dw_own, float* db, const plan::Window& window,
                                const plan::Window& pool, std::int64_t images, float* scratch);
void pooled_convolution_finish(const float* dw_own, float* dw, const plan::Window& window);
void pooled_convolution_data(const float* w_own, const float* dy, const std::uint8_t* index,
                             float* dx, const plan::Window& window, const plan::Window& pool,
                             std::int64_t images, float* scratch);

/// All of them.
extern const Loops table;

}  // namespace saltus::cpu::SALTUS_ISA
