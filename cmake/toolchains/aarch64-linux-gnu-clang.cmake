# The machine's own clang and lld for Linux/arm64, with the libraries of
# Debian's and Ubuntu's cross compiler: gcc-aarch64-linux-gnu,
# libc6-dev-arm64-cross; programs run under qemu-user.
include(${CMAKE_CURRENT_LIST_DIR}/linux_cross.cmake)
yank_linux_cross(aarch64 aarch64-linux-gnu max)
set(CMAKE_C_COMPILER clang)
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_ASM_COMPILER_TARGET aarch64-linux-gnu)
foreach(_kind EXE SHARED MODULE)
  set(CMAKE_${_kind}_LINKER_FLAGS_INIT -fuse-ld=lld)
endforeach()
