# zig's clang with MinGW-w64 for Windows/arm64; programs run under Debian's Wine
# for arm64.  Both are where ci/lib/wine_arm64.sh puts them.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
if(DEFINED ENV{XDG_CACHE_HOME})
  set(_cache $ENV{XDG_CACHE_HOME}/yank/windows-arm64)
else()
  set(_cache $ENV{HOME}/.cache/yank/windows-arm64)
endif()
set(CMAKE_C_COMPILER ${_cache}/zig-0.11.0/cc)
set(CMAKE_AR ${_cache}/zig-0.11.0/ar CACHE FILEPATH "zig's")
set(CMAKE_RANLIB ${_cache}/zig-0.11.0/ranlib CACHE FILEPATH "zig's")
# No objcopy renames sections of these objects: LLVM's does not do so for COFF,
# and that of binutils 2.40 fails on their relocations.
set(CMAKE_OBJCOPY "" CACHE FILEPATH "none")
set(CMAKE_RC_COMPILER ${CMAKE_C_COMPILER}) # CMake wants one, and nothing uses it
set(CMAKE_EXE_LINKER_FLAGS_INIT -L${_cache}/zig-0.11.0/lib)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
if(NOT DEFINED CMAKE_CROSSCOMPILING_EMULATOR)
  get_filename_component(CMAKE_CROSSCOMPILING_EMULATOR
    ${CMAKE_CURRENT_LIST_DIR}/../../ci/wine64_arm64 ABSOLUTE)
endif()
