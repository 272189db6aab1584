# The work of yank_make_preemptible(), as a script:
#   cmake -DNAME= -DINPUTS=<list file> -DOUTPUT= -DFORMAT=ELF|COFF -DOBJCOPY=
#         -DREADELF= -DOBJDUMP= -DAR= -P YankMark.cmake
# The list file names one archive, or any number of objects, one a line.
# READELF is for ELF, OBJDUMP for COFF.

function(refuse why)
  file(REMOVE ${OUTPUT} ${OUTPUT}.tmp ${OUTPUT}.tmp2)
  message(FATAL_ERROR "yank_make_preemptible(${NAME}): ${why}")
endfunction()

function(run out)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE rc
                  OUTPUT_VARIABLE text ERROR_VARIABLE err)
  if(NOT rc EQUAL 0)
    refuse("${ARGV1} failed: ${err}")
  endif()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# What the tools of each format say of an archive: the command, a line for each
# member, before and after it is an archive's, and a section with its size.
if(FORMAT STREQUAL "COFF")
  set(list_sections ${OBJDUMP} -h)
  set(member "file format [a-z]")
  set(member_after "${member}")
  set(marked ".yank$m")
  set(marked_regex "\\.yank\\$m")
  set(before_size " +")
else()
  set(list_sections ${READELF} -SW)
  set(member "There are [0-9]+ section headers")
  set(member_after "File: ")
  set(marked yank_text)
  set(marked_regex "yank_text")
  set(before_size " +PROGBITS +[0-9a-f]+ [0-9a-f]+ ")
endif()

# The bytes in the sections of `listing` whose name matches.
function(count_bytes listing name out)
  set(total 0)
  string(REGEX MATCHALL " ${name}${before_size}[0-9a-f]+" rows "${listing}")
  foreach(row IN LISTS rows)
    string(REGEX REPLACE ".* " "" size "${row}")
    math(EXPR total "${total} + 0x${size}")
  endforeach()
  set(${out} ${total} PARENT_SCOPE)
endfunction()

set(ENV{LC_ALL} C)
file(STRINGS ${INPUTS} inputs)
list(GET inputs 0 first)
if(NOT EXISTS ${first})
  refuse("${first} does not exist")
endif()
file(READ ${first} magic LIMIT 8 HEX)
if(magic STREQUAL "213c7468696e3e0a") # !<thin>
  refuse("${first} is a thin archive: it holds names, not code")
elseif(magic STREQUAL "213c617263683e0a") # !<arch>
  set(archive ${first})
else()
  # q, not r: objects of different folders may have one name.
  set(archive ${OUTPUT}.tmp)
  file(REMOVE ${archive})
  run(ignored ${AR} qc ${archive} @${INPUTS})
endif()

# An object of LLVM's link-time optimisation is neither ELF nor COFF: GNU's
# tools fail on it, LLVM's readelf passes over it.
run(members ${AR} t ${archive})
string(REGEX MATCHALL "\n" members "${members}")
execute_process(COMMAND ${list_sections} ${archive} RESULT_VARIABLE rc
                OUTPUT_VARIABLE before ERROR_VARIABLE err)
string(REGEX MATCHALL "${member}" tables "${before}")
list(LENGTH members members)
list(LENGTH tables tables)
if(before MATCHES " \\.gnu\\.lto_")
  refuse("it holds objects for link-time optimisation (GNU); build it with \
-fno-lto")
elseif(err MATCHES "bitcode" OR (rc EQUAL 0 AND NOT members EQUAL tables))
  refuse("it holds objects for link-time optimisation (LLVM bitcode); build it \
with -fno-lto")
elseif(FORMAT STREQUAL "COFF" AND err MATCHES "format not recognized")
  refuse("it holds what is no COFF, such as objects for link-time optimisation \
(LLVM bitcode); build it with -fno-lto (${err})")
elseif(NOT rc EQUAL 0)
  list(GET list_sections 0 tool)
  refuse("${tool} cannot read it: ${err}")
endif()

# For COFF it fills each section up to its alignment.
if(FORMAT STREQUAL "COFF")
  run(ignored ${OBJCOPY} ${archive} ${OUTPUT}.tmp2)
  run(before ${list_sections} ${OUTPUT}.tmp2)
  file(REMOVE ${OUTPUT}.tmp2)
endif()

# No flags after the new name: with flags objcopy needs `contents` among them,
# or the code comes out as zeros.  A file, because -ffunction-sections can make
# more names than fit on a command line.
string(REGEX MATCHALL " \\.text[^ ]*${before_size}[0-9a-f]" names "${before}")
list(TRANSFORM names REPLACE "^ ([^ ]+) .*" "\\1")
list(REMOVE_DUPLICATES names)
list(TRANSFORM names REPLACE "(.+)" "--rename-section \\1=${marked}")
list(JOIN names "\n" renames)
file(WRITE ${OUTPUT}.renames "${renames}\n")
file(REMOVE ${OUTPUT})
run(ignored ${OBJCOPY} @${OUTPUT}.renames ${archive} ${OUTPUT})

run(after ${list_sections} ${OUTPUT})
count_bytes("${before}" "(\\.text[^ ]*|${marked_regex})" want)
count_bytes("${after}" "${marked_regex}" got)
string(REGEX MATCHALL "${member_after}" members_after "${after}")
list(LENGTH members_after members_after)
if(NOT got EQUAL want OR NOT members_after EQUAL members)
  refuse("${OBJCOPY} lost something: ${want} bytes of ${members} objects went \
in, ${got} of ${members_after} came out")
elseif(got EQUAL 0)
  refuse("there is no code in it")
endif()
file(REMOVE ${OUTPUT}.tmp)
message(STATUS "${NAME}: ${got} bytes of code in ${members} objects marked \
preemptible")
