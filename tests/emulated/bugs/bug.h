// Planted bugs. Each is a test of the emulation: some build must notice it, and none may complain
// of its twin, the same code without the bug.
//
// A bug is a function template: bug<true>() runs the broken kernel, bug<false>() its twin. Both say
// whether the results are right.
#pragma once

#include <initializer_list>
#include <vector>

#include <saltus/kernels/device/launch.h>

#include "tests/kernels/device/device_array.h"

namespace saltus::test {

struct Bug {
  const char* name;
  bool (*broken)();
  bool (*twin)();
};

/// Bugs of one kind; all of them are in all().
struct BugClass {
  BugClass(const char* class_name, std::initializer_list<Bug> of_class);
  static std::vector<const BugClass*>& all();

  const char* name;
  std::vector<Bug> bugs;
};

#define SALTUS_BUG(name) \
  { #name, &name < true>, &name < false> }

using Ints = DeviceArray<int>;
using Floats = DeviceArray<float>;

/// 0, 1, 2, ...
template <class T>
std::vector<T> counted(int count) {
  std::vector<T> values;
  for (int i = 0; i < count; ++i) values.push_back(static_cast<T>(i));
  return values;
}

/// Launches and waits.
template <auto kernel, class... A>
void run(unsigned blocks, unsigned threads, const A&... arguments) {
  kernels::launch<kernel>(blocks, dim3(threads), 0, stream(), arguments...);
  SALTUS_CHECK(cudaStreamSynchronize(stream()));
}

/// Whether got[i] is want(i) for every i.
template <class T, class Want>
bool holds(const std::vector<T>& got, Want want) {
  bool all = true;
  for (std::size_t i = 0; i < got.size(); ++i)
    all = all && got[i] == static_cast<T>(want(static_cast<int>(i)));
  return all;
}
template <class T, class Want>
bool holds(const DeviceArray<T>& got, Want want) {
  return holds(got.read(), want);
}

/// The thread's number in its block, and in the launch.
__device__ inline int thread() {
  return static_cast<int>(threadIdx.x);
}
__device__ inline int block() {
  return static_cast<int>(blockIdx.x);
}
__device__ inline int everywhere() {
  return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
}

}  // namespace saltus::test
