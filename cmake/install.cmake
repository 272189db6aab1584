# find_package(yank) after `cmake --install`.
include(CMakePackageConfigHelpers)
set(_package ${CMAKE_INSTALL_LIBDIR}/cmake/yank)

# The folder as a whole, but for the scheduler's header where it is not built.
install(DIRECTORY include/yank DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h" PATTERN "sched.h" EXCLUDE)
if(YANK_SCHED AND EXISTS ${PROJECT_SOURCE_DIR}/include/yank/sched.h)
  install(FILES include/yank/sched.h
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/yank)
endif()
install(TARGETS yank EXPORT yankTargets ARCHIVE
        DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT yankTargets NAMESPACE yank:: DESTINATION ${_package})

configure_package_config_file(cmake/yankConfig.cmake.in
  ${PROJECT_BINARY_DIR}/yankConfig.cmake INSTALL_DESTINATION ${_package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/yankConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/yankConfig.cmake
  ${PROJECT_BINARY_DIR}/yankConfigVersion.cmake
  cmake/YankMakePreemptible.cmake
  cmake/YankMark.cmake
  DESTINATION ${_package})
