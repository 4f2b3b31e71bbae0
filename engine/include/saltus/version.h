// The version of these headers; version() in saltus/machine.h is that of the library.
#pragma once

#include <saltus/export.h>

#define SALTUS_VERSION_MAJOR 0
#define SALTUS_VERSION_MINOR 1
#define SALTUS_VERSION_PATCH 0
#define SALTUS_VERSION "0.1.0"
