# yank_make_preemptible(<new> ARCHIVE <file.a>)
# yank_make_preemptible(<new> TARGET <static or object library>)
#
# Makes <new>, a static library to link, from code that knows nothing of Yank:
# a copy in which every .text* section is called yank_text (in COFF, .yank$m),
# the name under which yank_init() finds code that may be stopped at any
# instruction.  What it was made from stays as it is and can be linked elsewhere
# unmarked.
#
# <new> carries the include directories, definitions and libraries that users
# of a TARGET inherit.  Objects for link-time optimisation are refused: their
# code is made anew when the program is linked, under other section names.
#
# Prints the number of bytes marked.  Needs objcopy, readelf and ar, GNU's or
# LLVM's, and ELF objects; or, for Windows, GNU's objcopy, objdump and ar:
# LLVM's does not rename sections of COFF.

function(yank_make_preemptible new kind from)
  if(NOT ARGC EQUAL 3 OR NOT kind MATCHES "^(ARCHIVE|TARGET)$")
    message(FATAL_ERROR
      "usage: yank_make_preemptible(<new> ARCHIVE <file> | TARGET <target>)")
  endif()
  set(format ELF)
  set(reader READELF)
  if(WIN32)
    set(format COFF)
    set(reader OBJDUMP)
  endif()
  foreach(tool OBJCOPY ${reader} AR)
    if(NOT CMAKE_${tool})
      message(FATAL_ERROR "yank_make_preemptible(${new}): no ${tool}, it is "
                          "part of binutils and of LLVM")
    endif()
  endforeach()

  set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/YankMark.cmake)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/lib${new}.a)
  set(list ${out}.inputs)
  if(kind STREQUAL "ARCHIVE")
    get_filename_component(from ${from} ABSOLUTE)
    file(GENERATE OUTPUT ${list} CONTENT "${from}")
    set(depends ${from})
  else()
    get_target_property(type ${from} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      set(inputs $<TARGET_FILE:${from}>)
    elseif(type STREQUAL "OBJECT_LIBRARY")
      set(inputs $<JOIN:$<TARGET_OBJECTS:${from}>,\n>)
    else()
      message(FATAL_ERROR "yank_make_preemptible(${new}): ${from} is neither "
                          "a static nor an object library")
    endif()
    file(GENERATE OUTPUT ${list} CONTENT "${inputs}")
    set(depends ${from})
    if(type STREQUAL "OBJECT_LIBRARY")
      list(APPEND depends $<TARGET_OBJECTS:${from}>)
    endif()
  endif()

  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DNAME=${new} -DINPUTS=${list} -DOUTPUT=${out}
            -DFORMAT=${format} -DOBJCOPY=${CMAKE_OBJCOPY}
            -DREADELF=${CMAKE_READELF} -DOBJDUMP=${CMAKE_OBJDUMP}
            -DAR=${CMAKE_AR} -P ${script}
    DEPENDS ${depends} ${list} ${script}
    COMMENT "Marking ${new} as preemptible"
    VERBATIM)
  add_custom_target(${new}_mark DEPENDS ${out})

  add_library(${new} STATIC IMPORTED GLOBAL)
  set_target_properties(${new} PROPERTIES IMPORTED_LOCATION ${out})
  add_dependencies(${new} ${new}_mark)
  if(kind STREQUAL "TARGET")
    foreach(what INCLUDE_DIRECTORIES COMPILE_DEFINITIONS LINK_LIBRARIES)
      set_property(TARGET ${new} PROPERTY INTERFACE_${what}
                   $<TARGET_PROPERTY:${from},INTERFACE_${what}>)
    endforeach()
  endif()
endfunction()
