// Which libraries there are where the CUDA backend runs on the emulation: stand-ins, naive loops
// behind the calls that the backend makes.
#pragma once

#include <map>
#include <string>

namespace saltus::tests {

/// As if a library ("libcudnn.so.9") were not installed, or were.
void set_installed(const std::string& library, bool installed);
bool is_installed(const std::string& library);

/// The functions of each by name.
std::map<std::string, void*> cublas_functions();
std::map<std::string, void*> cudnn_functions();

}  // namespace saltus::tests
