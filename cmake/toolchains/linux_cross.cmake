# yank_linux_cross(<processor> <triplet> <CPU model of QEMU>)
#
# What the toolchain files for Linux share.  The C library is where Debian's
# cross packages have it, /usr/<triplet>; more roots go in CMAKE_FIND_ROOT_PATH.
# An emulator of one's own goes in CMAKE_CROSSCOMPILING_EMULATOR; empty: none,
# on a machine that runs such programs itself.
macro(yank_linux_cross processor triplet model)
  set(CMAKE_SYSTEM_NAME Linux)
  set(CMAKE_SYSTEM_PROCESSOR ${processor})
  set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})

  # The host has libraries of the same names.
  list(APPEND CMAKE_FIND_ROOT_PATH /usr/${triplet})
  set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
  set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

  # LD_LIBRARY_PATH: on a machine that has packages of that architecture, too,
  # -L alone gives their libc.so.6 to the dynamic linker of the cross package,
  # and the first thread that is made hangs.
  if(NOT DEFINED CMAKE_CROSSCOMPILING_EMULATOR)
    set(CMAKE_CROSSCOMPILING_EMULATOR
        qemu-${processor} -L /usr/${triplet} -cpu ${model}
        -E LD_LIBRARY_PATH=/usr/${triplet}/lib)
  endif()
endmacro()
