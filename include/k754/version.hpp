/// The version, stated here and nowhere else; CMake reads it from these lines.
/// Result bits belong to a version: they may change between versions until 1.0, never within one.
#ifndef K754_VERSION_HPP
#define K754_VERSION_HPP

#define K754_VERSION_MAJOR 0
#define K754_VERSION_MINOR 1
#define K754_VERSION_PATCH 0

#endif  // K754_VERSION_HPP
