#include "tests/fuzz/targets.h"

#include "tests/fuzz/mutators.h"

namespace espalier {
namespace {

constexpr FuzzTarget kTargets[] = {
    {"model_bytes", "model", FuzzModelBytes, MutateModelBytes, CrossModels},
    {"model_run", "model", FuzzModelRun, MutateModel, CrossModels},
    {"model_text", "model_text", FuzzModelText, MutateModelText,
     CrossModelTexts},
    {"graph_text", "graph_text", FuzzGraphText, MutateText, CrossTexts},
    {"onnx_bytes", "onnx", FuzzOnnx, MutateOnnxBytes, CrossOnnx},
    {"onnx", "onnx", FuzzOnnx, MutateOnnx, CrossOnnx},
    {"model_folder", "model_folder", FuzzModelFolder, MutateModelFolder,
     CrossFolders},
    {"onnx_folder", "onnx_folder", FuzzOnnxFolder, MutateOnnxFolder,
     CrossFolders},
    {"csv", "csv", FuzzCsv, MutateText, CrossTexts},
    {"idx", "idx", FuzzIdx, MutateIdx, CrossTexts},
    {"npy", "npy", FuzzNpy, MutateNpy, CrossTexts},
    {"npz", "npz", FuzzNpz, MutateNpz, CrossTexts},
    {"safetensors", "safetensors", FuzzSafetensors, MutateSafetensors,
     CrossTexts},
    {"gzip", "gzip", FuzzGzip, MutateGzip, CrossTexts},
};

}  // namespace

absl::Span<const FuzzTarget> FuzzTargets() { return kTargets; }

}  // namespace espalier
