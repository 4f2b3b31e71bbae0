// How predicated elements are read.
#pragma once

#include <saltus/kernels/device/async_copy.h>
#include <saltus/kernels/device/vector.h>
#include <saltus/kernels/matrix/views.h>

namespace saltus::kernels {

template <class T>
__device__ float fetch(const Predicated<T>& element) {
  return element.valid ? fetch(element.pointer) : 0.0f;
}

/// The four elements from an element on, which are stored, or zero, together.
template <class T>
__device__ Quad fetch_quad(const Predicated<T>& element) {
  return element.valid ? fetch_quad(element.pointer) : Quad{};
}

/// Starts the copy of the 16 bytes from an element on, which are stored, or zero, together.
template <class T>
__device__ void copy_async(void* shared, const Predicated<T>& element) {
  copy_async(shared, element.pointer, element.valid);
}

}  // namespace saltus::kernels
