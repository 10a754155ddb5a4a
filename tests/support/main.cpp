// The test program's main: Catch2's own.
#if defined(K754_MINIMAL_CATCH)
#include "minimal_catch.hpp"
int main(int argc, char** argv) {
  return k754_test::minimal_catch::run(argc > 1 ? std::strtol(argv[1], nullptr, 10) : 1);
}
#elif __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
