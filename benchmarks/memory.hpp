// Where buffers lie.
#ifndef K754_BENCHMARKS_MEMORY_HPP
#define K754_BENCHMARKS_MEMORY_HPP

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace benchmarks {

/// Zeros, on huge pages where the system gives them, touched by nobody yet.
inline void* map_memory(std::size_t bytes) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

/// What gives buffers their memory: the system, where nobody says otherwise.
class memory_source {
 public:
  virtual void* take(std::size_t bytes) { return map_memory(bytes); }
  virtual void give_back(void* memory, std::size_t bytes) { munmap(memory, bytes); }

 protected:
  ~memory_source() = default;
};

struct system_memory final : memory_source {};
inline system_memory the_system;
inline memory_source* buffers_from = &the_system;

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_MEMORY_HPP
