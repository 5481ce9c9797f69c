# Target helpers: one way to declare a library, a program and a test, with our warnings, our sanitizers and our walls.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(octrain_options INTERFACE)
target_compile_options(octrain_options INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wno-sign-conversion>")
if(OCTRAIN_WERROR)
  target_compile_options(octrain_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(octrain_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)  # false alarms on "text" + std::string (GCC bug 105651)
endif()
if(OCTRAIN_SANITIZE)
  target_compile_options(octrain_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${OCTRAIN_SANITIZE};\
-fno-omit-frame-pointer;-fno-sanitize-recover=all;-Wno-maybe-uninitialized>")  # its instrumentation brings false alarms
  # A driver's own code is not optimised, and not looked at for undefined behaviour: that would take as long to compile as all else.
  target_compile_options(octrain_options INTERFACE
    "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:$<TARGET_PROPERTY:OCTRAIN_DRIVER>>>:-O0;-fno-sanitize=undefined>")
  target_link_options(octrain_options INTERFACE -fsanitize=${OCTRAIN_SANITIZE})
endif()

# octrain_library(NAME SOURCES a.cpp … HEADERS include/…/a.h … LINKS t … PRIVATE_LINKS t …)
# A static library with public headers in include/; every header is also compiled alone (VERIFY_INTERFACE_HEADER_SETS).
function(octrain_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC)
  string(REPLACE "octrain_" "" short ${name})
  add_library(octrain::${short} ALIAS ${name})
  set_target_properties(${name} PROPERTIES EXPORT_NAME ${short} VERIFY_INTERFACE_HEADER_SETS ON)
  target_sources(${name} PRIVATE ${ARG_SOURCES}
    PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include FILES ${ARG_HEADERS})
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS} $<BUILD_INTERFACE:octrain_options>)
  set_property(GLOBAL APPEND PROPERTY OCTRAIN_LIBRARIES ${name})
endfunction()

# octrain_driver(TARGET): the sources of a program that only drives the libraries.
function(octrain_driver target)
  set_target_properties(${target} PROPERTIES OCTRAIN_DRIVER ON)
endfunction()

# GoogleTest's headers, compiled once for all test programs: half of the time of a test's source otherwise.
function(octrain_test_headers)
  if(NOT TARGET octrain_test_headers)
    file(WRITE ${PROJECT_BINARY_DIR}/test_headers.cpp "")
    add_library(octrain_test_headers OBJECT ${PROJECT_BINARY_DIR}/test_headers.cpp)
    set_target_properties(octrain_test_headers PROPERTIES EXCLUDE_FROM_ALL ON)
    octrain_driver(octrain_test_headers)
    # As the programs.
    target_compile_options(octrain_test_headers PRIVATE -fPIE $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:Release>>:-O1>)
    target_link_libraries(octrain_test_headers PRIVATE octrain_options GTest::gtest GTest::gmock)
    target_precompile_headers(octrain_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endfunction()

# octrain_test(NAME SOURCES … LINKS … [TIMEOUT s] [LABEL label] [ENVIRONMENT NAME=VALUE] [BESIDE_OTHERS]): a GoogleTest
# program, each of its cases a CTest test with the label NAME, or the one given, which then begins its name. A test runs alone, since
# many use all processors and some measure, unless it says that it may run beside others.
function(octrain_test name)
  cmake_parse_arguments(ARG "BESIDE_OTHERS" "TIMEOUT;LABEL;ENVIRONMENT" "SOURCES;LINKS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set(prefix "")
  if(ARG_LABEL)  # the same cases run in other programs, too
    set(prefix TEST_PREFIX ${ARG_LABEL}.)
  else()
    set(ARG_LABEL ${name})
  endif()
  add_executable(${name} ${ARG_SOURCES})
  octrain_driver(${name})
  target_compile_options(${name} PRIVATE $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:Release>>:-O1>)
  octrain_test_headers()
  target_precompile_headers(${name} REUSE_FROM octrain_test_headers)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} octrain_options GTest::gtest GTest::gmock GTest::gtest_main)
  set(environment "")
  if(ARG_ENVIRONMENT)
    set(environment ENVIRONMENT ${ARG_ENVIRONMENT})
  endif()
  set(alone ON)
  if(ARG_BESIDE_OTHERS OR OCTRAIN_SANITIZE)  # with one thread each, and slow
    set(alone OFF)
  endif()
  gtest_discover_tests(${name} ${prefix} DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS ${ARG_LABEL} RUN_SERIAL ${alone} ${environment})
endfunction()

# octrain_assert_closure(TARGET ALLOWED t …): stops the configuration when TARGET links, directly or not, anything else.
function(octrain_assert_closure target)
  cmake_parse_arguments(ARG "" "" "ALLOWED" ${ARGN})
  set(seen "")
  set(open ${target})
  while(open)
    list(POP_FRONT open item)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" item "${item}")
    if(item MATCHES "^\\$<BUILD_INTERFACE:" OR item IN_LIST seen)
      continue()
    endif()
    list(APPEND seen ${item})
    if(NOT item STREQUAL target AND NOT item IN_LIST ARG_ALLOWED)
      message(FATAL_ERROR "${target} may link [${ARG_ALLOWED}] only, but reaches ${item} (see docs/architecture.md, the walls)")
    endif()
    if(TARGET ${item} AND item MATCHES "^octrain")
      foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
        get_target_property(links ${item} ${property})
        if(links)
          list(APPEND open ${links})
        endif()
      endforeach()
    endif()
  endwhile()
endfunction()
