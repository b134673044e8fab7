//===- Passes.td - from kernels to a machine's code -----------------------===//

#ifndef COMPILER_CODEGEN_PASSES_TD
#define COMPILER_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertKernelToCPU : Pass<"convert-kernel-to-cpu", "::mlir::ModuleOp"> {
  let summary = "turn kernels into vector loops of a CPU, each in a module of its own";
  let description = [{
    Replaces every `kernel.func` by a `builtin.module` of its name that holds an `llvm.func` of the
    same name, which runs a range of the kernel's work items (runtime/Kernel.h), and the constant
    `<name>.shape`: how a launch divides into items. What launches the kernels stays.

    A module a kernel, so that all later passes nest on it and run for several kernels at once.
  }];
  let options = [Option<"machine", "machine", "std::string", "",
                        "avx512_amx, avx512_bf16, avx512, avx2 or portable; otherwise this processor's">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def ExpandKernelMath : Pass<"expand-kernel-math"> {
  let summary = "replace f32 maths by polynomials that vectorise, and bf16 casts by integers";
  let description = [{
    Maths on f64 stays and becomes calls into libm. MathAccuracy.cpp has the errors.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def EmitCPUCode : Pass<"emit-cpu-code", "::mlir::ModuleOp"> {
  let summary = "write a lowered kernel as LLVM IR, assembly or an object";
  let description = [{
    Translates the module, which is of the LLVM dialect, and leaves it empty but for the attribute
    `kernel.code`, a string. The LLVM IR is what code is generated from: optimised.
  }];
  let options = [Option<"machine", "machine", "std::string", "",
                        "avx512_amx, avx512_bf16, avx512, avx2 or portable; otherwise this processor's">,
                 Option<"form", "form", "std::string", "\"object\"", "llvm, asm or object">];
}

def ConvertKernelToGPU : Pass<"convert-kernel-to-gpu", "::mlir::ModuleOp"> {
  let summary = "turn row kernels into threads of a GPU, each in a module of its own";
  let description = [{
    Replaces every `kernel.func` of the row family by a `builtin.module` of its name that holds a
    `gpu.module`, with the launch's shape as the attribute `kernel.gpu_shape`: threads a block, rows
    a block, strips a row. Matmul and attention stay as they are.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def UnrollGPUMath : Pass<"unroll-gpu-math"> {
  let summary = "take maths on vectors apart, since the conversion to NVVM knows scalars only";
  let dependentDialects = ["::mlir::vector::VectorDialect"];
}

def EmitPTX : Pass<"emit-ptx", "::mlir::ModuleOp"> {
  let summary = "write a lowered kernel as PTX";
  let description = [{
    Translates the `gpu.module` and leaves an empty module with the attribute `kernel.code`.
    Fails where maths needs CUDA's libdevice and none is installed.
  }];
  let options = [Option<"architecture", "architecture", "std::string", "\"sm_90a\"",
                        "sm_80, sm_90a, sm_100a or sm_120a">];
}

#endif // COMPILER_CODEGEN_PASSES_TD
