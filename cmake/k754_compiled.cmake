# k754::compiled, the vector kernels as a library (include/k754/compiled/README.md). Built when something links it.
file(GLOB compiled_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/k754/compiled/*.cpp)
add_library(k754_compiled EXCLUDE_FROM_ALL ${compiled_sources})
add_library(k754::compiled ALIAS k754_compiled)
set_target_properties(k754_compiled PROPERTIES EXPORT_NAME compiled POSITION_INDEPENDENT_CODE ON)
target_link_libraries(k754_compiled PUBLIC k754)
target_compile_definitions(k754_compiled INTERFACE K754_COMPILED)
# In debug builds too: without optimisation there is vector code for the baseline alone.
set(K754_COMPILED_FLAGS "" CACHE STRING "More compiler flags of k754::compiled, a list")
mark_as_advanced(K754_COMPILED_FLAGS)
target_compile_options(k754_compiled PRIVATE -O2 ${K754_COMPILED_FLAGS})
