# What demo, tests and benchmarks need; the library's headers need nothing of this.
#
# The system's package comes first (Debian 12: fmt 9.1, Catch2 2.13; Debian 13: fmt 10.1, Catch2 3.7). Where there is
# none, fmt and Catch2 are fetched as the archives that Debian 13 was built from; FETCHCONTENT_SOURCE_DIR_FMT and
# FETCHCONTENT_SOURCE_DIR_CATCH2 name local copies instead, FETCHCONTENT_TRY_FIND_PACKAGE_MODE=NEVER ignores the system.
include(FetchContent)
find_package(Threads REQUIRED)

set(k754_archives https://deb.debian.org/debian/pool/main)

# fmt::fmt
function(k754_require_fmt)
  if(TARGET fmt::fmt)
    return()
  endif()
  FetchContent_Declare(fmt SYSTEM
    URL ${k754_archives}/f/fmtlib/fmtlib_10.1.1+ds1.orig.tar.gz
    URL_HASH SHA256=7000f214d2628f04174822f8048c573f1608194408d7931121595a03f1c18a17
    FIND_PACKAGE_ARGS 9 GLOBAL)
  FetchContent_MakeAvailable(fmt)
endfunction()

# CLI11::CLI11 and nlohmann_json::nlohmann_json
function(k754_require_cli11_and_json)
  FetchContent_Declare(CLI11 SYSTEM
    URL ${k754_archives}/c/cli11/cli11_2.4.1+ds.orig.tar.xz
    URL_HASH SHA256=0b8fbf2398875f15f30a675c7f412123a2aaa38df2863e991de72004fd5f1292
    FIND_PACKAGE_ARGS 2 GLOBAL)
  FetchContent_Declare(nlohmann_json SYSTEM
    URL ${k754_archives}/n/nlohmann-json3/nlohmann-json3_3.11.3.orig.tar.gz
    URL_HASH SHA256=0d8ef5af7f9794e3263480193c491549b2ba6cc74bb018906202ada498a79406
    FIND_PACKAGE_ARGS 3 GLOBAL)
  FetchContent_MakeAvailable(CLI11 nlohmann_json)
endfunction()

# k754_catch2: Catch2 2.13 or 3, for sources that include tests/support/catch.hpp; main() is tests/support/main.cpp.
function(k754_require_catch2)
  if(TARGET k754_catch2)
    return()
  endif()
  FetchContent_Declare(Catch2 SYSTEM
    URL ${k754_archives}/c/catch2/catch2_3.7.1.orig.tar.gz
    URL_HASH SHA256=c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c
    FIND_PACKAGE_ARGS GLOBAL)
  FetchContent_MakeAvailable(Catch2)
  if(Catch2_VERSION AND Catch2_VERSION VERSION_LESS 2.13)
    message(FATAL_ERROR "k754's tests need Catch2 2.13 or newer; ${Catch2_DIR} holds ${Catch2_VERSION}")
  endif()
  add_library(k754_catch2 INTERFACE)
  target_link_libraries(k754_catch2 INTERFACE Catch2::Catch2)
endfunction()

# k754_mpfr: GNU MPFR with GMP, the oracle of the accuracy tests. Neither has a CMake package.
function(k754_require_mpfr)
  if(TARGET k754_mpfr)
    return()
  endif()
  find_path(K754_MPFR_INCLUDE_DIR mpfr.h)
  find_library(K754_MPFR_LIBRARY mpfr)
  find_path(K754_GMP_INCLUDE_DIR gmp.h)
  find_library(K754_GMP_LIBRARY gmp)
  if(NOT (K754_MPFR_INCLUDE_DIR AND K754_MPFR_LIBRARY AND K754_GMP_INCLUDE_DIR AND K754_GMP_LIBRARY))
    message(FATAL_ERROR "k754's tests compare with GNU MPFR, which was not found. On Debian and Ubuntu:\n"
      "  apt-get install libmpfr-dev libgmp-dev\n"
      "Elsewhere: CMAKE_PREFIX_PATH=<where it is>, or -DK754_BUILD_TESTS=OFF.")
  endif()
  add_library(k754_mpfr INTERFACE)
  target_include_directories(k754_mpfr SYSTEM INTERFACE ${K754_MPFR_INCLUDE_DIR} ${K754_GMP_INCLUDE_DIR})
  target_link_libraries(k754_mpfr INTERFACE ${K754_MPFR_LIBRARY} ${K754_GMP_LIBRARY})
endfunction()
