// A way that there is not, and a machine that is not known, are said before anything runs.

// RUN: not roux-opt --roux-stages="from=loops to=kernel" %s 2>&1 | FileCheck %s --check-prefix=WAY
// RUN: not roux-opt --roux-stages="from=kernel to=loops machine=z80" %s 2>&1 | FileCheck %s --check-prefix=MACHINE

// WAY: no way leads from stage 'loops' to 'kernel'
// MACHINE: there is no machine 'z80'

module {}
