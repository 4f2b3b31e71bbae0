// Device memory of a test.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <cuda_runtime_api.h>

#include <saltus/kernels/device/check.h>
#include <saltus/kernels/trial.h>

namespace saltus::test {

/// The stream of all tests: never the default one.
cudaStream_t stream();

/// Of the device in use, 90 for 9.0.
inline int compute_capability() {
  int device = 0;
  int major = 0;
  int minor = 0;
  SALTUS_CHECK(cudaGetDevice(&device));
  SALTUS_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  SALTUS_CHECK(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device));
  return major * 10 + minor;
}

/// An array in device memory, freed with this object.
template <class T>
class DeviceArray {
 public:
  /// Nothing in it: a kernel that reads it before writing is reported.
  explicit DeviceArray(std::size_t count) : count_(count) {
    if (count_ == 0) return;
    void* data = nullptr;
    SALTUS_CHECK(cudaMalloc(&data, bytes()));
    data_ = static_cast<T*>(data);
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) { write(values); }
  DeviceArray(DeviceArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~DeviceArray() {
    if (data_ != nullptr) cudaFree(data_);
  }

  void write(const std::vector<T>& values) {
    if (count_ == 0) return;
    SALTUS_CHECK(cudaMemcpyAsync(data_, values.data(), bytes(), cudaMemcpyHostToDevice, stream()));
    SALTUS_CHECK(cudaStreamSynchronize(stream()));
  }

  /// Waits for the stream and copies everything out.
  [[nodiscard]] std::vector<T> read() const {
    std::vector<T> values(count_);
    if (count_ != 0)
      SALTUS_CHECK(
          cudaMemcpyAsync(values.data(), data_, bytes(), cudaMemcpyDeviceToHost, stream()));
    SALTUS_CHECK(cudaStreamSynchronize(stream()));
    return values;
  }

  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return count_; }

  /// As the arrays of `trials` trials, one after another.
  [[nodiscard]] kernels::PerTrial<T> per_trial(int trials = 1) const {
    return {data_, static_cast<std::int64_t>(count_) / trials};
  }

 private:
  [[nodiscard]] std::size_t bytes() const { return count_ * sizeof(T); }

  T* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace saltus::test
