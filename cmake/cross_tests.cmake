# SPDX-License-Identifier: Apache-2.0

# What a cross build has instead of everything: the engine's arithmetic and its tests. It needs no library
# of the target but the C++ one: GoogleTest is built from the sources of Debian's package, and of model/
# only what uses no other library is here.
set(INSTALL_GTEST OFF)
add_subdirectory(/usr/src/googletest googletest EXCLUDE_FROM_ALL)

add_subdirectory(kernels)

add_library(sterna_model STATIC model/float_kernels.cpp model/float_kernels_portable.cpp model/ops.cpp)
add_library(sterna::model ALIAS sterna_model)
target_link_libraries(sterna_model PUBLIC sterna::kernels PRIVATE sterna::flags)
include(model/float_kernels.cmake)

enable_testing()
include(tests/add_test.cmake)
add_subdirectory(tests/kernels)
sterna_add_test(model/ops LINK sterna::model)
