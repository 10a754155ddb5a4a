# NEON and SVE on machines that have neither: tests/emulated under QEMU, where a cross compiler, QEMU's user mode and
# Highway are installed (Debian: g++-aarch64-linux-gnu qemu-user-static libhwy-dev). The vectors are as long as the
# name says.
find_program(K754_AARCH64_GXX aarch64-linux-gnu-g++)
find_program(K754_QEMU_AARCH64 NAMES qemu-aarch64-static qemu-aarch64)
find_path(K754_HIGHWAY_INCLUDE_DIR hwy/highway.h)
mark_as_advanced(K754_AARCH64_GXX K754_QEMU_AARCH64 K754_HIGHWAY_INCLUDE_DIR)
if(NOT (K754_AARCH64_GXX AND K754_QEMU_AARCH64 AND K754_HIGHWAY_INCLUDE_DIR))
  message(STATUS "Tests of NEON and SVE: left out, need aarch64-linux-gnu-g++, qemu-aarch64 and Highway")
  return()
endif()

# Highway's headers serve every processor, but their neighbours in the folder do not.
set(emulated_dir ${CMAKE_CURRENT_BINARY_DIR}/emulated)
file(MAKE_DIRECTORY ${emulated_dir}/include)
file(CREATE_LINK ${K754_HIGHWAY_INCLUDE_DIR}/hwy ${emulated_dir}/include/hwy SYMBOLIC)

cmake_host_system_information(RESULT processors QUERY NUMBER_OF_LOGICAL_CORES)
add_test(NAME emulated.configure COMMAND ${CMAKE_COMMAND} -S ${PROJECT_SOURCE_DIR}/tests/emulated -B ${emulated_dir}/build
  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=${K754_AARCH64_GXX}
  -DCMAKE_CXX_FLAGS=-O2 -DK754_HIGHWAY_HEADERS=${emulated_dir}/include)
add_test(NAME emulated.build COMMAND ${CMAKE_COMMAND} --build ${emulated_dir}/build --parallel ${processors})
set_tests_properties(emulated.configure emulated.build PROPERTIES LABELS emulated)
set_tests_properties(emulated.configure PROPERTIES FIXTURES_SETUP emulated_configured)
set_tests_properties(emulated.build PROPERTIES FIXTURES_SETUP emulated_built FIXTURES_REQUIRED emulated_configured
  PROCESSORS ${processors})

# k754_add_emulated_test(<name> <processor> <targets>...)
function(k754_add_emulated_test name processor)
  add_test(NAME emulated.${name} COMMAND ${K754_QEMU_AARCH64} -cpu ${processor} ${emulated_dir}/build/k754_emulated)
  list(JOIN ARGN " " targets)
  set_tests_properties(emulated.${name} PROPERTIES FIXTURES_REQUIRED emulated_built LABELS emulated
    ENVIRONMENT "K754_TEST_SCALE=100;K754_TEST_TARGETS=${targets}")
endfunction()
k754_add_emulated_test(neon cortex-a57 NEON)
k754_add_emulated_test(sve_128 max,sve-default-vector-length=16 SVE2 SVE NEON)
k754_add_emulated_test(sve_512 max,sve-default-vector-length=64 SVE2 SVE NEON)
