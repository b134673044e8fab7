//===- Ops.td - every operation of the dialect, for one TableGen run ------===//

include "dialects/Step/StepCacheOps.td"
include "dialects/Step/StepGradientOps.td"
include "dialects/Step/StepLossOps.td"
include "dialects/Step/StepPairOps.td"
include "dialects/Step/StepRowsOps.td"
include "dialects/Step/StepUpdateOps.td"
