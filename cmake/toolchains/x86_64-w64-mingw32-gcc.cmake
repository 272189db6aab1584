# Debian's and Ubuntu's MinGW-w64 for Windows/amd64: gcc-mingw-w64-x86-64;
# programs run under wine64.
include(${CMAKE_CURRENT_LIST_DIR}/mingw_cross.cmake)
yank_mingw_cross(x86_64 x86_64-w64-mingw32)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc)
