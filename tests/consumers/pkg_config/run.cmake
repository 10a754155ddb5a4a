# cmake -P run.cmake -- <program> <prefix> <version> <pkg-config> <compiler> <arguments>...
# What pkg-config says of the installed library compiles a program, and nothing needs linking.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/../../support/arguments.cmake)
list(POP_FRONT arguments program prefix version pkg_config)
set(command ${arguments})

set(ENV{PKG_CONFIG_PATH} ${prefix}/share/pkgconfig)
foreach(question IN ITEMS --modversion --cflags --libs)
  execute_process(COMMAND ${pkg_config} ${question} k754 OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "--" "" name ${question})
  separate_arguments(${name} UNIX_COMMAND "${answer}")
endforeach()
if(NOT modversion STREQUAL version OR libs)
  message(FATAL_ERROR "pkg-config says version ${modversion}, libraries \"${libs}\"")
endif()
message(STATUS "pkg-config --cflags k754: ${cflags}")
cmake_path(GET program PARENT_PATH folder)
file(MAKE_DIRECTORY ${folder})
execute_process(COMMAND ${command} ${cflags} ${CMAKE_CURRENT_LIST_DIR}/main.cpp -o ${program}
  COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${program} COMMAND_ERROR_IS_FATAL ANY)
