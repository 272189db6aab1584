# Debian's and Ubuntu's cross compiler for Linux/riscv64: gcc-riscv64-linux-gnu,
# libc6-dev-riscv64-cross; programs run under qemu-user.
include(${CMAKE_CURRENT_LIST_DIR}/linux_cross.cmake)
yank_linux_cross(riscv64 riscv64-linux-gnu rv64)
set(CMAKE_C_COMPILER riscv64-linux-gnu-gcc)
