// Everything of the kernel dialect, for TableGen.
include "dialects/Kernel/KernelBody.td"
include "dialects/Kernel/KernelHost.td"
