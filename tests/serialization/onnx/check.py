# Usage: check.py FOLDER...
# Holds every .onnx file against ONNX's own checker, with type and shape
# inference, and against the rules of its specification that this passes over:
# names are C identifiers, and each is given once.
import glob
import re
import sys

import onnx

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def check(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    graph = model.graph
    values = [i.name for i in graph.input] + [i.name for i in graph.initializer]
    values += [name for node in graph.node for name in node.output]
    nodes = [node.name for node in graph.node]
    for names in (values, nodes):
        if len(set(names)) != len(names):
            raise ValueError("a name is given twice")
    for name in values + nodes + [graph.name]:
        if not IDENTIFIER.match(name):
            raise ValueError(f"{name} is no C identifier")
    for value in list(graph.input) + list(graph.output):
        for i, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.HasField("dim_param") and (i, dim.dim_param) != (0, "N"):
                raise ValueError(f"dimension {i} of {value.name} is symbolic")


failed = 0
for folder in sys.argv[1:]:
    paths = sorted(glob.glob(folder + "/*.onnx"))
    bad = 0
    for path in paths:
        try:
            check(path)
        except Exception as error:  # whatever the checker throws
            print(f"{path}: {error}")
            bad += 1
    print(f"checker of onnx {onnx.__version__}, {folder}: "
          f"{len(paths) - bad} of {len(paths)} files pass")
    failed += bad + (not paths)
sys.exit(failed > 0)
