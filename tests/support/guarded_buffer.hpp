// Memory whose neighbours cannot be touched: a page that may not be read or written lies before it and one behind it.
// Elements lie flush against either page, or anywhere between, so that one byte too many ends the program.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <new>

namespace k754_test {

inline std::size_t page_size() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

class guarded_buffer {
 public:
  /// At least `bytes` bytes, rounded up to whole pages; zeros.
  explicit guarded_buffer(std::size_t bytes)
      : size_((bytes + page_size() - 1) / page_size() * page_size()), mapped_(size_ + 2 * page_size()) {
    void* const memory = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    begin_ = static_cast<unsigned char*>(memory) + page_size();
    if (size_ > 0 && mprotect(begin_, size_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  }
  guarded_buffer(const guarded_buffer&) = delete;
  guarded_buffer& operator=(const guarded_buffer&) = delete;
  ~guarded_buffer() { munmap(begin_ - page_size(), mapped_); }

  /// The first byte, whose predecessor is guarded, and the guarded byte behind the last.
  unsigned char* begin() const { return begin_; }
  unsigned char* end() const { return begin_ + size_; }
  std::size_t size() const { return size_; }

  /// `count` elements that end where the memory ends.
  template <class T>
  T* flush_with_end(std::size_t count) const {
    return reinterpret_cast<T*>(end() - count * sizeof(T));
  }
  template <class T>
  T* flush_with_begin() const {
    return reinterpret_cast<T*>(begin());
  }

 private:
  std::size_t size_, mapped_;
  unsigned char* begin_;
};

}  // namespace k754_test
