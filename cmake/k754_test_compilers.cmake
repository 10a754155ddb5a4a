# The compilers found here that k754 supports: tests that are about the compiler run with each.
#
# Sets k754_test_compilers to their names (gcc, clang), k754_all_test_compilers to these and newest_clang;
# k754_compiler_<name> is the command.
function(k754_consider_compiler command)
  execute_process(COMMAND ${command} -dM -E -x c++ /dev/null
    OUTPUT_VARIABLE macros ERROR_QUIET RESULT_VARIABLE failed)
  if(failed)
    return()
  endif()
  if(macros MATCHES "#define __clang_major__ ([0-9]+)")
    set(name clang)
    set(oldest 14)
  elseif(macros MATCHES "#define __GNUC__ ([0-9]+)")
    set(name gcc)
    set(oldest 12)
  else()
    return()
  endif()
  if(CMAKE_MATCH_1 VERSION_GREATER_EQUAL oldest AND NOT name IN_LIST k754_test_compilers)
    set(k754_test_compilers ${k754_test_compilers} ${name} PARENT_SCOPE)
    set(k754_compiler_${name} ${command} PARENT_SCOPE)
  endif()
endfunction()

set(k754_test_compilers)
find_program(K754_GXX g++)
find_program(K754_CLANGXX clang++)
mark_as_advanced(K754_GXX K754_CLANGXX)
# The compiler of this build comes first, so that it stands for its kind.
foreach(command IN ITEMS ${CMAKE_CXX_COMPILER} ${K754_GXX} ${K754_CLANGXX})
  if(command)
    k754_consider_compiler(${command})
  endif()
endforeach()
# A newer Clang beside the default one, for the comparison of compilers.
set(versioned_clangs)
foreach(version RANGE 30 15 -1)
  list(APPEND versioned_clangs clang++-${version})
endforeach()
find_program(K754_NEWEST_CLANGXX NAMES ${versioned_clangs})
mark_as_advanced(K754_NEWEST_CLANGXX)
set(k754_all_test_compilers ${k754_test_compilers})
if(K754_NEWEST_CLANGXX)
  list(APPEND k754_all_test_compilers newest_clang)
  set(k754_compiler_newest_clang ${K754_NEWEST_CLANGXX})
endif()
list(JOIN k754_test_compilers ", " names)
message(STATUS "Compilers for tests about compilers: ${names}")

# A processor with AVX2 and FMA, for tests that compile for one and run where they can (tests/support/cpu.cmake).
set(k754_fma_flags)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(k754_fma_flags -march=skylake)
endif()

# The flags of our own programs and of the tests that call a compiler themselves.
set(k754_test_flags -std=c++20 ${k754_warning_flags})

# k754_add_compiled_test(NAME <name> COMPILER <gcc or clang> ARGUMENTS <compiler arguments>...)
# A ctest entry that compiles and links one program with any of these compilers and runs it.
function(k754_add_compiled_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;COMPILER" "ARGUMENTS")
  add_test(NAME ${arg_NAME}
    COMMAND ${CMAKE_COMMAND} -P ${PROJECT_SOURCE_DIR}/tests/support/compile_and_run.cmake --
      ${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME} ${k754_compiler_${arg_COMPILER}} ${arg_ARGUMENTS})
  set_tests_properties(${arg_NAME} PROPERTIES LABELS compiler)
endfunction()
