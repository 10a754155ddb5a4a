# cmake -P alone.cmake -- <folder> <names> <compiler> <flags>...
# Compiles each header so named as the only line of a unit, and once more after itself.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/../support/arguments.cmake)
list(POP_FRONT arguments folder names)
set(command ${arguments})

file(GLOB_RECURSE headers ${folder}/${names})
set(compiled 0)
set(wrong)
foreach(header IN LISTS headers)
  # An optional header needs another library; without it there is nothing to compile.
  file(STRINGS ${header} other REGEX "^#include [<\"](fmt|hwy)/" LIMIT_COUNT 1)
  if(other MATCHES "[<\"](.*)[>\"]")
    set(other ${CMAKE_MATCH_1})
    execute_process(COMMAND ${command} -include ${other} -fsyntax-only -x c++ /dev/null
      RESULT_VARIABLE missing ERROR_QUIET)
    if(missing)
      message(STATUS "left out, no ${other}: ${header}")
      continue()
    endif()
  endif()
  execute_process(COMMAND ${command} -fsyntax-only -include ${header} -include ${header} -x c++ /dev/null
    RESULT_VARIABLE failed)
  math(EXPR compiled "${compiled} + 1")
  if(failed)
    list(APPEND wrong ${header})
  endif()
endforeach()
if(wrong OR compiled EQUAL 0)
  message(FATAL_ERROR "of ${compiled} headers these do not stand alone: ${wrong}")
endif()
list(JOIN command " " command)
message(STATUS "${compiled} headers compile alone: ${command}")
