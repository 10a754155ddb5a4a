# cmake -P abi_tag.cmake -- <object> <nm> <compiler> <arguments>...
# Compiles one unit that calls everything, unoptimised, so that every function is there, and looks at the names: each
# function of the library that the linker may share between units must carry the tag of what it was compiled for.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/../support/arguments.cmake)
list(POP_FRONT arguments object nm)
set(command ${arguments})
cmake_path(GET object PARENT_PATH folder)
file(MAKE_DIRECTORY ${folder})
execute_process(COMMAND ${command} -O0 -c -o ${object} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${nm} --defined-only ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)

# Types have one identity in all units: their run-time type information, and the members of what is thrown. So have the
# choice of targets, the size of the caches and what is known of fused multiply-add, which are the program's.
set(allowed "_ZT[VTIS]|NK?4k75411shape_error(D[012]|4what)Ev$|N4k7546detail(15allowed_targets|28known_last_level_cache_bytes|9known_fma)E$")
string(REGEX MATCHALL " [WVu] _Z[^\n]*4k754[^\n]*" symbols "${symbols}")
set(tagged 0)
set(untagged)
foreach(symbol IN LISTS symbols)
  if(symbol MATCHES "v[0-9]+_[0-9]+_(gcc|clang)_")
    math(EXPR tagged "${tagged} + 1")
  elseif(symbol MATCHES " _Z(G?V|Z)*NK?4k754" AND NOT symbol MATCHES "${allowed}")
    list(APPEND untagged ${symbol})
  endif()
endforeach()
if(untagged OR tagged LESS 500)
  list(JOIN untagged "\n" text)
  message(FATAL_ERROR "${tagged} functions are tagged; these are not:\n${text}")
endif()
message(STATUS "${tagged} functions, all of them tagged")
