// Catch2 2.13 (one header) and 3 serve alike, and for a program without them the little that we use.
#pragma once

#if defined(K754_MINIMAL_CATCH)
#include "minimal_catch.hpp"
#elif __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#else
#include <catch2/catch.hpp>
#endif
