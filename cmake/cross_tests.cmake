# SPDX-License-Identifier: Apache-2.0

# What a cross build has instead of everything: kernels/, model/ and the tests of their arithmetic. It
# needs no library of the target but the C++ one: GoogleTest is built from the sources of Debian's
# package, and of what model/ reads files with it takes headers only, which are the same for every CPU.
# So model/ compiles as a whole, and what never calls PCRE2 links.
set(INSTALL_GTEST OFF)
add_subdirectory(/usr/src/googletest googletest EXCLUDE_FROM_ALL)

set(headers ${CMAKE_BINARY_DIR}/headers)
file(MAKE_DIRECTORY ${headers})
foreach(header fmt nlohmann pcre2.h uninorm.h unistring unitypes.h)
  file(CREATE_LINK /usr/include/${header} ${headers}/${header} SYMBOLIC)
endforeach()
foreach(library fmt::fmt nlohmann_json::nlohmann_json PkgConfig::PCRE2 Unistring::unistring)
  add_library(${library} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${library} SYSTEM INTERFACE ${headers})
endforeach()

add_subdirectory(kernels)
add_subdirectory(model)

# The float loops alone, for a test that runs before all of model/ is compiled.
add_library(sterna_float STATIC
  model/attention/float_kernels.cpp model/attention/float_kernels_neon.cpp
  model/attention/float_kernels_portable.cpp model/ops.cpp)
target_link_libraries(sterna_float PUBLIC sterna::kernels PRIVATE sterna::flags)

enable_testing()
include(tests/add_test.cmake)
add_compile_definitions(STERNA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
add_subdirectory(tests/kernels)
sterna_add_test(model/ops LINK sterna_float)
foreach(test attention/attention head/head_screen head/output_head transformer)
  sterna_add_test(model/${test} LINK sterna::model LABELS long)
endforeach()
