# The machine's own clang and lld for Windows/amd64, with the libraries of
# Debian's and Ubuntu's MinGW-w64: gcc-mingw-w64-x86-64; programs run under
# wine64.
include(${CMAKE_CURRENT_LIST_DIR}/mingw_cross.cmake)
yank_mingw_cross(x86_64 x86_64-w64-mingw32)
set(CMAKE_C_COMPILER clang)
set(CMAKE_C_COMPILER_TARGET x86_64-w64-mingw32)
set(CMAKE_ASM_COMPILER_TARGET x86_64-w64-mingw32)
# LLVM's objcopy cannot rename sections of COFF (yank_make_preemptible).
set(CMAKE_OBJCOPY x86_64-w64-mingw32-objcopy)
set(CMAKE_OBJDUMP x86_64-w64-mingw32-objdump)
# It looks for libgcc in folders named after gcc's version, and Debian's have
# the model of threads behind it: 12-win32.
execute_process(COMMAND x86_64-w64-mingw32-gcc -print-libgcc-file-name
                OUTPUT_VARIABLE _libgcc OUTPUT_STRIP_TRAILING_WHITESPACE)
get_filename_component(_libgcc "${_libgcc}" DIRECTORY)
foreach(_kind EXE SHARED MODULE)
  set(CMAKE_${_kind}_LINKER_FLAGS_INIT "-fuse-ld=lld -L${_libgcc}")
endforeach()
