# Text tests: `// RUN:` or `# RUN:` lines, checked with FileCheck. Each file is an entry of ctest.
import os
import lit.formats

config.name = "roux"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".recipe", ".test"]
config.excludes = ["inputs", "corpus"]
config.test_source_root = os.path.dirname(__file__)
build = os.environ["ROUX_BUILD"]
config.test_exec_root = os.path.join(build, "tests", "lit")
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(build, "bin"), "/usr/lib/llvm-22/bin", os.environ["PATH"]])

root = os.path.dirname(config.test_source_root)
config.substitutions.append(
    ("%assemble", os.path.join(config.test_source_root, "compiler", "codegen", "assemble.sh")))
config.substitutions.append(("%stand_in", os.path.join(build, "lib", "stand-in")))
config.substitutions.append(("%products", os.path.join(build, "lib", "stand-in-products")))
config.substitutions.append(("%cuda_lib", os.path.join(root, "build", "cuda", "lib")))
config.substitutions.append(("%recipes", os.path.join(root, "recipes")))
data = os.environ.get("ROUX_REFERENCE_DATA", "")
config.substitutions.append(("%reference", data))
if os.path.isdir(data):
    config.available_features.add("reference-data")
