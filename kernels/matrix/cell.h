// An element of a matrix that nobody stores, and how it is read.
#pragma once

#include "kernels/device/async_copy.h"
#include "kernels/device/vector.h"

namespace saltus::kernels {

/// Where an element is stored, or that it is zero and stored nowhere.
///
/// A flag rather than a null pointer: it is a predicate of the load as it is, where a pointer has
/// to be cleared, set and compared first. (ptxas 13.0 to 13.3 also gets that wrong for sm_90: it
/// compares the pointer before the clearing has arrived.)
template <class T>
struct Cell {
  const T* place;  ///< if not stored: any place that exists
  bool stored;
};

template <class T>
__device__ float fetch(const Cell<T>& cell) {
  return cell.stored ? fetch(cell.place) : 0.0f;
}

/// The four elements from a cell on, which are stored, or zero, together.
template <class T>
__device__ Quad fetch_quad(const Cell<T>& cell) {
  return cell.stored ? fetch_quad(cell.place) : Quad{};
}

/// Starts the copy of the 16 bytes from a cell on, as above.
template <class T>
__device__ void copy_async(void* shared, const Cell<T>& cell) {
  copy_async(shared, cell.place, cell.stored);
}

}  // namespace saltus::kernels
