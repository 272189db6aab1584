# What a vendor may choose.  Nothing here tries to compile or run anything:
# the target system names its folders, and minimum versions are in PORTING.md.

# --- folders --------------------------------------------------------------------

string(TOLOWER "${CMAKE_SYSTEM_NAME}" _system)
if(NOT _system IN_LIST YANK_OS_FOLDERS)
  set(_system none)
endif()
string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" _processor)
if(_processor MATCHES "^(x86_64|amd64)$")
  set(_processor amd64)
elseif(_processor STREQUAL "aarch64")
  set(_processor arm64)
endif()
if(NOT _processor IN_LIST YANK_ARCH_FOLDERS OR _system STREQUAL "none")
  set(_processor none)
endif()

set(YANK_OS ${_system} CACHE STRING "Folder of os/ to build")
set(YANK_ARCH ${_processor} CACHE STRING "Folder of arch/ to build")
option(YANK_ASYNC "Send kicks; OFF needs no assembler: polls only" ON)
set(YANK_SIGNAL 0 CACHE STRING "Kick signal by number; 0: the backend's choice")
set(YANK_ARM64_SCRATCH 0 CACHE STRING
    "arm64: N where all registered code is compiled with -ffixed-xN; 0: none")
set_property(CACHE YANK_OS PROPERTY STRINGS ${YANK_OS_FOLDERS})
set_property(CACHE YANK_ARCH PROPERTY STRINGS ${YANK_ARCH_FOLDERS})

if(YANK_ASYNC)
  set(YANK_ASYNC_01 1)
else()
  set(YANK_ASYNC_01 0)
  # The cached choice stays, so that switching back needs no other option.
  set(YANK_ARCH none)
endif()

foreach(_kind OS ARCH)
  if(NOT YANK_${_kind} IN_LIST YANK_${_kind}_FOLDERS)
    message(FATAL_ERROR "YANK_${_kind}=${YANK_${_kind}}: no such folder; "
                        "there are: ${YANK_${_kind}_FOLDERS}")
  endif()
endforeach()

if(NOT DEFINED YANK_OS_${YANK_OS}_${YANK_ARCH}_SOURCES)
  message(FATAL_ERROR "os/${YANK_OS} does not know the frames of "
                      "arch/${YANK_ARCH}; there is no "
                      "YANK_OS_${YANK_OS}_${YANK_ARCH}_SOURCES")
endif()
# x16 and x17 are the linker's, x29 and x30 the frame record's.
if(NOT YANK_ARM64_SCRATCH MATCHES "^(0|9|1[0-58-9]|2[0-8])$")
  message(FATAL_ERROR "YANK_ARM64_SCRATCH=${YANK_ARM64_SCRATCH}: 0, 9 to 15, "
                      "or 18 to 28")
endif()

# The scheduler needs Gs with stacks of their own.
set(_can_switch ON)
if(YANK_OS STREQUAL "none" OR NOT YANK_ARCH IN_LIST YANK_ARCH_WITH_SWITCH)
  set(_can_switch OFF)
endif()
option(YANK_SCHED "The default scheduler of sched/" ${_can_switch})
if(YANK_SCHED AND NOT _can_switch)
  message(FATAL_ERROR "YANK_SCHED=ON: os/${YANK_OS} with arch/${YANK_ARCH} "
                      "has no stack switch")
endif()

yank_collect_sources()

# --- for those who work on Yank itself -------------------------------------------

option(YANK_TESTS "Build the tests (CMocka)" ${PROJECT_IS_TOP_LEVEL})
option(YANK_EXAMPLES "Build examples/" ${PROJECT_IS_TOP_LEVEL})
option(YANK_BENCH "Build bench/" ${PROJECT_IS_TOP_LEVEL})
option(YANK_WERROR "Warnings are errors" OFF)
set(YANK_SANITIZE "" CACHE STRING "address (with undefined), thread, or empty")
set_property(CACHE YANK_SANITIZE PROPERTY STRINGS "" address thread)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE
   AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

# The library, the tests and the examples are compiled with these.  Unwind
# tables: gcc 12 has them by default for amd64 and arm64 and not for riscv64.
add_library(yank_build_flags INTERFACE)
target_compile_options(yank_build_flags INTERFACE
  $<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra;-Wundef;-Wshadow;-Wconversion;-Wmissing-prototypes;-pedantic;-fvisibility=hidden;-fasynchronous-unwind-tables>
  $<$<BOOL:${YANK_WERROR}>:-Werror>)

if(YANK_SANITIZE STREQUAL "address")
  set(_sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(YANK_SANITIZE STREQUAL "thread")
  set(_sanitize -fsanitize=thread)
elseif(NOT YANK_SANITIZE STREQUAL "")
  message(FATAL_ERROR "YANK_SANITIZE=${YANK_SANITIZE}: address or thread")
endif()
if(YANK_SANITIZE)
  target_compile_options(yank_build_flags INTERFACE
    $<$<COMPILE_LANGUAGE:C>:${_sanitize};-fno-omit-frame-pointer>)
  target_link_options(yank_build_flags INTERFACE ${_sanitize})
  # Last on the command line, after the flag of the target.
  if(YANK_SANITIZE STREQUAL "thread")
    set_source_files_properties(${YANK_UNINSTRUMENTED_SOURCES}
      PROPERTIES COMPILE_OPTIONS -fno-sanitize=thread)
  endif()
endif()
