# The CMake package (find_package(k754)), the pkg-config file and the headers.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS k754 EXPORT k754-targets FILE_SET HEADERS)
set(independent ARCH_INDEPENDENT)
if(K754_INSTALL_COMPILED)
  unset(independent)
  set_target_properties(k754_compiled PROPERTIES EXCLUDE_FROM_ALL OFF)
  install(TARGETS k754_compiled EXPORT k754-targets)
endif()
set(k754_package_dir ${CMAKE_INSTALL_DATADIR}/cmake/k754)
install(EXPORT k754-targets NAMESPACE k754:: DESTINATION ${k754_package_dir})

# Result bits belong to a minor version until 1.0, so another minor version is not a substitute.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/k754-config-version.cmake
  COMPATIBILITY SameMinorVersion ${independent})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/k754-config.cmake.in ${PROJECT_BINARY_DIR}/k754-config.cmake
  INSTALL_DESTINATION ${k754_package_dir} NO_SET_AND_CHECK_MACRO)
install(FILES ${PROJECT_BINARY_DIR}/k754-config.cmake ${PROJECT_BINARY_DIR}/k754-config-version.cmake
  DESTINATION ${k754_package_dir})

# The prefix is found from where the file lies, so that an installed tree can be moved.
string(REGEX REPLACE "[^/]+" ".." k754_up_to_prefix "${CMAKE_INSTALL_DATADIR}/pkgconfig")
configure_file(${CMAKE_CURRENT_LIST_DIR}/k754.pc.in ${PROJECT_BINARY_DIR}/k754.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/k754.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
