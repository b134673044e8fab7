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

def ShareLoops : Pass<"share-loops", "::mlir::ModuleOp"> {
  let summary = "make functions of the loops that a kernel has more than once";
  let description = [{
    Loops, and conditions around them, that do the same with what they take from outside become calls of an
    internal function. Constants must be equal, but for sizes and places, which become arguments. What
    is small stays, since a call, and what it hides from LLVM, would cost more than it saves, and what leaves
    something behind in registers.
  }];
  let options = [Option<"fewest", "fewest", "size_t", "40", "operations of a loop, inner ones with it">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect"];
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
  let summary = "turn kernels into threads of a GPU, each in a module of its own";
  let description = [{
    Replaces every `kernel.func` by a `builtin.module` of its name that holds a `gpu.module` with a
    function of the same name, and `<name>$finish` where something is left to do when all blocks are
    done. The attribute `kernel.gpu_phases` says how each is launched: threads of a block, extent of
    a group of blocks, blocks of it, bytes of dynamic shared memory, and the argument that holds the
    extent, -1 where it is the launch's; then, for each tensor map that the function gets behind the
    kernel's arguments, the six numbers of runtime/TensorMap.h. Such functions have the attribute
    `kernel.tensor_maps`, the number of their maps.

    A kernel that sums over its own rows (`kernel.fold_rows`) is refused: those are made for targets
    whose launches have a second phase.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let options = [Option<"machine", "machine", "std::string", "",
                        "sm_80, sm_90a, sm_100a or sm_120a; otherwise what all of them have">];
}

def PassTensorMaps : Pass<"pass-tensor-maps", "::mlir::LLVM::LLVMFuncOp"> {
  let summary = "have kernels get their tensor maps by value, as the copy engine must find them";
  let description = [{
    The `kernel.tensor_maps` arguments before a function's last one are pointers to 128 bytes of its
    parameters, which do not change (`__grid_constant__`). The conversion to NVVM loses what is said
    so of the arguments of a `gpu.func`, so they get it here.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def UnrollGPUMath : Pass<"unroll-gpu-math"> {
  let summary = "take maths on vectors apart, since the conversion to NVVM knows scalars only";
  let dependentDialects = ["::mlir::vector::VectorDialect"];
}

def ExpandGPUTrigonometry : Pass<"expand-gpu-trigonometry"> {
  let summary = "replace sine and cosine of f64, one number each, by a series";
  let description = [{
    Within 3e-16 up to angles of 2^31, which is more than positions are. What CUDA's libdevice has
    for any angle is a table, a call and a loop, which nobody proves free of races.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def NameRecipeLines : Pass<"name-recipe-lines", "::mlir::ModuleOp"> {
  let summary = "leave every operation of a kernel one place, the first line that it came from";
  let description = [{
    What names no line, since it was made for the kernel as a whole, gets the line of its function.
    Lines of several files stay apart. Names that places have are gone: this is for line tables.
  }];
}

def EmitPTX : Pass<"emit-ptx", "::mlir::ModuleOp"> {
  let summary = "write a lowered kernel as PTX";
  let description = [{
    Translates the `gpu.module` and leaves an empty module with the attribute `kernel.code`. Where
    the functions have debug info (`ensure-debug-info-scope-on-llvm-func`) each instruction has a
    line. Fails where maths needs CUDA's libdevice and none is installed.
  }];
  let options = [Option<"architecture", "architecture", "std::string", "\"sm_90a\"",
                        "sm_80, sm_90a, sm_100a or sm_120a">];
}

def EmitSimtCode : Pass<"emit-simt-code", "::mlir::ModuleOp"> {
  let summary = "write a lowered GPU kernel as an object for the emulator";
  let description = [{
    Takes the LLVM IR that PTX is printed of and makes code of this processor of it: a function for
    one thread, which calls the emulator (runtime/simt) for what only a GPU has and before every
    access to memory. Leaves an empty module with the attribute `kernel.code`. Fails, naming it,
    where the kernel has an instruction that is not emulated.
  }];
  let options = [Option<"architecture", "architecture", "std::string", "\"sm_90a\"",
                        "sm_80, sm_90a, sm_100a or sm_120a">,
                 Option<"form", "form", "std::string", "\"object\"", "llvm or object">];
}

#endif // COMPILER_CODEGEN_PASSES_TD
