#pragma once

#include <saltus/export.h>

#include <string>

namespace saltus {

/// The version of this library: "0.1.0".
SALTUS_API std::string version();

/// What the program is and what it runs on, for reports.
struct MachineInfo {
  std::string version;       ///< of Saltus
  std::string compiler;      ///< that built it
  std::string system;        ///< operating system, its release, architecture
  std::string cpu;           ///< model, as the system names it
  std::string cpu_features;  ///< "avx2 fma avx512f ...": those that decide which code runs
  int cores = 0;             ///< that this process may use: its CPU quota counts, rounded up
  std::string loops;         ///< the instruction set chosen for our own loops
  std::string onednn;        ///< version
  std::string cuda;          ///< the GPU, its driver and runtime; or why there is none to use
};

/// Looks.
SALTUS_API MachineInfo machine_info();

}  // namespace saltus
