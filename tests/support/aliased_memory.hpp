// More address space than memory: one small file mapped over and over, and pages of their own at the end.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace k754_test {

class aliased_memory {
 public:
  static constexpr std::size_t piece_bytes = std::size_t{1} << 21;

  /// `pieces` times the same zeros, then one piece that is not shared. Null data() where the system refuses.
  explicit aliased_memory(std::size_t pieces) : size_((pieces + 1) * piece_bytes) {
    const int file = memfd_create("aliased", 0);
    if (file < 0) return;
    void* const memory = mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bool complete = memory != MAP_FAILED && ftruncate(file, static_cast<off_t>(piece_bytes)) == 0;
    if (memory != MAP_FAILED) data_ = static_cast<unsigned char*>(memory);
    for (std::size_t i = 0; complete && i < pieces; ++i) {
      complete = mmap(data_ + i * piece_bytes, piece_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                      file, 0) != MAP_FAILED;
    }
    complete = complete && mprotect(own_piece(), piece_bytes, PROT_READ | PROT_WRITE) == 0;
    close(file);
    if (!complete && data_ != nullptr) {
      munmap(data_, size_);
      data_ = nullptr;
    }
  }
  aliased_memory(const aliased_memory&) = delete;
  aliased_memory& operator=(const aliased_memory&) = delete;
  ~aliased_memory() {
    if (data_ != nullptr) munmap(data_, size_);
  }

  unsigned char* data() const { return data_; }
  unsigned char* own_piece() const { return data_ + (size_ - piece_bytes); }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  unsigned char* data_ = nullptr;
};

}  // namespace k754_test
