#include "backend/cuda/libraries/linker.h"

#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include <saltus/error.h>

#if defined(SALTUS_HAS_NVRTC) && defined(SALTUS_HAS_NVJITLINK)
#include <map>
#include <mutex>

#include <cuda_runtime_api.h>
#include <nvJitLink.h>
#include <nvrtc.h>
#include <zlib.h>

#include <saltus/kernels/formula/linkable.h>

#include "backend/cuda/architecture.h"
#include "backend/cuda/errors.h"
#include "backend/cuda/libraries/library.h"
#include "backend/cuda/libraries/link_cache.h"
#include "backend/cuda/libraries/made.h"

namespace saltus::cuda {
namespace {

/// Both libraries, of the CUDA that this program was built with: its linker knows its code.
class Api {
 public:
  Api()
      : nvrtc_(fmt::format("libnvrtc.so.{}", kMajor).c_str()),
        linker_(fmt::format("libnvJitLink.so.{}", kMajor).c_str()) {}

  const Library& nvrtc() const { return nvrtc_; }
  const Library& linker() const { return linker_; }

  void check(nvrtcResult result, const char* call) const {
    if (result == NVRTC_SUCCESS) return;
    throw DeviceError(fmt::format("{}: {}", call, SALTUS_OF(nvrtc_, nvrtcGetErrorString)(result)));
  }

 private:
  static constexpr int kMajor = CUDART_VERSION / 1000;

  Library nvrtc_;
  Library linker_;
};

const Api& api() {
  try {
    static const Api loaded;
    return loaded;
  } catch (const std::runtime_error& error) {
    throw DeviceError(fmt::format(
        "a formula or a learned parameter on a GPU needs NVRTC and nvJitLink of CUDA {}, which "
        "cannot "
        "be loaded ({}): "
        "install cuda-nvrtc and libnvjitlink, or pip's nvidia-cuda-nvrtc and nvidia-nvjitlink and "
        "put their folders on LD_LIBRARY_PATH, or use device cpu",
        CUDART_VERSION / 1000, error.what()));
  }
}

#define SALTUS_NVRTC(name, ...) api().check(SALTUS_OF(api().nvrtc(), name)(__VA_ARGS__), #name)

/// A source as relocatable code. `report` takes what the compiler says.
std::string compile(const std::string& source, int architecture, std::string& report) {
  std::vector<const char*> names;
  std::vector<const char*> texts;
  std::vector<std::string> kept;  // with the 0 behind them that NVRTC asks for
  for (const kernels::formula::Header& header : kernels::formula::formula_headers())
    kept.emplace_back(header.text);
  for (const kernels::formula::Header& header : kernels::formula::formula_headers()) {
    texts.push_back(kept[names.size()].c_str());
    names.push_back(header.name);
  }
  nvrtcProgram made = nullptr;
  SALTUS_NVRTC(nvrtcCreateProgram, &made, source.c_str(), "formulas.cu",
               static_cast<int>(names.size()), texts.data(), names.data());
  const auto destroy = [](nvrtcProgram program) {
    static_cast<void>(SALTUS_OF(api().nvrtc(), nvrtcDestroyProgram)(&program));
  };
  const std::unique_ptr<_nvrtcProgram, decltype(destroy)> program(made, destroy);

  const std::string of_architecture = fmt::format("-arch=sm_{}", architecture);
  const std::string registers = fmt::format("-maxrregcount={}", kernels::formula::kMostRegisters);
  // The last one: on as many threads as there are cores.
  const std::vector<const char*> options = {
      of_architecture.c_str(), registers.c_str(), "-std=c++20", "-rdc=true",
      "-fmad=false",           "-default-device", "-Xptxas=-v", "-split-compile=0"};
  const nvrtcResult result = SALTUS_OF(api().nvrtc(), nvrtcCompileProgram)(
      program.get(), static_cast<int>(options.size()), options.data());
  std::size_t size = 0;
  SALTUS_NVRTC(nvrtcGetProgramLogSize, program.get(), &size);
  report.resize(size);
  SALTUS_NVRTC(nvrtcGetProgramLog, program.get(), report.data());
  if (result != NVRTC_SUCCESS) throw DeviceError("formulas do not compile: " + report);
  SALTUS_NVRTC(nvrtcGetCUBINSize, program.get(), &size);
  std::string code(size, '\0');
  SALTUS_NVRTC(nvrtcGetCUBIN, program.get(), code.data());
  return code;
}

/// nvJitLink's work on one module.
class Linking {
 public:
  explicit Linking(int architecture) {
    const std::string of_architecture = fmt::format("-arch=sm_{}", architecture);
    std::vector<const char*> options = {of_architecture.c_str(), "-verbose"};
    check(SALTUS_OF(library_, nvJitLinkCreate)(&handle_, static_cast<std::uint32_t>(options.size()),
                                               options.data()),
          "nvJitLinkCreate");
  }
  Linking(const Linking&) = delete;
  Linking& operator=(const Linking&) = delete;
  ~Linking() { static_cast<void>(SALTUS_OF(library_, nvJitLinkDestroy)(&handle_)); }

  void add(nvJitLinkInputType type, std::string_view code, const char* name) {
    check(SALTUS_OF(library_, nvJitLinkAddData)(handle_, type, code.data(), code.size(), name),
          "nvJitLinkAddData");
  }

