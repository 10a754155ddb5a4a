#include "k754/targets/cpu.hpp"

#include "support/catch.hpp"

#if defined(__x86_64__)
TEST_CASE("What the CPU has is what the compiler's run-time library finds") {
  const k754::detail::cpu_features cpu = k754::detail::detect_cpu();
  const bool avx2 = __builtin_cpu_supports("avx2") != 0, avx512 = __builtin_cpu_supports("avx512f") != 0;
  CHECK(cpu.ssse3 == (__builtin_cpu_supports("ssse3") != 0));
  CHECK(cpu.fma == (__builtin_cpu_supports("fma") != 0));
  // Each of these has more, which came with it in all processors but a few.
  CHECK((!cpu.sse4 || __builtin_cpu_supports("sse4.2") != 0));
  CHECK((!cpu.avx2 || (avx2 && __builtin_cpu_supports("bmi2") != 0)));
  CHECK((!cpu.avx512 || (avx512 && __builtin_cpu_supports("avx512vl") != 0)));
  if (!cpu.avx2 && avx2) WARN("AVX2 without what came with it");
  if (!cpu.avx512 && avx512) WARN("AVX-512F without what came with it");
}

TEST_CASE("A CPU has no leaf beyond its last") {
  const k754::detail::cpuid_words none = k754::detail::cpuid(0x7FFFFFFFU);
  CHECK((none.a | none.b | none.c | none.d) == 0);
  CHECK(k754::detail::cpuid(0).a >= 1);
}
#endif
