# SPDX-License-Identifier: Apache-2.0

# Adds the float loops of this CPU's instruction sets to sterna_model: one text compiled for each of them;
# the binary picks at run time.
set(folder ${CMAKE_CURRENT_LIST_DIR})
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_sources(sterna_model PRIVATE
    ${folder}/float_kernels_avx2.cpp ${folder}/float_kernels_avx512.cpp)
  set_source_files_properties(${folder}/float_kernels_avx2.cpp PROPERTIES COMPILE_OPTIONS -mavx2)
  # GCC 12 warns of an undefined register inside its own AVX-512 header (GCC bug 105593).
  set_source_files_properties(${folder}/float_kernels_avx512.cpp PROPERTIES COMPILE_OPTIONS
    "-mavx512f;-mavx512bw;-mavx512vl;-mavx512dq;-Wno-uninitialized;-Wno-maybe-uninitialized")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  target_sources(sterna_model PRIVATE ${folder}/float_kernels_neon.cpp)
endif()
