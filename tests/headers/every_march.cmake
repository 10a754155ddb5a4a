# cmake -P every_march.cmake -- <-march or -mcpu> <floor> <compiled or preprocessed> <compiler> <arguments>...
# Whatever processor a user compiles for, the headers compile: the unit beside this file with each value that the compiler
# itself knows for the flag, on whatever machine this runs. Below <floor> values the compiler was not understood.
#
# What the headers make of the flag are macros of Highway's and of our own. Every value is preprocessed, which finds an
# #error; of those that leave the same macros one is compiled, unless preprocessing is to be all. With optimisation, since
# without there is the baseline alone.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/../support/arguments.cmake)
list(POP_FRONT arguments flag floor how compiler)
set(command ${compiler} ${arguments} -O1)
set(unit ${CMAKE_CURRENT_LIST_DIR}/every_march.cpp)
set(ENV{LC_ALL} C)

# A value that does not exist is refused with the list of those that do, and only of those with 64 bits.
execute_process(COMMAND ${compiler} ${flag}=none -fsyntax-only -x c++ /dev/null ERROR_VARIABLE refusal)
if(NOT refusal MATCHES "valid (arguments|target CPU values)[^:\n]* are: ([^\n;]*)")
  message(FATAL_ERROR "${compiler} does not list what it knows for ${flag}: ${refusal}")
endif()
string(REGEX MATCHALL "[^ ,]+" values "${CMAKE_MATCH_2}")
if(native IN_LIST values)
  list(REMOVE_ITEM values native)
  message(STATUS "left out: ${flag}=native, the machine at hand")
endif()
if("x86-64" IN_LIST values)
  message(STATUS "left out: processors of 32 bits, which k754 does not support and ${compiler} does not list here")
endif()

set(wrong)
macro(complain)
  string(REGEX MATCH "[^\n]*error[^\n]*" first "${output}")
  message("${flag}=${value}: ${first}")
  list(APPEND wrong ${value})
endmacro()
set(outcomes)
foreach(value IN LISTS values)
  execute_process(COMMAND ${command} ${flag}=${value} -dM -E ${unit}
    OUTPUT_VARIABLE macros ERROR_VARIABLE output RESULT_VARIABLE failed)
  if(failed)
    complain()
    continue()
  endif()
  string(REGEX MATCHALL "#define (HWY|K754)_[^\n]*" macros "${macros}")
  list(SORT macros)  # they come in the order of a hash table
  string(SHA256 outcome "${macros}")
  if(NOT outcome IN_LIST outcomes)
    list(APPEND outcomes ${outcome})
    if(how STREQUAL "preprocessed")
      continue()
    endif()
    execute_process(COMMAND ${command} ${flag}=${value} -c -o /dev/null ${unit}
      ERROR_VARIABLE output RESULT_VARIABLE failed)
    if(failed)
      complain()
    endif()
  endif()
endforeach()

list(LENGTH values count)
list(LENGTH outcomes distinct)
list(JOIN command " " text)
message(STATUS "${count} values of ${flag} with ${distinct} different outcomes, each of these ${how}: ${text}")
if(wrong OR count LESS floor OR distinct LESS 2)
  list(JOIN wrong " " wrong)
  message(FATAL_ERROR "of ${count} values (at least ${floor} are expected) these do not compile: ${wrong}")
endif()
