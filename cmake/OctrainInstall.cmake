# Installs the libraries with their headers, the program, and the package that find_package(octrain) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(octrain_libraries GLOBAL PROPERTY OCTRAIN_LIBRARIES)
install(TARGETS ${octrain_libraries} EXPORT octrain-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS octrain RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

set(octrain_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/octrain)
install(EXPORT octrain-targets NAMESPACE octrain:: DESTINATION ${octrain_package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/octrain-config.cmake.in
  ${PROJECT_BINARY_DIR}/octrain-config.cmake INSTALL_DESTINATION ${octrain_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/octrain-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/octrain-config.cmake ${PROJECT_BINARY_DIR}/octrain-config-version.cmake
  DESTINATION ${octrain_package_dir})
