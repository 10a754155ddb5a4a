# cmake -P abi_tag_flags.cmake -- <include> <scratch folder> <compiler>
# Flags that let the compiler use other instructions give other tags, each its own.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/../support/arguments.cmake)
list(POP_FRONT arguments include scratch compiler)
set(unit ${scratch}/abi_tag_flags.cpp)
file(WRITE ${unit} "#include <k754/detail/config.hpp>\ntag K754_ABI\n")

execute_process(COMMAND ${compiler} -dumpmachine OUTPUT_VARIABLE machine COMMAND_ERROR_IS_FATAL ANY)
if(machine MATCHES "^x86_64")
  set(flags -O2 -O0 -fno-exceptions -msse3 -mssse3 -msse4.1 -msse4.2 -mpopcnt -mavx -mavx2 -mf16c -mfma -mlzcnt -mbmi -mbmi2
    -mmovbe -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx512cd)
else()
  set(flags -O2 -O0 -fno-exceptions -march=armv8-a+lse -march=armv8.2-a+fp16 -march=armv8.2-a+sve -march=armv9-a)
endif()
set(tags)
foreach(flag IN LISTS flags)
  execute_process(COMMAND ${compiler} -std=c++20 -O2 ${flag} -I${include} -E -P ${unit} OUTPUT_VARIABLE text
    COMMAND_ERROR_IS_FATAL ANY)
  if(NOT text MATCHES "tag (v[A-Za-z0-9_]+)[ \n]*$")
    message(FATAL_ERROR "${flag}: no tag in\n${text}")
  endif()
  if(CMAKE_MATCH_1 IN_LIST tags)
    message(FATAL_ERROR "${flag} has the tag ${CMAKE_MATCH_1} of an earlier one of ${flags}")
  endif()
  list(APPEND tags ${CMAKE_MATCH_1})
endforeach()
list(LENGTH tags count)
message(STATUS "${count} flags, as many tags")
