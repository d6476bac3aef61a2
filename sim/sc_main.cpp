// SPDX-License-Identifier: Apache-2.0
#include <systemc>

// libsystemc holds a main() that calls this. Our programs have their own main(), so nobody does.
int sc_main(int /*argc*/, char* /*argv*/[]) { return 1; }
