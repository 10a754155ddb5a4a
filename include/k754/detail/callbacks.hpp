/// Pieces of work that call the caller's own code, which may throw. The tasks of an executor do not: the
/// first exception is kept, pieces not yet begun are left out, and it is thrown again on the calling thread
/// once the executor has returned.
#ifndef K754_DETAIL_CALLBACKS_HPP
#define K754_DETAIL_CALLBACKS_HPP

#include "../executor.hpp"
#include "config.hpp"

#if K754_EXCEPTIONS
#include <exception>
#endif

namespace k754::detail {
inline namespace K754_ABI {

/// `run_pieces` for a body that may throw. With several threads, which of several exceptions is kept is not
/// specified.
template <class Executor, class Body>
void run_callbacks(Executor& ex, index_t count, index_t grain, const Body& body) {
#if K754_EXCEPTIONS
  std::exception_ptr first;
  bool caught = false;
  run_pieces(ex, count, grain, [&](index_t begin, index_t end) {
    if (__atomic_load_n(&caught, __ATOMIC_RELAXED)) return;
    try {
      body(begin, end);
    } catch (...) {
      if (!__atomic_exchange_n(&caught, true, __ATOMIC_RELAXED)) first = std::current_exception();
    }
  });
  if (first) std::rethrow_exception(first);
#else
  run_pieces(ex, count, grain, body);
#endif
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_DETAIL_CALLBACKS_HPP
