// A library that multiplies, as the launches of products see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>
#include <saltus/kernels/window.h>
#include <saltus/libraries.h>
#include <saltus/precision.h>

#include "plan/tensor.h"

namespace saltus::cuda {

/// forward: out = y of x, w; backward_data: dx of dy, w; backward_filter: dw of x, dy.
enum class ProductKind : std::uint8_t { forward, backward_data, backward_filter };

/// An array of each trial, of a type known at run time.
struct Array {
  std::byte* data = nullptr;
  std::int64_t stride = 0;  ///< bytes from one trial's to the next
  plan::DType type = plan::DType::f32;

  Array() = default;
  template <class T>
  explicit Array(const kernels::PerTrial<T>& array)
      : data(reinterpret_cast<std::byte*>(const_cast<std::remove_const_t<T>*>(array.data))),
        stride(array.stride * std::int64_t{sizeof(T)}),
        type(sizeof(T) == 2 ? plan::DType::bf16 : plan::DType::f32) {}

  void* of(int trial) const { return data + trial * stride; }

  template <class T>
  kernels::PerTrial<T> as() const {
    return {reinterpret_cast<T*>(data), stride / std::int64_t{sizeof(T)}};
  }
  kernels::AnyInput in() const {
    if (type == plan::DType::bf16) return as<kernels::Bf16>();
    return as<float>();
  }
  kernels::AnyOutput out() const {
    if (type == plan::DType::bf16) return as<kernels::Bf16>();
    return as<float>();
  }
};

/// A kind of a layer over a batch: for each trial out = a b, as ProductKind names them.
struct Problem {
  ProductKind kind = ProductKind::forward;
  kernels::Window window;
  int rows = 0;
  int trials = 1;
  Array a, b, out;
};

/// How problems that differ in where their arrays lie only are solved.
class Multiplication {
 public:
  virtual ~Multiplication() = default;
  /// Puts the work into the stream, which may be captured. `room` is Multiplier::kRoom bytes.
  /// Trials that are not active are computed, too; of no array is more written than the batch's
  /// rows.
  virtual void start(const Problem& problem, void* room, cudaStream_t stream) const = 0;
};

/// A library. All arrays begin at multiples of kAlignment bytes.
class Multiplier {
 public:
  static constexpr int kAlignment = 32;
  static constexpr std::int64_t kRoom = std::int64_t{32} << 20;  ///< bytes of room at most

  virtual ~Multiplier() = default;

  /// Chooses the way to solve a problem, which is the same for any number of trials, needs no more
  /// than kRoom bytes and gives the same bits each time. Throws DeviceError where there is none.
  virtual std::unique_ptr<Multiplication> plan(const Problem& problem) = 0;

  /// Whether it wants weights as [out][taps][in], and gives their gradients so; else it takes ours.
  virtual bool turns_weights() const = 0;

  /// The type that it computes where `wanted` is wanted of operands of type `operands`.
  virtual plan::DType result(plan::DType wanted, plan::DType operands) const = 0;
};

/// Both throw DeviceError, which says what to do, where this build or this machine has no such
/// library. A Multiplier is for one stream, and one thread, at a time.
std::shared_ptr<Multiplier> load_cublas(Precision precision);
std::shared_ptr<Multiplier> load_cudnn(Precision precision);

/// The library that multiplies; none: our kernels.
struct Multipliers {
  std::shared_ptr<Multiplier> convolutions;
  std::shared_ptr<Multiplier> dense;
};

/// The libraries that are asked for.
Multipliers load(const Libraries& libraries, Precision precision);

}  // namespace saltus::cuda
