# Debian's and Ubuntu's cross compiler for Linux/arm64: gcc-aarch64-linux-gnu,
# libc6-dev-arm64-cross; programs run under qemu-user.
include(${CMAKE_CURRENT_LIST_DIR}/linux_cross.cmake)
yank_linux_cross(aarch64 aarch64-linux-gnu max)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
