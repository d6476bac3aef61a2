# SPDX-License-Identifier: Apache-2.0

# sterna_add_test(<folder>/<name> LINK <targets...> [LABELS <labels...>] [TIMEOUT <seconds>])
#
# Adds tests/<folder>/<name>_test.cpp as one executable and one CTest entry for each TEST in it: every
# test runs in a process of its own (SystemC has one kernel a process).
include(GoogleTest)
function(sterna_add_test path)
  cmake_parse_arguments(arg "" "TIMEOUT" "LINK;LABELS" ${ARGN})
  string(REPLACE "/" "_" target ${path}_test)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  get_filename_component(folder ${path} DIRECTORY)
  add_executable(${target} ${PROJECT_SOURCE_DIR}/tests/${path}_test.cpp)
  target_link_libraries(${target} PRIVATE ${arg_LINK} sterna::flags GTest::gmock GTest::gtest_main)
  set_property(GLOBAL APPEND PROPERTY STERNA_TEST_SOURCES ${path}_test.cpp)
  gtest_discover_tests(${target} TEST_PREFIX "${path}." DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${folder};${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()