  LinkedCode finish() {
    check(SALTUS_OF(library_, nvJitLinkComplete)(handle_), "nvJitLinkComplete");
    return {.code = text(SALTUS_OF(library_, nvJitLinkGetLinkedCubinSize),
                         SALTUS_OF(library_, nvJitLinkGetLinkedCubin)),
            .report = text(SALTUS_OF(library_, nvJitLinkGetInfoLogSize),
                           SALTUS_OF(library_, nvJitLinkGetInfoLog))};
  }

 private:
  template <class Size, class Get, class Out = char>
  std::string text(Size* size_of, Get* get) const {
    std::size_t size = 0;
    if (size_of(handle_, &size) != NVJITLINK_SUCCESS) return {};
    std::string result(size, '\0');
    if (size > 0 && get(handle_, result.data()) != NVJITLINK_SUCCESS) return {};
    return result;
  }

  void check(nvJitLinkResult result, const char* call) const {
    if (result == NVJITLINK_SUCCESS) return;
    std::string why;
    if (handle_ != nullptr) {
      why = text(SALTUS_OF(library_, nvJitLinkGetErrorLogSize),
                 SALTUS_OF(library_, nvJitLinkGetErrorLog));
    }
    throw DeviceError(fmt::format("{}: error {} {}", call, static_cast<int>(result), why));
  }

  const Library& library_ = api().linker();
  nvJitLinkHandle handle_ = nullptr;
};

/// Whatever linked code depends on beside its source.
std::string key_of(const std::string& source, int architecture) {
  int major = 0;
  int minor = 0;
  SALTUS_NVRTC(nvrtcVersion, &major, &minor);
  uLong checksum = crc32_z(0, nullptr, 0);
  std::size_t bytes = 0;
  const auto add = [&](std::string_view text) {
    checksum = crc32_z(checksum, reinterpret_cast<const Bytef*>(text.data()), text.size());
    bytes += text.size();
  };
  for (const std::string_view code : kernels::formula::linkable_code()) add(code);
  for (const kernels::formula::Header& header : kernels::formula::formula_headers())
    add(header.text);
  return fmt::format("sm_{}, NVRTC {}.{}, kernels {} {:08x}\n{}", architecture, major, minor, bytes,
                     checksum, source);
}

/// A module on the device.
class Module : public kernels::LinkedKernels {
 public:
  explicit Module(std::string code) : code_(std::move(code)) {
    SALTUS_CUDA_CHECK(
        cudaLibraryLoadData(&library_, code_.data(), nullptr, nullptr, 0, nullptr, nullptr, 0));
  }
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module() override { static_cast<void>(cudaLibraryUnload(library_)); }

  const void* find(const void* kernel) const override {
    const std::scoped_lock lock(mutex_);
    cudaKernel_t& found = found_[kernel];
    if (found == nullptr) {
      const char* name = nullptr;
      SALTUS_CHECK(cudaFuncGetName(&name, kernel));
      SALTUS_CHECK(cudaLibraryGetKernel(&found, library_, name));
    }
    return found;
  }

 private:
  std::string code_;
  cudaLibrary_t library_ = nullptr;
  mutable std::mutex mutex_;
  mutable std::map<const void*, cudaKernel_t> found_;
};

}  // namespace

void require_linker() {
  static_cast<void>(api());
}

std::optional<int> linkable_architecture(int device) {
  const std::string_view code = kernels::formula::linkable_code().front();
  for (int architecture = device; architecture / 10 == device / 10; --architecture) {
    try {
      Linking(architecture).add(NVJITLINK_INPUT_FATBIN, code, "kernels");
      return architecture;
    } catch (const DeviceError&) {
      continue;
    }
  }
  return std::nullopt;
}

LinkedCode link_source(const std::string& source, int architecture) {
  std::string report;
  const std::string formulas = compile(source, architecture, report);
  Linking linking(architecture);
  linking.add(NVJITLINK_INPUT_CUBIN, formulas, "formulas");
  for (const std::string_view code : kernels::formula::linkable_code())
    linking.add(NVJITLINK_INPUT_FATBIN, code, "kernels");
  LinkedCode linked = linking.finish();
  linked.report.insert(0, report);
  return linked;
}

Linked link_formulas(const formula::DeviceFormulas& formulas) {
  const std::string source = formula::device_source(formulas);
  const int device = current_architecture();
  const std::optional<int> found = linkable_architecture(device);
  if (!found) {
    throw DeviceError(fmt::format(
        "this build has no code for formulas on a GPU of compute capability {}.{}: build it with "
        "{} in CMAKE_CUDA_ARCHITECTURES, or use device cpu",
        device / 10, device % 10, device));
  }
  const int architecture = *found;
  const std::string key = key_of(source, architecture);
  const LinkCache cache(link_cache_folder());
  std::optional<std::string> code = cache.find(key);
  if (!code) {
    code = link_source(source, architecture).code;
    cache.keep(key, *code);
  }
  return {.kernels = std::make_unique<Module>(std::move(*code))};
}

}  // namespace saltus::cuda

#else

namespace saltus::cuda {

void require_linker() {
  throw DeviceError(
      "this build of saltus cannot run formulas on a GPU: build it where nvrtc.h and nvJitLink.h "
      "are installed, or use device cpu");
}

Linked link_formulas(const formula::DeviceFormulas& /*formulas*/) {
  require_linker();
  return {};
}

std::optional<int> linkable_architecture(int /*device*/) {
  require_linker();
  return {};
}

LinkedCode link_source(const std::string& /*source*/, int /*architecture*/) {
  require_linker();
  return {};
}

}  // namespace saltus::cuda

#endif
