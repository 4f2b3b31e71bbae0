// What every public header begins with: the language that Saltus needs, and the mark of what its
// shared libraries show.
#pragma once

#if __cplusplus < 202002L
#error "Saltus needs C++20: compile with -std=c++20, or set CMAKE_CXX_STANDARD to 20 or more"
#endif

/// On a function or class of the public interface: the libraries are compiled with all else hidden.
#define SALTUS_API __attribute__((visibility("default")))
