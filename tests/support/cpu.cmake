# k754_cpu_lacks(<variable> <feature>...): which of these this CPU does not have, by their names in /proc/cpuinfo. Asked when a
# test runs, not when it is configured: which tests there are, and what they compile, is the same on every machine.
function(k754_cpu_lacks variable)
  set(missing ${ARGN})
  if(EXISTS /proc/cpuinfo)
    file(STRINGS /proc/cpuinfo has REGEX "^flags" LIMIT_COUNT 1)
    string(REGEX MATCHALL "[^ ]+" has "${has}")
    list(REMOVE_ITEM missing ${has})
  endif()
  set(${variable} "${missing}" PARENT_SCOPE)
endfunction()

# What a CPU needs in order to run what was compiled for these.
set(k754_needs_skylake aes avx avx2 abm bmi1 bmi2 f16c fma movbe pclmulqdq)
set(k754_needs_skylake-avx512 ${k754_needs_skylake} avx512f avx512bw avx512cd avx512dq avx512vl)

# cmake -D PROCESSOR=<skylake or skylake-avx512> -P cpu.cmake: prints what this CPU lacks for it.
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  k754_cpu_lacks(missing ${k754_needs_${PROCESSOR}})
  if(missing)
    message("${missing}")
  endif()
endif()
