// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Takes what Verilator's runtime and the generated code print, as printf does. build_library.sh
/// makes it their VL_PRINTF, so that a failed assertion reaches TmuUnit::first_error() and not the
/// terminal.
int sterna_tmu_print(const char* format, ...);
