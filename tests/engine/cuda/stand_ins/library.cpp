// In place of the loader: stand-ins are part of the program.
#include "backend/cuda/libraries/library.h"

#include <set>
#include <stdexcept>

#include "tests/engine/cuda/stand_ins/stand_ins.h"

namespace saltus {
namespace {

std::set<std::string> missing;

using Functions = std::map<std::string, void*>;

const Functions* functions_of(const std::string& library) {
  static const Functions cublas = tests::cublas_functions();
  static const Functions cudnn = tests::cudnn_functions();
  if (missing.contains(library)) return nullptr;
  if (library == "libcublasLt.so.13") return &cublas;
  return library == "libcudnn.so.9" ? &cudnn : nullptr;
}

}  // namespace

void tests::set_installed(const std::string& library, bool installed) {
  if (installed)
    missing.erase(library);
  else
    missing.insert(library);
}

bool tests::is_installed(const std::string& library) {
  return !missing.contains(library);
}

cuda::Library::Library(const char* name) : handle_(nullptr) {
  const Functions* functions = functions_of(name);
  if (functions == nullptr) throw std::runtime_error(std::string(name) + ": not found");
  handle_ = const_cast<Functions*>(functions);
}

void* cuda::Library::address(const char* name) const {
  const auto& functions = *static_cast<const Functions*>(handle_);
  const auto found = functions.find(name);
  if (found == functions.end()) throw std::runtime_error(std::string(name) + ": no such function");
  return found->second;
}

}  // namespace saltus
