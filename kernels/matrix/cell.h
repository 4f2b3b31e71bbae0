// How the cells of views are read.
#pragma once

#include <saltus/kernels/device/async_copy.h>
#include <saltus/kernels/device/vector.h>
#include <saltus/kernels/matrix/views.h>

namespace saltus::kernels {

template <class T>
__device__ float fetch(const Cell<T>& cell) {
  return cell.stored ? fetch(cell.place) : 0.0f;
}

/// The four elements from a cell on, which are stored, or zero, together.
template <class T>
__device__ Quad fetch_quad(const Cell<T>& cell) {
  return cell.stored ? fetch_quad(cell.place) : Quad{};
}

/// Starts the copy of the 16 bytes from a cell on, which are stored, or zero, together.
template <class T>
__device__ void copy_async(void* shared, const Cell<T>& cell) {
  copy_async(shared, cell.place, cell.stored);
}

}  // namespace saltus::kernels
