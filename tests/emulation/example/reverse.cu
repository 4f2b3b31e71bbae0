// Reverses an array. Without the barrier a thread reads elements of the tile before others have
// written them; the checked mode says so, whatever the result is.
#include <cstdio>

#include <emulation/portable.h>

__global__ void reverse(int* values) {
  EMULATION_SHARED(int, tile, [64]);
  tile[threadIdx.x] = values[threadIdx.x];
#if !defined(WITHOUT_BARRIER)
  __syncthreads();
#endif
  values[threadIdx.x] = tile[63 - threadIdx.x];
}

int main() {
  int host[64];
  for (int i = 0; i < 64; ++i) host[i] = i;
  cudaStream_t stream = nullptr;
  int* device = nullptr;
  cudaStreamCreate(&stream);
  cudaMalloc(&device, sizeof(host));
  cudaMemcpyAsync(device, host, sizeof(host), cudaMemcpyHostToDevice, stream);
  saltus::emulation::launch<reverse>(1, 64, 0, stream, device);
  cudaMemcpyAsync(host, device, sizeof(host), cudaMemcpyDeviceToHost, stream);
  const cudaError_t error = cudaStreamSynchronize(stream);
  cudaFree(device);
  cudaStreamDestroy(stream);
  std::printf("%s, %d %d ... %d\n", cudaGetErrorName(error), host[0], host[1], host[63]);
  return error == cudaSuccess && host[0] == 63 && host[63] == 0 ? 0 : 1;
}
