// What k754_versions and a shared library of one version's kernels say to each other. The two libraries are compiled
// from the same sources here and from different headers of k754, so nothing of k754 stands in this file.
#ifndef K754_BENCHMARKS_VERSIONS_VERSION_HPP
#define K754_BENCHMARKS_VERSIONS_VERSION_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "memory.hpp"

namespace benchmarks {

class version {
 public:
  virtual ~version() = default;
  virtual std::string description() const = 0;
  virtual std::vector<std::string> ids() const = 0;  ///< of the cases

  /// The case is the one that runs from now on, and what part of it, 1 for all: `most` units of its work, millions of
  /// floating-point operations or thousands of elements, or the whole where that is less. 0: there is no such form.
  virtual double make(std::size_t at, double most) = 0;
  virtual void run(std::int64_t repetitions) = 0;
  /// What one run writes.
  virtual std::vector<std::vector<std::byte>> outputs() = 0;
};

/// `target`: a SIMD target, or empty for the best. Throws std::runtime_error.
using open_version_function = version*(const std::string& cases, std::size_t threads,
                                       const std::string& target, memory_source& memory);

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_VERSIONS_VERSION_HPP
