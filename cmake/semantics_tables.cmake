# Writes the row tables of include/k754/README.md from tests/semantics.txt:
#
#     cmake -P cmake/semantics_tables.cmake             write them
#     cmake -D CHECK=ON -P cmake/semantics_tables.cmake fail where they differ
cmake_minimum_required(VERSION 3.24)

set(root ${CMAKE_CURRENT_LIST_DIR}/..)
set(document ${root}/include/k754/README.md)
set(first_marker "<!-- rows -->")
set(last_marker "<!-- end of rows -->")

# A line at a time, since `[` and `;` mean something in CMake lists.
file(READ ${root}/tests/semantics.txt rest)
set(tables "")
set(row_count 0)
while(NOT rest STREQUAL "")
  string(FIND "${rest}" "\n" end)
  string(SUBSTRING "${rest}" 0 ${end} line)
  math(EXPR next "${end} + 1")
  string(SUBSTRING "${rest}" ${next} -1 rest)

  if(line MATCHES "^## (.*)$")
    string(APPEND tables "\n### ${CMAKE_MATCH_1}\n\n| row | call | input | result | why |\n|---|---|---|---|---|\n")
  elseif(line MATCHES "^([^#|][^|]*) \\| ([^|]*) \\| ([^|]*) \\| ([^|]*) \\| ([^|]*)$")
    if(CMAKE_MATCH_2 STREQUAL "test")
      set(cells "tested | ${CMAKE_MATCH_3} | ${CMAKE_MATCH_4}")
    else()
      set(cells "`${CMAKE_MATCH_2}` | `${CMAKE_MATCH_3}` | `${CMAKE_MATCH_4}`")
    endif()
    string(APPEND tables "| ${CMAKE_MATCH_1} | ${cells} | ${CMAKE_MATCH_5} |\n")
    math(EXPR row_count "${row_count} + 1")
  elseif(NOT line MATCHES "^(#.*)?$")
    message(FATAL_ERROR "tests/semantics.txt: neither a row, a heading nor a comment:\n  ${line}")
  endif()
endwhile()

file(READ ${document} text)
string(FIND "${text}" "${first_marker}" begin)
string(FIND "${text}" "${last_marker}" end)
if(begin EQUAL -1 OR end LESS begin)
  message(FATAL_ERROR "include/k754/README.md has no ${first_marker} ... ${last_marker}")
endif()
string(LENGTH "${first_marker}" marker_length)
math(EXPR begin "${begin} + ${marker_length}")
string(SUBSTRING "${text}" 0 ${begin} before)
string(SUBSTRING "${text}" ${end} -1 after)
set(expected "${before}\n${tables}\n${after}")

if(text STREQUAL expected)
  message(STATUS "include/k754/README.md agrees with tests/semantics.txt (${row_count} rows)")
elseif(CHECK)
  message(FATAL_ERROR "The tables of include/k754/README.md differ from tests/semantics.txt. To write them anew:\n"
                      "  cmake -P cmake/semantics_tables.cmake")
else()
  file(WRITE ${document} "${expected}")
  message(STATUS "Wrote ${row_count} rows to include/k754/README.md")
endif()
