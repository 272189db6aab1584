# yank_mingw_cross(<processor> <triplet>)
#
# What the toolchain files for Windows with Debian's and Ubuntu's MinGW-w64
# share.  Its C library is in /usr/<triplet>; more roots go in
# CMAKE_FIND_ROOT_PATH.  An emulator of one's own goes in
# CMAKE_CROSSCOMPILING_EMULATOR; empty: none, on a machine that runs such
# programs itself.
macro(yank_mingw_cross processor triplet)
  set(CMAKE_SYSTEM_NAME Windows)
  set(CMAKE_SYSTEM_PROCESSOR ${processor})
  set(CMAKE_RC_COMPILER ${triplet}-windres)

  list(APPEND CMAKE_FIND_ROOT_PATH /usr/${triplet})
  set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
  set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

  if(NOT DEFINED CMAKE_CROSSCOMPILING_EMULATOR)
    get_filename_component(CMAKE_CROSSCOMPILING_EMULATOR
      ${CMAKE_CURRENT_LIST_DIR}/../../ci/wine64 ABSOLUTE)
  endif()
endmacro()
