// What this program was built from, for its reports.
#ifndef K754_BENCHMARKS_BUILD_HPP
#define K754_BENCHMARKS_BUILD_HPP

#include <string>

#include <k754/version.hpp>

namespace benchmarks {

inline std::string version_text(int major, int minor, int patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

inline std::string k754_version() {
  return version_text(K754_VERSION_MAJOR, K754_VERSION_MINOR, K754_VERSION_PATCH);
}

inline std::string compiler() {
#if defined(__clang__)
  return "Clang " + version_text(__clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return "GCC " + version_text(__GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_BUILD_HPP
