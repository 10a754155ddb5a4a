# cmake -P measure.cmake -- <report> <what> <figure in seconds> <compiler> <arguments>...
# The processor time of one compilation, best of three, held against the figure: a line in the report.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/../support/arguments.cmake)
list(POP_FRONT arguments report what figure)
set(command ${arguments})
cmake_path(GET report PARENT_PATH folder)

execute_process(COMMAND ${command} -E -dM OUTPUT_VARIABLE macros COMMAND_ERROR_IS_FATAL ANY)
set(versions)
foreach(part IN ITEMS __GNUC__ HWY_MAJOR HWY_MINOR HWY_PATCH)
  if(macros MATCHES "#define ${part} ([0-9]+)")
    set(${part} ${CMAKE_MATCH_1})
  endif()
endforeach()
set(highway "without Highway")
if(DEFINED HWY_MAJOR)
  set(highway "Highway ${HWY_MAJOR}.${HWY_MINOR}.${HWY_PATCH}")
endif()

# A number of hundredths from "1m2.345s" twice: user and system time of the children.
set(best)
foreach(round RANGE 1 3)
  execute_process(COMMAND sh -c "\"$@\" && times" sh ${command} -c -o /dev/null
    OUTPUT_VARIABLE times COMMAND_ERROR_IS_FATAL ANY)
  if(NOT times MATCHES "\n([0-9]+)m([0-9]+)[.]([0-9][0-9])[0-9]*s ([0-9]+)m([0-9]+)[.]([0-9][0-9])")
    message(FATAL_ERROR "not the times of a shell: ${times}")
  endif()
  math(EXPR hundredths "(${CMAKE_MATCH_1} + ${CMAKE_MATCH_4}) * 6000 + (${CMAKE_MATCH_2} + ${CMAKE_MATCH_5}) * 100
    + 1${CMAKE_MATCH_3} + 1${CMAKE_MATCH_6} - 200")
  if(NOT best OR hundredths LESS best)
    set(best ${hundredths})
  endif()
endforeach()
math(EXPR seconds "${best} / 100")
math(EXPR rest "${best} % 100 + 100")
string(SUBSTRING ${rest} 1 2 rest)
set(line "${what}, g++ ${__GNUC__} -O2, ${highway}: ${seconds}.${rest} s (figure ${figure} s)")
if("${seconds}.${rest}" VERSION_GREATER "${figure}")  # two digits behind the point, so this orders numbers
  string(APPEND line "   ABOVE THE FIGURE")
endif()
message(STATUS "${line}")
file(APPEND ${report} "${line}\n")
