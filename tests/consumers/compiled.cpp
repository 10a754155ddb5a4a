// A unit that calls the compiled library, whatever its own flags.
#if !defined(K754_COMPILED)
#define K754_COMPILED
#endif
#include <k754/k754.hpp>

#include <cstring>
#include <vector>

#include "checks.hpp"

#if K754_SIMD
#error "Highway was read."
#endif

int main() {
  std::printf("runs %s\n", k754::simd_target());
  const char* const best = k754::simd_target();
  std::vector<float> x(1000, 1.0F);
  x[700] = 2.0F;
  k754::for_each_simd_target([&](const char* name) {
    std::int64_t winner = -1;
    consumer::check("a target is forced",
                    k754::force_simd_target(name) && std::strcmp(k754::simd_target(), name) == 0);
    consumer::check(name,
                    k754::try_argmax(x, k754::tensor_view(&winner)) == k754::status::ok && winner == 700);
  });
  consumer::check("no such target", !k754::force_simd_target("NONE"));
  k754::force_simd_target(nullptr);
  consumer::check("the best target again", std::strcmp(k754::simd_target(), best) == 0);
#if defined(__x86_64__) && __has_include(<hwy/highway.h>)
  consumer::check("vectors where the CPU has AVX2",
                  !__builtin_cpu_supports("avx2") || std::strcmp(best, "reference") != 0);
#endif
  return consumer::check_k754("compiled library");
}
